"""The ledger of a job: one line an attempt, with why it ended, what it asked for and what it used.

A training keeps it beside its results (``attempts.csv``). While an attempt runs, ``attempt.json`` beside it says which
job does it and since when. An attempt that ends by itself closes its own line; one that was killed cannot, so the next
who looks (the driver, the next attempt, ``jetloom resume``) closes it, with the scheduler's word for the cause.
"""

from __future__ import annotations

import csv
import errno
import fcntl
import io
import json
import logging
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from jetloom.errors import DiskFullError, ExitCode
from jetloom.io.atomic import make_directory, no_room, write_json

logger = logging.getLogger(__name__)

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
    INTERRUPTED = "interrupted by you"
    NODE_LOST = "node lost"
    BAD_INPUT = "bad input"
    CONFIGURATION = "configuration"
    DISK_FULL = "disk full"
    WRONG_RESOURCE = "wrong resource"
    REFUSED = "refused"
    STORAGE = "storage"
    DUPLICATE = "duplicate"
    SILENT = "silent"
    BUG = "bug"


BY_EXIT_CODE = {
    ExitCode.DONE: Cause.DONE,
    ExitCode.BUG: Cause.BUG,
    ExitCode.CONFIGURATION: Cause.CONFIGURATION,
    ExitCode.INPUT: Cause.BAD_INPUT,
    ExitCode.DISK: Cause.DISK_FULL,
    ExitCode.MEMORY: Cause.OUT_OF_MEMORY,
    ExitCode.BUSY: Cause.DUPLICATE,
    ExitCode.RESOURCE: Cause.WRONG_RESOURCE,
    ExitCode.STORAGE: Cause.STORAGE,
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
    """By the clock of its host, which may be wrong: for people."""
    drive: str = ""
    """The run of Snakemake that the job belongs to; empty if nobody said."""

    def is_of(self, drive: str) -> bool:
        """Say whether it belongs to a run of Snakemake. A line that does not say goes by its end, as older ones do."""
        return self.drive == drive if self.drive else self.ended >= drive


COLUMNS = [entry.name for entry in fields(Attempt)]
HEADING = ",".join(COLUMNS)
OLDER = ("drive",)
"""Columns that ledgers of older versions lack."""
ENDLESS = 1e15
"""No number of an attempt is as large; NaN is none either."""
LONGEST = 2_000
"""Characters of a detail at most: it is a line for people."""


@dataclass(frozen=True)
class OpenAttempt:
    """An attempt that runs, or that was killed."""

    attempt: Attempt
    signal: str = field(default="")
    """The signal that it obeyed, if it ended by one; its sender is known to the scheduler only."""


def now() -> str:
    """Return the time, UTC, in whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read(ledger: Path) -> list[Attempt]:
    """Read a ledger; an empty list if there is none. A line that a crash cut short is passed over.

    So is one that is damaged, with a warning: what it counted is lost, and that is no reason not to go on.
    """
    try:
        text = ledger.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return []
    # Line by line: a quotation mark that a crash left open must not swallow the lines after it.
    lines = text.split("\n")[:-1]
    columns = _columns(lines[0] if lines else HEADING)
    found = [_parse(line, columns) for line in lines]
    for place, (line, attempt) in enumerate(zip(lines, found, strict=True)):
        if attempt is None and line != ",".join(columns) and line.count(",") >= len(columns) - 1:
            _warn_once(f"{ledger}: line {place + 1}: is damaged, and passed over")
    return [attempt for attempt in found if attempt is not None]


@cache
def _warn_once(words: str) -> None:
    """Warn of a line once a process: the driver reads ledgers again and again."""
    logger.warning("%s", words)


def _columns(heading: str) -> list[str]:
    """Return the columns of a ledger by its heading: those of now, unless it was begun by an older version."""
    older = [name for name in COLUMNS if name not in OLDER]
    return older if heading == ",".join(older) else COLUMNS


def _parse(line: str, columns: list[str]) -> Attempt | None:
    """Read a line; None if it is the heading, or cut short."""
    try:
        values = next(csv.reader([line]), [])
    except csv.Error:  # a field of more than 128 kB
        return None
    if len(values) != len(columns):
        return None
    try:
        return _attempt(dict(zip(columns, values, strict=True)))
    except (ValueError, OverflowError):
        return None


def _attempt(row: dict[str, Any]) -> Attempt:
    """Make an attempt of what stands in a file; ValueError or TypeError if it can be none."""
    row = dict(row)
    row |= {name: int(row[name]) for name in ("attempt", "memory_asked_mb", "minutes_asked", "gpus_asked")}
    row |= {name: float(row[name]) for name in ("memory_used_mb", "wall_time_s")}
    if any(isinstance(value, int | float) and not abs(value) < ENDLESS for value in row.values()):
        raise ValueError("a number without end")
    if any(row[name] and datetime.fromisoformat(row[name]).tzinfo is None for name in ("started", "ended")):
        raise ValueError("a time without its zone")
    row |= {name: str(value) for name, value in row.items() if not isinstance(value, int | float)}
    return Attempt(**row)


def append(ledger: Path, attempt: Attempt) -> None:
    """Add a line, locked and flushed to the disk: two writers never mix their lines, and a full disk leaves no half.

    Raises
    ------
    DiskFullError
        If the disk or the quota is full.
    """
    make_directory(ledger.parent)
    try:
        descriptor = os.open(ledger, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
    except OSError as error:
        raise DiskFullError(f"cannot be written ({os.strerror(error.errno or 0)})", path=ledger) from error
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        text = io.StringIO()
        first = os.pread(descriptor, len(HEADING) + 1, 0).decode(errors="replace").split("\n")[0]
        columns = _columns(first) if size else COLUMNS
        writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
        if size == 0:
            writer.writeheader()
        elif os.pread(descriptor, 1, size - 1) != b"\n":  # cut short by a crash
            text.write("\n")
        writer.writerow({name: " ".join(str(value).split())[:LONGEST] for name, value in asdict(attempt).items()})
        _write(descriptor, size, text.getvalue().encode(), ledger)
    finally:
        os.close(descriptor)


def _write(descriptor: int, size: int, text: bytes, ledger: Path) -> None:
    """Write the whole text at the end of a file of some size, or nothing."""
    try:
        if os.write(descriptor, text) != len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # noqa: TRY301
        os.fsync(descriptor)
    except OSError as error:
        with suppress(OSError):
            os.ftruncate(descriptor, size)
        if no_room(error):
            raise DiskFullError(f"cannot be written ({os.strerror(error.errno or 0)})", path=ledger) from error
        raise


def begin(directory: Path, attempt: Attempt) -> None:
    """Say that an attempt has begun; the caller holds the directory's lock."""
    write_json(directory / OPEN, asdict(OpenAttempt(attempt)))


def read_open(directory: Path) -> OpenAttempt | None:
    """Return the attempt that runs or was killed, if there is one."""
    try:
        content: dict[str, Any] = json.loads((directory / OPEN).read_text(encoding="utf-8"))
        return OpenAttempt(_attempt(content["attempt"]), str(content["signal"]))
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def leave_open(directory: Path, attempt: Attempt, signal: str) -> None:
    """Say that an attempt obeyed a signal and is over; the scheduler knows why it was sent."""
    write_json(directory / OPEN, asdict(OpenAttempt(attempt, signal)))


def close(directory: Path, attempt: Attempt) -> None:
    """Write an attempt's line, and forget that it ran."""
    append(directory / LEDGER, attempt)
    forget(directory)


def forget(directory: Path) -> None:
    """Forget an attempt, without a line."""
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
