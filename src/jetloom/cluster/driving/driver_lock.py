"""One driver an analysis and directory: a lock that its process holds as long as it lives, and that names it.

Snakemake's own lock is a file that stays behind when its driver is killed, and does not say whose it is. This one is
the system's (``flock``), which frees it however its holder ends, also for other hosts that share the file system.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from jetloom.errors import BusyError
from jetloom.scan.attempts import ledger

TRIES = 5
INHERITED = "JETLOOM_DRIVER_LOCK"
"""Environment variable with the number of the open file of a lock that a parent process holds."""
_held: dict[str, IO[str]] = {}
"""The open locks of this process, by analysis: what closes the file frees the lock."""


@dataclass(frozen=True)
class Holder:
    """Who drives an analysis."""

    host: str
    pid: int
    started: str
    what: str
    """``snakemake`` or ``jetloom resume``."""

    def words(self) -> str:
        """Name it in a few words."""
        return f"{self.what} on {self.host} (pid {self.pid}) since {self.started}"


def place(analysis: str) -> Path:
    """Return the lock's file; the working directory is the analysis' one."""
    return Path(".snakemake") / f"jetloom_{analysis}.lock"


def hold(analysis: str, what: str = "snakemake") -> None:
    """Be the one driver of an analysis until this process ends, or :func:`release`.

    Raises
    ------
    BusyError
        If there is another one, on this host or another.
    """
    file = _held.get(analysis) or _inherited(analysis) or _locked(analysis)
    file.truncate(0)
    json.dump(asdict(Holder(socket.gethostname(), os.getpid(), ledger.now(), what)), file)
    file.flush()
    _held[analysis] = file
    atexit.register(release, analysis)


def _locked(analysis: str) -> IO[str]:
    place(analysis).parent.mkdir(exist_ok=True)
    file = place(analysis).open("a+", encoding="utf-8")
    for attempt in range(TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if attempt == TRIES - 1:
                file.close()
                raise busy(analysis, find_holder(analysis)) from None
            time.sleep(0.1)  # `jetloom resume` and `status` look at it for a moment
        except OSError:  # a file system without locks
            break
    return file


def _inherited(analysis: str) -> IO[str] | None:
    """Return the lock that ``jetloom resume`` holds already, and left open for this process that it started."""
    descriptor = os.environ.pop(INHERITED, "")
    try:
        same = os.path.samestat(os.fstat(int(descriptor)), place(analysis).stat())
    except (OSError, ValueError):
        return None
    return os.fdopen(int(descriptor), "a+", encoding="utf-8") if same else None


def descriptor(analysis: str) -> int | None:
    """Return the open file of the lock, if this process holds it, to be left open for a child process."""
    return _held[analysis].fileno() if analysis in _held else None


def release(analysis: str) -> None:
    """Be the driver no longer, if this process was."""
    if (file := _held.pop(analysis, None)) is not None:
        file.truncate(0)
        file.close()


@contextmanager
def held(analysis: str, what: str) -> Iterator[None]:
    """Be the one driver of an analysis for a while."""
    hold(analysis, what)
    try:
        yield
    finally:
        release(analysis)


def find_holder(analysis: str) -> Holder | None:
    """Return the driver that lives, if there is one. Nothing is changed."""
    try:
        with place(analysis).open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _read(file.read())
            except OSError:  # a file system without locks: the process is looked for, where that can be done
                found = _read(file.read())
                here = found.host == socket.gethostname()
                return found if found.pid and (not here or Path(f"/proc/{found.pid}").exists()) else None
    except FileNotFoundError:
        return None
    return None


def began(analysis: str) -> float | None:
    """Return when the driver took the lock, by the clock of the file system; None if there is no lock."""
    try:
        return place(analysis).stat().st_mtime
    except OSError:
        return None


def busy(analysis: str, holder: Holder | None) -> BusyError:
    """Return the error that refuses a second driver."""
    words = holder.words() if holder else "another process"
    return BusyError(f"is driven by {words}", where=analysis, advice="wait for it, or stop it first")


def _read(text: str) -> Holder:
    try:
        content: dict[str, Any] = json.loads(text)
        return Holder(**content)
    except (ValueError, TypeError):  # it has just taken the lock and not yet written
        return Holder("an unknown host", 0, "just now", "a driver")
