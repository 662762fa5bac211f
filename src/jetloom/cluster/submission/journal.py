"""What became of a driver that is a job: one line an event, appended, by whoever knows it.

The process that submits, each job that drives, and the one that stops it write at the same time from different hosts.
So nothing is ever changed here but added, and what holds now follows from the lines since the last submission.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from jetloom.io.atomic import make_directory
from jetloom.scan.attempts.ledger import now


class Event(StrEnum):
    """What can become of a driver."""

    SUBMITTED = "submitted"
    """A person began; the first job is in the queue."""
    QUEUED = "queued"
    """A successor waits for the end of the job that drives."""
    BEGAN = "began"
    GOES_ON = "goes on"
    """It ended before its wall time did; the next one goes on."""
    TOLD = "told to end"
    """A signal ended it; who sent it is known to the scheduler only."""
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    """A person wanted it; nobody goes on."""


ENDS = (Event.GOES_ON, Event.TOLD, Event.DONE, Event.FAILED, Event.STOPPED)
OVER = (Event.DONE, Event.FAILED, Event.STOPPED)
"""After these nobody goes on."""


@dataclass(frozen=True)
class Entry:
    """One line."""

    event: Event
    job: str
    at: str
    host: str = ""
    words: str = ""


def place(analysis: str) -> Path:
    """Return the directory of a driver that is a job; the working directory is the analysis' one."""
    return Path(".snakemake") / f"jetloom_{analysis}_driver"


class Journal:
    """The lines since a person submitted the driver.

    Parameters
    ----------
    directory : Path
        See :func:`place`.
    """

    def __init__(self, directory: Path) -> None:
        self.directory, self.file = directory, directory / "journal.jsonl"

    def add(self, event: Event, job: str, host: str = "", words: str = "") -> None:
        """Add a line."""
        make_directory(self.directory)
        line = json.dumps(asdict(Entry(event, job, now(), host, " ".join(words.split())[:500]))) + "\n"
        descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self) -> list[Entry]:
        """Return the lines since the last submission; a line that a crash cut short is passed over."""
        found: list[Entry] = []
        try:
            lines = self.file.read_text(encoding="utf-8", errors="replace").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return found
        for line in lines:
            try:
                content = json.loads(line)
                entry = Entry(**(content | {"event": Event(content["event"])}))
            except (ValueError, TypeError, KeyError):
                continue
            found = [entry] if entry.event == Event.SUBMITTED else [*found, entry]
        return found


def last_of(entries: Sequence[Entry], *events: Event) -> Entry | None:
    """Return the last line of some events."""
    return next((entry for entry in reversed(entries) if entry.event in events), None)


def is_over(entries: Sequence[Entry]) -> Entry | None:
    """Return the line after which nobody goes on; None if somebody does, or will."""
    return last_of(entries, *OVER)


def driving(entries: Sequence[Entry]) -> Entry | None:
    """Return the line of the job that began last and has not said that it ended."""
    last = last_of(entries, Event.BEGAN, *ENDS)
    return last if last is not None and last.event == Event.BEGAN else None


def waiting(entries: Sequence[Entry]) -> str:
    """Return the job in the queue that has not begun; "" if there is none."""
    begun = {entry.job for entry in entries if entry.event == Event.BEGAN}
    queued = last_of(entries, Event.SUBMITTED, Event.QUEUED)
    return queued.job if queued is not None and queued.job not in begun and not is_over(entries) else ""
