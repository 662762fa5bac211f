"""A compressed file: a beginning, frames that each have a checksum, an index, an end.

    JLCOMPRS, version                                   12 bytes
    frame of the contents                               JSON, deflated
    frame of block 0, 1, 2, ...
    frame of the index                                  where the blocks lie, which entries; the contents again
    place of the index, checksum of it, JLCOMPRE        24 bytes

A frame is a mark, its kind, the size of its payload, the checksum of these, the payload, and the checksum of the
payload. Whatever is damaged loses the frame that it lies in: without the index the frames are found by their marks,
and the contents are there twice.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import xxhash
import zstandard

from jetloom.compression.blocks import decode_block, encode_block, entries_of
from jetloom.compression.pieces import Contents, Piece
from jetloom.compression.streams import DamageError
from jetloom.errors import CorruptFileError, MissingFileError

VERSION = 1
SUFFIX = ".jlc"
BEGIN, END, MARK = b"JLCOMPRS", b"JLCOMPRE", b"\xf7JLf"
CONTENTS, BLOCK, INDEX = 1, 2, 3

_BEGIN = struct.Struct("<8sI")
_FRAME = struct.Struct("<4sBQQ")
_SUM = struct.Struct("<Q")
_TAIL = struct.Struct("<QQ8s")

AGAIN = "make or copy it again"


@dataclass(frozen=True)
class Place:
    """Where a block lies: the offset of its frame, and its entries."""

    offset: int
    start: int
    stop: int


class Writer:
    """Writes blocks of entries one after the other.

    Parameters
    ----------
    path : Path
        File to create (give the path that ``publishing`` yields).
    contents : Contents
    """

    def __init__(self, path: Path, contents: Contents) -> None:
        self._contents, self._places, self._entries = contents, list[Place](), 0
        self._file = path.open("wb")
        self._file.write(_BEGIN.pack(BEGIN, VERSION))
        self._frame(CONTENTS, _packed(contents.as_json()))

    def append(self, piece: Piece) -> None:
        """Write a block."""
        end = self._entries + piece.entries
        self._places.append(Place(self._file.tell(), self._entries, end))
        self._frame(BLOCK, _SUM.pack(self._entries) + encode_block(piece, self._contents))
        self._entries = end

    def close(self) -> None:
        """Write the index and the end."""
        offset = self._file.tell()
        places = [[place.offset, place.start, place.stop] for place in self._places]
        self._frame(INDEX, _packed({"contents": self._contents.as_json(), "blocks": places}))
        self._file.write(_TAIL.pack(offset, xxhash.xxh3_64_intdigest(_SUM.pack(offset)), END))
        self._file.close()

    def _frame(self, kind: int, payload: bytes) -> None:
        head = struct.pack("<4sBQ", MARK, kind, len(payload))
        self._file.write(head + _SUM.pack(xxhash.xxh3_64_intdigest(head)))
        self._file.write(payload + _SUM.pack(xxhash.xxh3_64_intdigest(payload)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._file.close()


class Reader:
    """Reads blocks in any order.

    Attributes
    ----------
    contents : Contents
    places : list of Place
        Of all blocks that can be found.
    damage : list of str
        What is wrong with the file besides its blocks: an index that is lost, say.

    Raises
    ------
    MissingFileError, CorruptFileError
        If there is no such file, it is none of these, or its contents are lost twice.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise MissingFileError("there is no such file", path=path)
        self.path, self.damage = path, list[str]()
        self._file = path.open("rb")
        self._size = path.stat().st_size
        try:
            self.contents, self.places = self._opened()
        except BaseException:
            self._file.close()
            raise

    @property
    def entries(self) -> int:
        """Number of entries, up to the last block that can be found."""
        return max((place.stop for place in self.places), default=0)

    def piece(self, place: Place) -> Piece:
        """Return the entries of a block.

        Raises
        ------
        CorruptFileError
            If it is damaged; the file and the entries are named.
        """
        with self._told(place):
            return decode_block(self._raw(place), self.contents)

    def block(self, place: Place) -> bytes:
        """Return the bytes of a block, whose checksum is right.

        Raises
        ------
        CorruptFileError
            If it is damaged; the file and the entries are named.
        """
        with self._told(place):
            return self._raw(place)

    @contextmanager
    def _told(self, place: Place) -> Iterator[None]:
        where = f"entries {place.start} to {place.stop}"
        try:
            yield
        except DamageError as error:
            raise CorruptFileError(error.cause, path=self.path, where=where, advice=AGAIN) from None
        except (KeyError, TypeError, ValueError, OverflowError, struct.error) as error:  # of a checksum that fits
            raise CorruptFileError(f"is not as jetloom writes it ({error!r})", path=self.path, where=where) from None

    def pieces(self, start: int = 0, stop: int | None = None) -> Iterator[Piece]:
        """Read entries in their order, only the blocks that hold them."""
        stop = self.entries if stop is None else stop
        for place in self.places:
            if place.stop > start and place.start < stop:
                found = self.piece(place)
                low, high = max(start, place.start) - place.start, min(stop, place.stop) - place.start
                yield found if high - low == found.entries else found.only(low, high, self.contents.columns)

    def _raw(self, place: Place) -> bytes:
        kind, payload = self._read(place.offset)
        if kind != BLOCK:
            raise DamageError("is no block")
        return payload[_SUM.size :]

    def _opened(self) -> tuple[Contents, list[Place]]:
        begin = self._file.read(_BEGIN.size)
        if len(begin) < _BEGIN.size or begin[:8] != BEGIN:
            raise CorruptFileError(
                "is no compressed file of jetloom", path=self.path, advice="give one of `jetloom compress`"
            )
        _, version = _BEGIN.unpack(begin)
        if version != VERSION:
            raise CorruptFileError(
                f"is of version {version} of the format, this jetloom reads {VERSION}",
                path=self.path,
                advice="take a newer jetloom",
            )
        try:
            return self._from_index()
        except (DamageError, KeyError, TypeError, ValueError) as error:
            self.damage.append(f"its index is lost ({error.cause if isinstance(error, DamageError) else error!r})")
        return self._from_marks()

    def _from_index(self) -> tuple[Contents, list[Place]]:
        self._file.seek(max(0, self._size - _TAIL.size))
        tail = self._file.read(_TAIL.size)
        if len(tail) < _TAIL.size:
            raise DamageError("ends too early")
        offset, checksum, end = _TAIL.unpack(tail)
        if end != END or checksum != xxhash.xxh3_64_intdigest(_SUM.pack(offset)):
            raise DamageError("has no end: it was cut, or never closed")
        kind, payload = self._read(offset)
        if kind != INDEX:
            raise DamageError("is none")
        index = _unpacked(payload)
        return Contents.from_json(index["contents"]), [Place(*place) for place in index["blocks"]]

    def _from_marks(self) -> tuple[Contents, list[Place]]:
        """Look for frames by their marks, which takes reading the whole file."""
        contents, places = None, []
        for offset in self._marks():
            try:
                kind, payload = self._read(offset)
            except DamageError:
                continue
            if kind == CONTENTS:
                contents = Contents.from_json(_unpacked(payload))
            elif kind == INDEX and contents is None:
                contents = Contents.from_json(_unpacked(payload)["contents"])
            elif kind == BLOCK:
                (start,) = _SUM.unpack_from(payload)
                places.append(Place(offset, start, start + entries_of(payload[_SUM.size :])))
        if contents is None:
            raise CorruptFileError("what it holds is damaged in both places", path=self.path, advice=AGAIN)
        return contents, places

    def _marks(self) -> Iterator[int]:
        place, step = 0, 1 << 24
        while place < self._size:
            self._file.seek(place)
            chunk = self._file.read(step + len(MARK) - 1)
            at = chunk.find(MARK)
            while at >= 0:
                yield place + at
                at = chunk.find(MARK, at + 1)
            place += step

    def _read(self, offset: int) -> tuple[int, bytes]:
        self._file.seek(offset)
        head = self._file.read(_FRAME.size)
        if len(head) < _FRAME.size:
            raise DamageError("ends too early")
        mark, kind, size, checksum = _FRAME.unpack(head)
        if mark != MARK or checksum != xxhash.xxh3_64_intdigest(head[: -_SUM.size]):
            raise DamageError("begins with other bytes than were written")
        payload = self._file.read(size)
        found = self._file.read(_SUM.size)
        if len(payload) != size or len(found) != _SUM.size:
            raise DamageError("ends too early")
        if _SUM.unpack(found)[0] != xxhash.xxh3_64_intdigest(payload):
            raise DamageError("has other bytes than were written (its checksum differs)")
        return kind, payload

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _packed(value: Any) -> bytes:
    return zstandard.ZstdCompressor(level=9).compress(json.dumps(value, sort_keys=True).encode())


def _unpacked(data: bytes) -> Any:
    try:
        return json.loads(zstandard.ZstdDecompressor().decompress(data))
    except zstandard.ZstdError as error:
        raise DamageError(f"cannot be inflated ({error})") from None
