"""Damage of files: whatever goes wrong while the bytes of a file are interpreted, told as damage of this file.

Libraries have no one word for it. A flipped bit ends, by what it makes of the bytes around it, in any of dozens of
exceptions of uproot, awkward, NumPy, HDF5, Keras, and of a decompressor. So the place decides: what a library raises
within :class:`Interpreting` is damage. Mistakes of jetloom stay mistakes (:data:`MISTAKES` that its own code raises),
and so do a lack of memory and the troubles of disks and networks.
"""

from __future__ import annotations

import errno
from pathlib import Path
from types import TracebackType
from typing import Self

from jetloom.errors import CorruptFileError, JetloomError, StorageError
from jetloom.locations import Location, located

PACKAGE = str(Path(__file__).parent.parent.parent)

TROUBLES = {
    errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.ECONNRESET, errno.EHOSTDOWN, errno.ENETDOWN,
    errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EREMOTEIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR,
}  # fmt: skip
"""Errors of a disk, a network or a machine, not of the bytes: another attempt may go well."""

MISTAKES = (NameError, AttributeError, TypeError, AssertionError, LookupError)
"""Raised by a line of jetloom itself these are mistakes of it; raised by a library's they come from the bytes."""

MOST_GROWN = 1000
"""Memory that is asked for at once, over the size of the file, above which a length in the file is damaged."""

FEW_BYTES = 1 << 20
"""Below this size files are taken to be as large."""


class BadBytesError(ValueError):
    """Bytes of a file are not what they should be; becomes a CorruptFileError with the name of the file."""


class Interpreting:
    """A ``with`` block in which the bytes of a file are interpreted: what fails there is damage of the file.

    Parameters
    ----------
    path : path-like
        The file.
    where : str, optional
        The object in it.
    advice : str
        What to do about it.
    doing : str
        What cannot be done with it, for the message.

    Raises
    ------
    CorruptFileError
        On leaving the block, in the place of what a library raised.
    StorageError
        Likewise, of the troubles of disks and networks.
    """

    def __init__(
        self,
        path: str | Location,
        where: str | None = None,
        advice: str = "make or copy it again",
        doing: str = "cannot be read",
    ) -> None:
        self._path, self._where, self._advice, self._doing = located(path), where, advice, doing

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and is_damage(error, self._path):
            cause = _cause(error, self._doing)
            raise CorruptFileError(cause, path=str(self._path), where=self._where, advice=self._advice) from error
        if isinstance(error, OSError) and error.errno in TROUBLES:
            raise StorageError.because(told(error), self._path) from error


def is_damage(error: BaseException, path: Location) -> bool:
    """Say whether what was raised while a file was interpreted tells of its bytes."""
    if isinstance(error, BadBytesError):
        return True
    if isinstance(error, JetloomError):
        return False
    if isinstance(error, MemoryError):
        return _asked_for(error) > MOST_GROWN * max(path.stat().st_size if isinstance(path, Path) else 0, FEW_BYTES)
    if isinstance(error, OSError) and error.errno in TROUBLES:
        return False
    # A decompressor that is written in Rust panics, which is no Exception.
    told = isinstance(error, Exception) or type(error).__name__ == "PanicException"
    return told and not (isinstance(error, MISTAKES) and _raised_by_us(error))


def told(error: BaseException) -> str:
    """Return an error in a few words: its class and its first line, or what our own checks say."""
    if isinstance(error, BadBytesError):
        return str(error)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:120]}" if lines else type(error).__name__


def _cause(error: BaseException, doing: str) -> str:
    """Say what is wrong with the file, in words of their own for the commonest damages."""
    text = str(error)
    if isinstance(error, BadBytesError):
        return text
    if "not a ROOT file" in text:
        return "is not a ROOT file"
    if "expected Chunk of length" in text or "truncated file" in text:
        return f"is truncated ({told(error)})"
    return f"{doing} ({told(error)})"


def _raised_by_us(error: BaseException) -> bool:
    """Say whether jetloom's own code raised an error, and not a library that it called."""
    trace = error.__traceback__
    if trace is None:
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame.f_code.co_filename.startswith(PACKAGE)


def _asked_for(error: MemoryError) -> float:
    """Return the bytes that NumPy was asked for in vain; 0 if it was not NumPy."""
    shape, dtype = getattr(error, "shape", None), getattr(error, "dtype", None)
    if shape is None or dtype is None:
        return 0.0
    size = float(dtype.itemsize)
    for length in shape:
        size *= length
    return size
