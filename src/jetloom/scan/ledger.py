"""The ledger of a job: one line an attempt, with why it ended, what it asked for and what it used.

A training keeps it beside its results (``attempts.csv``). While an attempt runs, ``attempt.json`` beside it says which
job does it and since when. An attempt that ends by itself closes its own line; one that was killed cannot, so the next
who looks (the driver, the next attempt, ``jetloom resume``) closes it, with the scheduler's word for the cause.
"""

from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from jetloom.errors import ExitCode
from jetloom.io.atomic import write_json

LEDGER = "attempts.csv"
OPEN = "attempt.json"


class Cause(StrEnum):
    """Why an attempt ended."""

    DONE = "done"
    DIVERGED = "diverged"
    OUT_OF_MEMORY = "out of memory"
    OUT_OF_TIME = "out of time"
    PREEMPTED = "preempted"
    CANCELLED = "cancelled"
    NODE_LOST = "node lost"
    BAD_INPUT = "bad input"
    CONFIGURATION = "configuration"
    DISK_FULL = "disk full"
    REFUSED = "refused"
    DUPLICATE = "duplicate"
    BUG = "bug"


BY_EXIT_CODE = {
    ExitCode.DONE: Cause.DONE,
    ExitCode.BUG: Cause.BUG,
    ExitCode.CONFIGURATION: Cause.CONFIGURATION,
    ExitCode.INPUT: Cause.BAD_INPUT,
    ExitCode.DISK: Cause.DISK_FULL,
    ExitCode.MEMORY: Cause.OUT_OF_MEMORY,
    ExitCode.BUSY: Cause.DUPLICATE,
}
"""The cause that a verb's exit code names; 85 (left a checkpoint) has more than one and is told by the scheduler."""


@dataclass(frozen=True)
class Attempt:
    """One line of a ledger. Times are UTC, ISO 8601."""

    attempt: int
    cause: str = ""
    detail: str = ""
    """The error's own line, or the scheduler's words."""
    memory_asked_mb: int = 0
    minutes_asked: int = 0
    gpus_asked: int = 0
    memory_used_mb: float = 0.0
    wall_time_s: float = 0.0
    host: str = ""
    job: str = ""
    """The scheduler's id of the job; the process id where there is no scheduler."""
    started: str = ""
    ended: str = ""


COLUMNS = [entry.name for entry in fields(Attempt)]


@dataclass(frozen=True)
class OpenAttempt:
    """An attempt that runs, or that was killed."""

    attempt: Attempt
    signal: str = field(default="")
    """The signal that it obeyed, if it ended by one; its sender is known to the scheduler only."""


def now() -> str:
    """Give the time, UTC, in whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read(ledger: Path) -> list[Attempt]:
    """Read a ledger; an empty list if there is none. A line that a crash cut short is passed over."""
    try:
        text = ledger.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    rows = csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1]))
    return [_parse(row) for row in rows if None not in row.values() and None not in row]


def _parse(row: dict[str, str]) -> Attempt:
    return Attempt(
        **{
            **row,
            **{name: int(row[name]) for name in ("attempt", "memory_asked_mb", "minutes_asked", "gpus_asked")},
            **{name: float(row[name]) for name in ("memory_used_mb", "wall_time_s")},
        }  # type: ignore[arg-type]
    )


def append(ledger: Path, attempt: Attempt) -> None:
    """Add a line, in one write, flushed to the disk: so two writers on one machine never mix their lines."""
    ledger.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    if not ledger.exists() or ledger.stat().st_size == 0:
        writer.writeheader()
    writer.writerow({name: " ".join(str(value).split()) for name, value in asdict(attempt).items()})
    torn = ledger.exists() and ledger.stat().st_size > 0 and not ledger.read_bytes().endswith(b"\n")
    descriptor = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        os.write(descriptor, (("\n" if torn else "") + text.getvalue()).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def begin(directory: Path, attempt: Attempt) -> None:
    """Say that an attempt has begun; the caller holds the directory's lock."""
    write_json(directory / OPEN, asdict(OpenAttempt(attempt)))


def read_open(directory: Path) -> OpenAttempt | None:
    """Give the attempt that runs or was killed, if there is one."""
    try:
        content: dict[str, Any] = json.loads((directory / OPEN).read_text(encoding="utf-8"))
        return OpenAttempt(Attempt(**content["attempt"]), content["signal"])
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None


def leave_open(directory: Path, attempt: Attempt, signal: str) -> None:
    """Say that an attempt obeyed a signal and is over; the scheduler knows why it was sent."""
    write_json(directory / OPEN, asdict(OpenAttempt(attempt, signal)))


def close(directory: Path, attempt: Attempt) -> None:
    """Write an attempt's line, and forget that it ran."""
    append(directory / LEDGER, attempt)
    (directory / OPEN).unlink(missing_ok=True)


def settle(directory: Path, cause: Cause, detail: str, **known: Any) -> Attempt | None:
    """Close an attempt that ended without a line of its own; give the line, or None if none was open.

    Parameters
    ----------
    directory : Path
        Of the training.
    cause, detail : Cause, str
        Why it ended, in the scheduler's words.
    **known
        Other columns that the scheduler knows, as ``memory_used_mb``.
    """
    found = read_open(directory)
    if found is None:
        return None
    started = datetime.fromisoformat(found.attempt.started)
    line = replace(found.attempt, cause=cause, detail=detail, ended=found.attempt.ended or now())
    line = replace(line, **{name: value for name, value in known.items() if value})
    if not line.wall_time_s:
        line = replace(line, wall_time_s=round((datetime.fromisoformat(line.ended) - started).total_seconds(), 1))
    close(directory, line)
    return line
