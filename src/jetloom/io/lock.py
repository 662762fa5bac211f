"""One writer at a time: a directory's lock, which the system frees however its holder ends."""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jetloom.errors import BusyError
from jetloom.io.atomic import make_directory, sweep

logger = logging.getLogger(__name__)

TRIES = 5
NAME = ".lock"


@contextmanager
def exclusive(directory: Path, what: str) -> Iterator[None]:
    """Be the only process that writes into a directory; what a killed one left half-written in it is removed.

    Parameters
    ----------
    directory : Path
        Is made if it is not there.
    what : str
        What the other process does, for the message: ``"trains this point"``.

    Raises
    ------
    BusyError
        If another process holds the lock, on this machine or on another one that shares the file system.
    """
    make_directory(directory)
    with (directory / NAME).open("w") as lock:
        for last in [False] * TRIES + [True]:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                sweep(directory)
                break
            except BlockingIOError:
                if last:
                    raise BusyError(
                        f"another process {what}", path=directory, advice="wait for it or stop it first"
                    ) from None
            except OSError as error:
                logger.warning(
                    "%s: no locks on this file system (%s): make sure that nothing else %s", directory, error, what
                )
                break
            time.sleep(0.1)  # `jetloom status` holds it for a moment
        yield


def is_held(directory: Path) -> bool:
    """Say whether a process holds the lock of a directory. Nothing is changed, and no lock is kept."""
    try:
        with (directory / NAME).open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    return False
