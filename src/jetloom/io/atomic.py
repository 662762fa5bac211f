"""Publishing: a result appears under its final name whole, checked and flushed to the disk, or not at all."""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jetloom.errors import ConfigurationError, DiskFullError

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG}


@contextmanager
def publishing(path: str | Path, check: Callable[[Path], object] | None = None) -> Iterator[Path]:
    """Write beside the final name, check, flush, rename.

    Parameters
    ----------
    path : path-like
        The final name; its directory is made.
    check : callable, optional
        Opens the written file and raises if it is not what it should be.

    Yields
    ------
    Path
        Where to write. Whatever happens, nothing but a whole file is ever found under ``path``.

    Raises
    ------
    ConfigurationError
        If the path is that of a file which is to be kept, see :func:`keeping`, or names no file.
    DiskFullError
        If the disk or quota is full, the directory cannot be written, or something lies there that is no file.
    """
    final = Path(path)
    refuse_kept(final)
    if not final.name:
        raise ConfigurationError("names no file", path=final, advice="give the result a name")
    # The suffix stays, because writers and readers (Keras, uproot) choose the format by it.
    part = final.with_name(f".{final.stem[:40]}.{socket.gethostname()}-{os.getpid()}.part{final.suffix}")
    _try(final, part)
    try:
        yield part
        if check is not None:
            check(part)
        _flush(part)
        part.replace(final)
        _flush(final.parent)
    except OSError as error:
        if no_room(error):
            raise DiskFullError(f"cannot be written ({_reason(error)})", path=final) from error
        raise
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def make_directory(path: str | Path) -> Path:
    """Make a directory and those above it, if they are not there; give it.

    Raises
    ------
    DiskFullError
        If it cannot be made: a file is in the way, the name is too long, or there is no permission.
    """
    directory = Path(path)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskFullError(f"cannot be made ({_reason(error)})", path=directory) from error
    return directory


def _try(final: Path, part: Path) -> None:
    """Make the directory of a result, and see that a file can be written there: before the work and not after it."""
    make_directory(final.parent)
    try:
        if final.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if final.exists() and not final.is_file():  # /dev/null, a pipe: a file in its place would break others
            raise DiskFullError("is no file but a device, a pipe or a socket, which no result replaces", path=final)
        part.touch()
        part.unlink()
    except OSError as error:
        raise DiskFullError(f"cannot be written ({_reason(error)})", path=final) from error


def _reason(error: OSError) -> str:
    return os.strerror(error.errno or 0)


_kept: list[Callable[[], Iterable[Path]]] = []


@contextmanager
def keeping(files: Callable[[], Iterable[Path]]) -> Iterator[None]:
    """Refuse, inside, to publish over some files, by whatever path: links to them are the same files.

    Parameters
    ----------
    files : callable
        Returns them, those that do not exist too. It is asked when something that exists is to be replaced, which is
        rare.
    """
    _kept.append(files)
    try:
        yield
    finally:
        _kept.pop()


def refuse_kept(path: Path) -> None:
    """Refuse to replace or remove a file that is to be kept, see :func:`keeping`.

    Raises
    ------
    ConfigurationError
        If it is one of them.
    """
    there = _identity(path)
    if _kept and there is not None and any(_identity(file) == there for files in _kept for file in files()):
        raise ConfigurationError(
            "is read by this command, and would be replaced", path=path, advice="give another --output"
        )


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from others whatever its path, None if there is none."""
    try:
        state = path.stat()
    except (OSError, ValueError):
        return None
    return state.st_dev, state.st_ino


def sweep(directory: Path, is_left: Callable[[Path], bool] = Path.is_file) -> list[Path]:
    """Remove what killed writers left beside final names in a directory; give what was removed.

    Only for who knows that nobody else writes there now, or can tell by a file whether its writer is dead.
    """
    left = [path for path in directory.glob(".*.part*") if path.is_file() and is_left(path)]
    for path in left:
        path.unlink(missing_ok=True)
    return left


def no_room(error: OSError) -> bool:
    """Say whether an error means that the disk, the quota or the permission to write is at its end.

    HDF5 hides the error number in its message, so the message is looked at too.
    """
    return error.errno in _NO_ROOM or any(f"errno = {number}," in str(error) for number in _NO_ROOM)


def write_text(path: str | Path, text: str) -> None:
    """Publish a text file (UTF-8)."""
    with publishing(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Publish a JSON file, readable by people, with sorted keys and no NaN."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:  # some network file systems cannot flush a directory
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)
