"""What the tests do to a scan on HTCondor, and what they look at."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import condor
import harness
from condor_conf import Pool
from harness import Scan, wait_for

from jetloom.scan.attempts import ledger

CLUSTERS = Path(__file__).parents[1]
POOL = Pool(condor.HOME)


def recipe(action: str, *words: str) -> None:
    """Let the pool's script do something; what it says is shown if it fails."""
    command = [sys.executable, str(CLUSTERS / "condor.py"), action, *words]
    done = subprocess.run(
        command, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, f"condor.py {action}:\n{done.stdout[-6000:]}"


def tool(*words: str) -> str:
    """Run a command of HTCondor as the pool's operator."""
    done = subprocess.run(
        words, env=POOL.environment(), cwd="/", text=True, check=False, capture_output=True, timeout=120
    )
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
    return done.stdout


def as_user(scan: Scan, *words: str) -> None:
    """Run a command of HTCondor as the user whose jobs these are."""
    done = subprocess.run(scan.cluster.command(*words), cwd="/", text=True, check=False, capture_output=True)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"


def adverts(scan: Scan) -> dict[str, dict]:
    """The jobs of a scan in the queue, all that is known of each; one whose processes are still to end as well."""
    found = json.loads(tool("condor_q", "-allusers", "-json", "-constraint", f'Iwd == "{scan.directory}"') or "[]")
    return {str(job["ClusterId"]): job for job in found}


def queue(scan: Scan) -> list[str]:
    """The jobs of a scan in the queue, with their states."""
    return [f"{job} (status {advert['JobStatus']})" for job, advert in adverts(scan).items()]


def history(job: str) -> dict:
    """What HTCondor remembers of a job that has left the queue."""
    return json.loads(tool("condor_history", job, "-json", "-limit", "1"))[0]


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
    return found


def trainers(training: Path) -> list[int]:
    """The process that trains a point, not those above it; none if none does."""
    return [] if (found := harness.trainer(training)) is None else [found]


def one_in_the_middle(scan: Scan) -> tuple[Path, ledger.Attempt]:
    """Wait until a point has trained some epochs."""
    return next(iter(wait_for(scan.in_the_middle, what="a training in the middle").items()))


def both_in_the_middle(scan: Scan, epoch: int = 1) -> list[tuple[Path, ledger.Attempt]]:
    """Wait until both points have trained some epochs."""
    return sorted(wait_for(lambda: len(found := scan.in_the_middle(epoch)) == 2 and found, what="both").items())


def send(training: Path, number: signal.Signals) -> None:
    """Send a signal to the process that trains a point, and to nothing above it."""
    found = trainers(training)
    assert len(found) == 1, f"{len(found)} processes train {training}"
    os.kill(found[0], number)


def said(scan: Scan, training: Path) -> str:
    """What a training's last attempt has said so far."""
    return (scan.results / "logs" / "train" / harness.TASK / training.parent.name / f"{training.name}.log").read_text()


def epochs_done(scan: Scan, training: Path) -> int:
    """How many epochs a training has done so far."""
    return harness.epochs_told(said(scan, training))


def check_little_lost(scan: Scan, training: Path, epochs: int) -> None:
    """Check that the last attempt of a training went on at most one checkpoint interval before these epochs."""
    match = re.search(r"goes on after epoch (\d+), step (\d+)", said(scan, training))
    assert match, said(scan, training)
    harness.check_little_lost(scan, (int(match[1]), int(match[2])), epochs)


def settled(scan: Scan, training: Path, number: int = 1) -> list[ledger.Attempt]:
    """Wait until a training's ledger has so many lines; give them."""

    def look() -> list[ledger.Attempt]:
        return lines if len(lines := ledger.read(training / ledger.LEDGER)) >= number else []

    return wait_for(look, what=f"line {number} of {training}")
