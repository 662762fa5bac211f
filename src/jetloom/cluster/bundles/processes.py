"""Child processes of a job, and the signals that come while they run: forks, or fresh ones where a fork is not safe."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGUSR1}
"""What a batch system or a person sends to end a job, or to warn it."""
WATCHED = {*SIGNALS, signal.SIGCHLD}
LOOKS = 60.0
"""Seconds after which it is looked for ends of children although none was signalled."""
PR_SET_PDEATHSIG = 1
"""linux/prctl.h: the signal that a process gets when the one that made it dies."""


@dataclass(frozen=True)
class Ended:
    """How a child process ended."""

    code: int
    """Its exit code; negative: minus the signal that killed it."""
    memory_used_mb: float
    """Its largest resident memory."""


def is_fork_safe() -> bool:
    """Say whether this process may fork: no thread of it holds a lock that nobody would free in the child.

    Libraries that know of forks end their threads at one, as OpenBLAS does, so one is tried.
    """
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return len(list(Path("/proc/self/task").iterdir())) == 1


@contextmanager
def signals_wait() -> Iterator[None]:
    """Let signals that end a job, and ends of children, wait for :meth:`Children.wait`."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass
class Children:
    """The child processes that run; signals must be waiting (:func:`signals_wait`)."""

    told: str = ""
    """The signal that was sent to end the job; empty if none was."""
    _running: dict[int, str] = field(default_factory=dict)
    """Process -> the name of what it does."""

    def __len__(self) -> int:
        return len(self._running)

    def names(self) -> list[str]:
        """Return the names of those that run."""
        return list(self._running.values())

    def kill(self, name: str) -> None:
        """Kill a child: one that is stopped, or hangs, obeys nothing else."""
        for process, named in self._running.items():
            if named == name:
                os.kill(process, signal.SIGKILL)

    def fork(self, name: str, work: Callable[[], int], log: Path) -> None:
        """Do some work in a child; its standard error goes to a log, and what it returns is its exit code."""
        sys.stdout.flush()
        sys.stderr.flush()
        gc.freeze()  # what is there stays shared: nothing of it is looked at again
        parent = os.getpid()
        child = os.fork()
        if child:
            self._running[child] = name
            return
        code = 1
        try:
            _be_a_child(parent)
            _write_errors_to(log)
            code = work()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:  # noqa: BLE001 - it is shown, and it must not run what is the parent's
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def start(self, name: str, words: Sequence[str], log: Path) -> None:
        """Run a verb of jetloom in a fresh process; its standard error goes to a log."""
        parent = os.getpid()
        with log.open("w") as errors:
            child = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "jetloom.cli.main", *words],
                stderr=errors,
                preexec_fn=lambda: _be_a_child(parent),
            )
        child.returncode = 0  # it is waited for here, and not by its own object
        self._running[child.pid] = name

    def wait(self, block: bool) -> dict[str, Ended]:
        """Wait for the end of a child or for a signal, which is passed on; give those that have ended.

        Parameters
        ----------
        block : bool
            Whether to wait; otherwise it is only looked.
        """
        told = signal.sigtimedwait(WATCHED, LOOKS if block else 0)
        if told is not None and told.si_signo in SIGNALS:
            self.told = signal.Signals(told.si_signo).name
            for child in self._running:
                os.kill(child, told.si_signo)
        return dict(self._reap())

    def _reap(self) -> Iterator[tuple[str, Ended]]:
        for child in list(self._running):
            found, status, usage = os.wait4(child, os.WNOHANG)
            if found:
                yield self._running.pop(child), Ended(os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024)


def _be_a_child(parent: int) -> None:
    """Obey signals as a verb does, and the death of the parent as one."""
    for number in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
    die_with(parent)


def die_with(parent: int) -> None:
    """In a child: be told to end when the process dies that made it."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:  # it died before this was said
        os.kill(os.getpid(), signal.SIGTERM)


def _write_errors_to(log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
