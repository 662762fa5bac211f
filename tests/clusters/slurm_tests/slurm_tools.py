"""What the tests against Slurm ask and do: its commands, its queue, the processes of a scan."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import harness
from harness import TASK, Scan, wait_for

from jetloom.scan.attempts import ledger
from jetloom.training import checkpoint

CLUSTERS = Path(__file__).parents[1]


def recipe(action: str) -> None:
    """Let the cluster's script do something; what it says is shown if it fails."""
    done = subprocess.run(
        [sys.executable, str(CLUSTERS / "slurm.py"), action], text=True, check=False, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=CLUSTERS,
    )  # fmt: skip
    assert done.returncode == 0, f"slurm.py {action}:\n{done.stdout[-6000:]}"


def tool(*words: str) -> str:
    """Run a command of Slurm."""
    done = subprocess.run(words, text=True, check=False, capture_output=True, timeout=120)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
    return done.stdout.strip()


def node() -> str:
    """The name of the only node."""
    return tool("sinfo", "-h", "-N", "-p", "main", "-o", "%N")


def queue(scan: Scan) -> dict[str, str]:
    """The jobs of a scan that wait or run, and their states with the reasons."""
    rows = [line.split("|") for line in tool("squeue", "-h", "-a", "-r", "-o", "%i|%T %r|%Z").splitlines()]
    return {job: state for job, state, directory in rows if Path(directory) == scan.directory}


def processes(scan: Scan, *words: str) -> list[int]:
    """The processes of a scan whose command line has all the words."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if (entry / "cwd").resolve() == scan.directory and all(word in line for word in words):
                found.append(int(entry.name))
        except OSError:
            continue
    return sorted(found)


def trainer(training: Path) -> int:
    """The process that trains a point, not those above it."""
    found = harness.trainer(training)
    assert found is not None, f"no process trains {training}"
    return found


def pause(trainings: list[Path]) -> list[int]:
    """Let the trainers of some points do nothing until they are told to go on, as on a machine that hangs."""
    pids = [trainer(training) for training in trainings]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    return pids


def kill(pids: Iterable[int]) -> None:
    """Kill processes; some may have ended by themselves."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def go_on(pids: list[int]) -> None:
    """Let paused processes go on."""
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def environment(pid: int) -> dict[str, str]:
    """The environment of a process."""
    text = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    return dict(entry.split("=", 1) for entry in text.split("\0") if "=" in entry)


def both_in_the_middle(scan: Scan, epoch: int = 3) -> dict[Path, ledger.Attempt]:
    """Wait until both points have trained some epochs; the one that is there first waits for the other."""
    paused: dict[Path, list[int]] = {}

    def look() -> bool:
        for training in scan.in_the_middle(epoch).keys() - paused.keys():
            paused[training] = pause([training])
        return len(paused) == 2

    try:
        wait_for(look, what="both in the middle")
    finally:
        for pids in paused.values():
            go_on(pids)
    return {training: scan.running()[training] for training in sorted(paused)}


def kill_while_saving(training: Path) -> None:
    """Kill a trainer in the moment in which it writes a checkpoint."""
    pid = trainer(training)

    def caught() -> bool:
        if not list(training.glob(".checkpoint.*.part.npz")):
            return False
        os.kill(pid, signal.SIGSTOP)
        # It stops a moment later: the file may be whole by then.
        wait_for(lambda: state_of(pid) in "TZ", 10, every=0.001)
        if list(training.glob(".checkpoint.*.part.npz")):
            return True
        os.kill(pid, signal.SIGCONT)
        return False

    wait_for(caught, 120, every=0.0005, what="a checkpoint half written")
    os.kill(pid, signal.SIGKILL)


def state_of(pid: int) -> str:
    """The letter for the state of a process; Z for one that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def text_log(scan: Scan, training: Path) -> str:
    """What the last attempt of a training has said."""
    log = scan.results / "logs" / "train" / TASK / training.parent.name / f"{training.name}.log"
    return log.read_text() if log.is_file() else ""


def saved(training: Path) -> tuple[int, int]:
    """Where the checkpoint of a training stands: epochs, and steps of the next."""
    found = checkpoint.load(training / "checkpoint.npz")
    assert found is not None, f"{training}: the checkpoint cannot be read"
    return found[0].epoch, found[0].step


def check_went_on(scan: Scan, training: Path, stopped: tuple[int, int]) -> None:
    """See that the last attempt went on exactly where the checkpoint of the one before stood."""
    found = re.search(r"goes on after epoch (\d+), step (\d+)", text_log(scan, training))
    assert found, f"{training} began anew:\n{text_log(scan, training)[:2000]}"
    assert (int(found[1]), int(found[2])) == stopped


def epochs_done(scan: Scan, training: Path) -> int:
    """The epochs that a training has told of."""
    return harness.epochs_told(text_log(scan, training))


def lines_of(training: Path) -> list[ledger.Attempt]:
    """The ledger of a training."""
    return ledger.read(training / ledger.LEDGER)
