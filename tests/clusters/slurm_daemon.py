"""A daemon of the Slurm that the tests run against, and how it and Slurm's commands are asked."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from slurm_conf import ClusterError

DEADLINE = 30.0
GRACE = 10.0
LOG_LINES = 20


@dataclass(frozen=True)
class Daemon:
    """A daemon: its process name, where it writes its pid and its log."""

    name: str
    pid_file: Path
    log: Path

    def pid(self) -> int | None:
        """The pid of the live process, if there is one; a number may have gone to another process since."""
        try:
            pid = int(self.pid_file.read_text())
        except (OSError, ValueError):
            return None
        return pid if process(pid)[0] == self.name else None

    def failure(self, what: str) -> ClusterError:
        """What went wrong, with the last lines of the log."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        except OSError:
            lines = ["(no log)"]
        return ClusterError("\n".join([f"{self.name}: {what}; the end of {self.log}:", *lines]))

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the process and wait until it is gone, or the next start takes the dying one for alive."""
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, number)
        if not wait(lambda: self.pid() != pid, GRACE):
            os.kill(pid, signal.SIGKILL)
            if not wait(lambda: self.pid() != pid, GRACE):
                raise self.failure(f"process {pid} does not go")


def process(pid: int) -> tuple[str, int]:
    """The name and the parent of a process; no name if it is gone or waits to be reaped."""
    try:
        head, _, tail = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    except OSError:
        return "", 0
    state, parent = tail.split()[:2]
    return ("" if state in "ZX" else head.partition("(")[2]), int(parent)


def wait(ready: Callable[[], bool], seconds: float = DEADLINE) -> bool:
    """Whether it got ready in time."""
    end = time.monotonic() + seconds
    while not (done := ready()) and time.monotonic() < end:
        time.sleep(0.1)
    return done


def ask(*command: str) -> subprocess.CompletedProcess[str]:
    """The answer of a command, whatever its exit code."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", "no answer in time")


def must(*command: str) -> str:
    """What a command that has to succeed says."""
    answer = ask(*command)
    if answer.returncode:
        raise ClusterError(f"{' '.join(command)}: {(answer.stderr or answer.stdout).strip()}")
    return answer.stdout


def listens(port: int) -> bool:
    """Whether somebody accepts connections; the commands of Slurm wait and retry when nobody does."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
