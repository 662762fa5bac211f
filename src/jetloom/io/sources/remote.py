"""Reading files of other machines (root://, https://) by fsspec: bounded in time, tried again, and never taken short.

What a server, a network or a cache of a site does wrong is a :class:`StorageError`, whatever the libraries call it, and
never damage of the file: only bytes that came whole are interpreted.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import fsspec
from fsspec.asyn import sync
from uproot.source.chunk import Chunk, Source
from uproot.source.coalesce import coalesce_requests
from uproot.source.futures import TrivialFuture

from jetloom.errors import ConfigurationError, MissingFileError, StorageError
from jetloom.locations import PROTOCOLS, Remote

LOG = logging.getLogger(__name__)
Result = TypeVar("Result")

PAUSES = (2.0, 10.0)
"""Seconds before the second and the third try of a request. Longer troubles are for the next attempt of the job."""
PATIENCE = 60.0
"""Seconds that a server may take for one request, of at most 10 MB."""

NEEDS = {"root": "fsspec-xrootd and xrootd", "https": "aiohttp", "http": "aiohttp"}
INSTALL = "install them into jetloom's environment: uv pip install aiohttp fsspec-xrootd xrootd (the extra 'remote')"
ABSENT = ("no such file", "[3011]", "404", "410")
"""How servers say that there is no such file."""
FORBIDDEN = ("[3010]", "401", "403", "permission denied", "not authorized", "auth failed")
LOGIN = "is your proxy, ticket or token still valid? (voms-proxy-info, klist)"


class RemoteSource(Source):
    """The bytes of a remote file, as uproot asks for them.

    Parameters
    ----------
    file_path : str
        The URL.
    **options
        What uproot hands to every source; not needed here.

    Raises
    ------
    ConfigurationError
        If the protocol is not known, its package is not installed, or the server gives whole files only.
    MissingFileError
        If the server says that there is no such file.
    StorageError
        If anything else goes wrong on the way.
    """

    def __init__(self, file_path: str, **_options: Any) -> None:
        super().__init__()
        self._file_path = file_path
        self._remote = Remote(file_path)
        self._failures = _failures()
        self._connect()
        self._num_bytes = self._tried(self._size)

    def __repr__(self) -> str:
        return f"<RemoteSource {str(self._remote)!r}>"

    @property
    def closed(self) -> bool:
        """Whether it is closed: there is nothing that stays open."""
        return False

    def __enter__(self) -> RemoteSource:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the connections to fsspec, which shares them among files."""

    def chunk(self, start: int, stop: int) -> Chunk:
        """Return one range of bytes."""
        return Chunk(self, start, stop, TrivialFuture(self._ranges([(start, stop)])[0]))

    def chunks(self, ranges: Sequence[tuple[int, int]], notifications: queue.Queue[Chunk]) -> list[Chunk]:
        """Return some ranges of bytes; near ones are asked for together."""
        return coalesce_requests(list(ranges), lambda asked: TrivialFuture(self._ranges(asked)), self, notifications)

    def _connect(self) -> None:
        """Take a new connection: one that failed may stay broken."""
        protocol = self._remote.protocol
        if protocol not in PROTOCOLS:
            known = ", ".join(PROTOCOLS)
            raise ConfigurationError(
                f"files cannot be read by '{protocol}'", path=self._remote, advice=f"known: {known}"
            )
        if self._remote.fault:
            raise ConfigurationError(f"is no URL ({self._remote.fault})", path=self._remote)
        url = f"{protocol}://{self._file_path.partition('://')[2]}"
        try:
            self._fs, self._path = fsspec.core.url_to_fs(url, skip_instance_cache=True)
        except ImportError as error:
            cause = f"reading by {protocol}:// needs {NEEDS[protocol]} ({error})"
            raise ConfigurationError(cause, path=self._remote, advice=INSTALL) from None
        except ValueError as error:
            raise ConfigurationError(f"is no URL ({error})", path=self._remote) from None

    def _size(self) -> int:
        size = sync(self._fs.loop, self._fs._info, self._path, timeout=PATIENCE)["size"]
        if size is None:
            raise OSError("the server does not say how large it is")
        return int(size)

    def _ranges(self, ranges: list[tuple[int, int]]) -> list[bytes]:
        """Return ranges of bytes; what lies beyond the end of the file is left out."""
        inside = [(min(start, self._num_bytes), min(stop, self._num_bytes)) for start, stop in ranges]
        self._num_requests += 1
        self._num_requested_chunks += len(ranges)
        self._num_requested_bytes += sum(stop - start for start, stop in inside)
        return self._tried(lambda: self._read(inside))

    def _read(self, ranges: list[tuple[int, int]]) -> list[bytes]:
        asked = [(start, stop) for start, stop in ranges if stop > start]
        starts, stops = [start for start, _ in asked], [stop for _, stop in asked]
        paths = [self._path] * len(asked)
        found = sync(self._fs.loop, self._fs._cat_ranges, paths, starts, stops, timeout=PATIENCE) if asked else []
        for (start, stop), content in zip(asked, found, strict=True):
            if isinstance(content, BaseException):
                raise content
            if len(content) == self._num_bytes > stop - start:
                raise ConfigurationError(
                    "its server gives whole files only (no range requests)",
                    path=self._remote,
                    advice="copy the file, or take another server",
                )
            if len(content) != stop - start:
                raise OSError(f"{len(content)} bytes came where {stop - start} were asked for")
        left = iter(found)
        return [bytes(next(left)) if stop > start else b"" for start, stop in ranges]

    def _tried(self, action: Callable[[], Result]) -> Result:
        """Do something that may fail for the moment, three times at most."""
        for pause in (*PAUSES, None):
            try:
                return action()
            except self._failures as error:
                failure = _judged(error, self._remote)
                if pause is None or not isinstance(failure, StorageError) or failure.advice == LOGIN:
                    raise failure from error
                LOG.warning("%s: %s; tried again in %g s", self._remote, failure.cause, pause)
                time.sleep(pause)
                with suppress(*self._failures):
                    self._connect()
        raise AssertionError("the last try returns or raises")


def _failures() -> tuple[type[BaseException], ...]:
    """Return what the libraries raise when a request fails."""
    found: tuple[type[BaseException], ...] = (OSError, EOFError, RuntimeError, ValueError, LookupError)
    with suppress(ImportError):
        from aiohttp import ClientError

        found += (ClientError,)
    return found


def _judged(error: BaseException, remote: Remote) -> MissingFileError | StorageError:
    """Tell a file that is not there from a site that does not give it."""
    # fsspec calls every failed look at a file "not found"; what the server said is the cause.
    said = error.__cause__ if isinstance(error, FileNotFoundError) and error.__cause__ is not None else error
    status = getattr(said, "status", None)
    words = f"{status} {getattr(said, 'message', '')}".strip() if status is not None else " ".join(str(said).split())
    late = f"no answer within {PATIENCE:g} s" if isinstance(said, TimeoutError) else ""
    short = words[:200] or late or type(said).__name__
    if isinstance(said, FileNotFoundError) or _says(words, ABSENT, status):
        return MissingFileError("there is no such file", path=remote, advice="look at host and path")
    if isinstance(said, PermissionError) or _says(words, FORBIDDEN, status):
        return StorageError.because(short, remote, LOGIN)
    return StorageError.because(short, remote)


def _says(words: str, signs: Sequence[str], status: int | None) -> bool:
    """Say whether an answer has one of some signs: its status, or words where there is none."""
    if status is not None:
        return str(status) in signs
    return any(sign in words.lower() for sign in signs if not sign.isdecimal())
