"""What a driver and its jobs left behind when they were killed: locks, open attempts, half-written files."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from jetloom import paths
from jetloom.cluster.attempts.killed import settle_killed
from jetloom.cluster.schedulers.scheduler import Facts, Scheduler
from jetloom.config.analysis import Analysis
from jetloom.errors import BusyError, JetloomError
from jetloom.io.atomic import sweep
from jetloom.io.lock import exclusive
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.ledger import Attempt, Cause, OpenAttempt

LOCKS = Path(".snakemake") / "locks"
UNTOUCHED = 600.0
"""Seconds after which a half-written file of another host is taken for left behind."""


def stale_locks(analysis: Analysis) -> list[Path]:
    """Return Snakemake's lock files on results of an analysis; only for who knows that no driver of it lives."""
    root = f"{paths.results(analysis)}/"
    found = []
    for path in LOCKS.glob("*.lock"):
        with path.open(encoding="utf-8", errors="replace") as file:
            if any(line.startswith(root) for line in file):
                found.append(path)
    return sorted(found)


def remove_locks(locks: Iterable[Path]) -> None:
    """Remove lock files of Snakemake."""
    for path in locks:
        path.unlink(missing_ok=True)


def settle(directory: Path, entry: OpenAttempt, scheduler: Scheduler | None) -> Attempt | None:
    """Close an attempt whose job is gone, with the cause; sweep what it left half-written.

    Returns
    -------
    Attempt or None
        The ledger's line; None if somebody else has closed it, or works there again.
    """
    facts = facts_of(entry, scheduler)
    try:
        with exclusive(directory, "trains this point"):  # which sweeps
            found = ledger.read_open(directory)
            if found is None or found.attempt != entry.attempt:
                return None
            if restarted_since(entry.attempt):
                return ledger.settle(directory, Cause.NODE_LOST, f"{entry.attempt.host} was restarted")
            return settle_killed(directory, found, facts)
    except BusyError:
        return None


def facts_of(entry: OpenAttempt, scheduler: Scheduler | None) -> Facts | None:
    """Ask the scheduler why a job is over; None if it does not know."""
    if scheduler is None or entry.attempt.job.startswith("pid "):
        return None
    try:
        return scheduler.facts(entry.attempt.job)
    except JetloomError:
        return None


def restarted_since(attempt: Attempt) -> bool:
    """Say whether this host is that of an attempt without a scheduler, and was started after the attempt began."""
    if attempt.host != socket.gethostname() or not attempt.job.startswith("pid "):
        return False
    try:
        words = Path("/proc/stat").read_text(encoding="ascii").split()
        return int(words[words.index("btime") + 1]) > datetime.fromisoformat(attempt.started).timestamp()
    except (OSError, ValueError):
        return False


def half_written(analysis: Analysis, busy: Iterable[Path]) -> list[Path]:
    """Return the directories, but for busy ones, that hold files of dead writers."""
    skipped = {Path(directory) for directory in busy}
    found = []
    for place, _, names in os.walk(paths.results(analysis)):
        directory = Path(place)
        if directory not in skipped and any(".part" in name and is_left(directory / name) for name in names):
            found.append(directory)
    return sorted(found)


def is_left(path: Path) -> bool:
    """Say whether the writer of a half-written file is dead: its process on this host, or long silent on another."""
    if not path.name.startswith("."):
        return False
    if match := re.search(rf"\.{re.escape(socket.gethostname())}-(\d+)\.part", path.name):
        return not Path(f"/proc/{match[1]}").exists()
    try:
        return time.time() - path.stat().st_mtime > UNTOUCHED
    except OSError:
        return False


def sweep_left(directories: Iterable[Path]) -> int:
    """Remove the files of dead writers; give how many."""
    return sum(len(sweep(directory, is_left)) for directory in directories)
