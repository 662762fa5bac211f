"""Arrays as bytes: integers through the entropy coder, anything else deflated."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt
import zstandard

from jetloom.compression import rans, symbols
from jetloom.errors import CorruptFileError

Codes = npt.NDArray[np.int64]

_LEVEL = 9
_HEAD = struct.Struct("<qBHBIII")
"""Of a division: begin, shift, bins, spikes; bytes of the table, words, bytes of plain bits."""


class DamageError(CorruptFileError):
    """What was read cannot have been written."""


def pack_integers(codes: Codes) -> bytes:
    """Return integers in as few bytes as their entropy, nearly."""
    if len(codes) == 0:
        return b""
    division, table, words, plain = symbols.encode(codes)
    packed = _deflated(table.astype("<u2").tobytes())
    spikes = np.array(division.spikes, "<i8").tobytes()
    head = _HEAD.pack(
        division.begin, division.shift, division.bins, len(division.spikes), len(packed), len(words), len(plain)
    )
    return head + spikes + packed + words.astype("<u4").tobytes() + plain.tobytes()


def unpack_integers(data: bytes, count: int) -> Codes:
    """Return the integers of :func:`pack_integers`.

    Raises
    ------
    DamageError
        If the bytes are not those of so many integers.
    """
    if count == 0:
        return np.empty(0, np.int64)
    parts = _Parts(data)
    begin, shift, bins, spikes, table_size, word_count, plain_size = parts.unpack(_HEAD)
    division = symbols.Division(begin, shift, bins, tuple(parts.array("<i8", 8 * spikes).tolist()))
    table = np.frombuffer(_inflated(parts.take(table_size), 2 * division.alphabet), "<u2").astype(np.uint32)
    # 2 ** 15 of one symbol alone fits into 16 bits.
    if int(table.sum()) != 1 << rans.PRECISION or len(table) != division.alphabet or word_count < 2:
        raise DamageError("its frequencies are none")
    words = parts.array("<u4", 4 * word_count).astype(np.uint32)
    plain = parts.array("u1", plain_size)
    parts.end()
    found = np.empty(count, np.uint16)
    if not rans.decode(words, table, found):
        raise DamageError("its symbols end too early or too late")
    rest = np.empty(count, np.uint64)
    if not rans.unpack(plain, symbols.widths_of(found, division), rest):
        raise DamageError("its bits end too early or too late")
    return symbols.join(found, rest, division)


def pack_array(values: npt.NDArray[Any]) -> bytes:
    """Return the bytes of an array, deflated."""
    return _deflated(np.ascontiguousarray(values).tobytes())


def unpack_array(data: bytes, kind: np.dtype[Any], count: int) -> npt.NDArray[Any]:
    """Return the array of :func:`pack_array`.

    Raises
    ------
    DamageError
        If it has not so many values.
    """
    return np.frombuffer(_inflated(data, count * kind.itemsize), kind).copy()


def _deflated(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=_LEVEL).compress(data)


def _inflated(data: bytes, size: int) -> bytes:
    try:
        if zstandard.frame_content_size(data) > size:  # the decompressor would make room for it
            raise DamageError(f"holds more than {size} bytes")
        found = zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
    except zstandard.ZstdError as error:
        raise DamageError(f"cannot be inflated ({error})") from None
    if len(found) != size:
        raise DamageError(f"holds {len(found)} bytes where there were {size}")
    return found


class _Parts:
    """Bytes that are read one part after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        found = self._data[self._place : self._place + size]
        if len(found) != size:
            raise DamageError("ends too early")
        self._place += size
        return found

    def unpack(self, layout: struct.Struct) -> tuple[Any, ...]:
        """Return the next fields."""
        return layout.unpack(self.take(layout.size))

    def array(self, kind: str, size: int) -> npt.NDArray[Any]:
        """Return the next bytes as an array."""
        return np.frombuffer(self.take(size), kind)

    def end(self) -> None:
        """Refuse bytes that are left."""
        if self._place != len(self._data):
            raise DamageError("goes on after its end")
