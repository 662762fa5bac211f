"""Every failure of jetloom as a named class: the file, the object in it, the cause in one line, an exit code.

A verb that fails prints one line (``jetloom: error: <file>: <object>: <cause>; <what to do>``) and exits with the
code of the class, so that a scheduler and the next attempt can tell a bad input from a lack of memory.
"""

from __future__ import annotations

import difflib
import logging
import reprlib
import signal
import sys
from collections.abc import Callable, Iterable
from enum import IntEnum

logger = logging.getLogger(__name__)


class ExitCode(IntEnum):
    """What the exit code of a verb means. 85 is HTCondor's own code for a job that left a checkpoint."""

    DONE = 0
    BUG = 1
    CONFIGURATION = 2
    INPUT = 3
    DISK = 4
    MEMORY = 5
    BUSY = 6
    RESOURCE = 7
    STORAGE = 8
    TRAININGS = 10
    CHECKPOINTED = 85


class JetloomError(Exception):
    """A failure that has a known cause.

    Parameters
    ----------
    cause : str
        What is wrong, in one line, in the words of the user.
    path : path-like or URL, optional
        The file in which it is wrong.
    where : str, optional
        The object in that file: a branch, a dataset, a configuration key.
    advice : str, optional
        What to do about it.
    """

    exit_code: ExitCode = ExitCode.BUG

    def __init__(self, cause: str, *, path: object = None, where: str | None = None, advice: str | None = None) -> None:
        self.cause = cause
        self.path = None if path is None else str(path)
        self.where = where
        self.advice = advice
        super().__init__(self.line())

    def line(self) -> str:
        """Return the whole message as one line."""
        parts = [part for part in (self.path, self.where, self.cause) if part]
        message = ": ".join(parts) + (f"; {self.advice}" if self.advice else "")
        return " ".join(message.split())


class ConfigurationError(JetloomError):
    """The configuration asks for something that is not there or not possible."""

    exit_code = ExitCode.CONFIGURATION


class ExpressionError(ConfigurationError):
    """An expression of the configuration cannot be read, or names a variable that does not exist."""


class InputError(JetloomError):
    """An input is not what it should be."""

    exit_code = ExitCode.INPUT


class MissingFileError(InputError):
    """An input file does not exist."""


class CorruptFileError(InputError):
    """A file cannot be read: truncated, empty, damaged, or of another kind."""


class MissingObjectError(InputError):
    """A file lacks a tree, a branch, a dataset or a field that is needed."""


class BadValueError(InputError):
    """A file holds values that cannot be: not finite, negative energies, indices out of range."""


class EmptySampleError(InputError):
    """A sample or a class has nothing left."""


class BudgetError(InputError):
    """More was lost than the budget of the configuration allows."""


class StaleError(InputError):
    """Something stored (a checkpoint, a result) belongs to other data or other settings than the ones asked for."""


class RefusedNetworkError(InputError):
    """A network has something that a format cannot hold."""


class ParityError(InputError):
    """What an exported network, or a file of stored scores, says is not what the network itself says."""


class DiskFullError(JetloomError):
    """The disk or the quota is full, or the directory cannot be written."""

    exit_code = ExitCode.DISK


class OutOfMemoryError(JetloomError):
    """Memory ran out, of the machine or of the GPU."""

    exit_code = ExitCode.MEMORY


class BusyError(JetloomError):
    """Another process works on the same result."""

    exit_code = ExitCode.BUSY


class WrongResourceError(JetloomError):
    """A job was given another machine than it needs: no card that can be used, where one was asked for."""

    exit_code = ExitCode.RESOURCE


OUT_OF_REACH = "is out of reach"
"""Stands in every line of a StorageError, so that who finds the line in a log knows its kind."""


class StorageError(JetloomError):
    """A file is there as far as one can know, and its server, its disk or the network does not give it.

    Another attempt may go well, so it tells nothing of the file's content.
    """

    exit_code = ExitCode.STORAGE

    @classmethod
    def because(cls, reason: str, path: object, advice: str = "try again later") -> StorageError:
        """Return the error for what the server, the disk or the network said."""
        return cls(f"{OUT_OF_REACH} ({reason})", path=path, advice=advice)


class TrainingsFailedError(JetloomError):
    """Some trainings of a bundle left no result. Each says why in its own log and ledger."""

    exit_code = ExitCode.TRAININGS


class CheckpointedError(JetloomError):
    """The work was interrupted, left a checkpoint, and goes on from it when it is started again."""

    exit_code = ExitCode.CHECKPOINTED


class OutOfTimeError(CheckpointedError):
    """The wall time of the job is nearly over: it left a checkpoint in time."""


def exit_code(verb: str, work: Callable[[], None], traceback: bool = False) -> int:
    """Do the work of a verb; turn a failure into one line on standard error and give the exit code.

    Parameters
    ----------
    verb : str
        The verb, for the line.
    work : callable
        What it does.
    traceback : bool
        Whether it is shown where a failure comes from.
    """
    try:
        work()
    except JetloomError as error:
        kind = "interrupted" if error.exit_code == ExitCode.CHECKPOINTED else "error"
        sys.stderr.write(f"jetloom {verb}: {kind}: {error.line()}\n")
        if traceback:
            logger.exception("where it came from")
        return int(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write(f"jetloom {verb}: interrupted\n")
        return 128 + signal.SIGINT
    except MemoryError:
        sys.stderr.write(f"jetloom {verb}: error: memory ran out\n")
        return int(ExitCode.MEMORY)
    return int(ExitCode.DONE)


_BRIEF = reprlib.Repr()
_BRIEF.maxlevel, _BRIEF.maxstring, _BRIEF.maxother = 3, 60, 60


def shown(value: object) -> str:
    """Return a value for a message, at most 60 characters of it, without writing a large one out first."""
    try:
        return _BRIEF.repr(value)[:60]
    except ValueError:  # an integer of more digits than Python writes
        return "a number of too many digits"


def near_misses(name: str, known: Iterable[str], count: int = 3) -> str:
    """Say which known names are close to a wrong one, for error messages.

    Returns
    -------
    str
        ``"did you mean 'pt' or 'eta'?"``, or ``"known: ..."`` where nothing is close (at most 12 are listed).
    """
    choices = sorted(set(known))
    if close := close_names(name, choices, count):
        return close
    if not choices:
        return "there is none to choose from"
    listed = ", ".join(choices[:12])
    return f"known: {listed}" + (f" and {len(choices) - 12} more" if len(choices) > 12 else "")


def close_names(name: str, known: Iterable[str], count: int = 3) -> str:
    """Say which known names are close to a wrong one; empty if none is."""
    folded = {choice.casefold(): choice for choice in known}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=count, cutoff=0.6)
    return "did you mean " + " or ".join(f"'{folded[match]}'" for match in close) + "?" if close else ""
