"""Reading chunks of HDF5 straight from the file, each held against the checksum of its bytes as they are stored.

HDF5 has no checksums of its own for the data, and its filters take some damaged bytes. What was verified goes straight
into the array that is given back: HDF5 copies uncompressed chunks twice on their way, through its own cache.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

from jetloom.io.hdf5.chunks import FILTERS, unpack
from jetloom.io.integrity.damage import BadBytesError

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_VERIFIED: dict[tuple[int, int, int, int, str], Mask] = {}
"""Which chunks of which tables this process has verified; a file is told by its place on the disk, size and time."""


class ChunkReader:
    """The chunks of a dataset.

    Parameters
    ----------
    dataset : h5py.Dataset
        Chunked along its first axis only.
    descriptor : int
        The open file.
    checksums : uint64 array, shape (chunks,)
        XXH3 (64 bits) of each chunk as it is stored.

    Raises
    ------
    BadBytesError
        If it is not stored as :func:`jetloom.io.hdf5.chunks.pack` does.
    """

    def __init__(self, dataset: Any, descriptor: int, checksums: npt.NDArray[np.uint64]) -> None:
        self._descriptor, self._checksums = descriptor, checksums
        self._dtype, self._tail = dataset.dtype, dataset.shape[1:]
        properties = dataset.id.get_create_plist()
        filters = tuple(properties.get_filter(index)[0] for index in range(properties.get_nfilters()))
        if filters not in FILTERS or dataset.chunks is None or dataset.chunks[1:] != dataset.shape[1:]:
            raise BadBytesError("is not stored in chunks of rows by a known filter")
        self._compression, self._rows = FILTERS[filters], dataset.chunks[0]
        self._row_bytes = dataset.dtype.itemsize * int(np.prod(self._tail, dtype=np.int64))
        places: dict[int, tuple[int, int]] = {}
        dataset.id.chunk_iter(lambda chunk: places.__setitem__(chunk.chunk_offset[0], (chunk.byte_offset, chunk.size)))
        self._places = places
        self._verified = _verified(descriptor, dataset.name, len(checksums))
        self._last: tuple[int, Bytes] = (-1, np.zeros(0, np.uint8))

    def read(self, start: int, stop: int) -> npt.NDArray[np.void]:
        """Read rows ``start`` to ``stop``.

        Raises
        ------
        BadBytesError
            If a chunk is not there or not as it was written.
        """
        result = np.empty((stop - start, *self._tail), self._dtype)
        target = result.view(np.uint8).reshape(-1)
        row, size = start, self._row_bytes
        while row < stop:
            chunk, first = divmod(row, self._rows)
            end = min(stop, row - first + self._rows)
            self._fill(target[(row - start) * size : (end - start) * size], chunk, first * size)
            row = end
        return result

    def _fill(self, part: Bytes, chunk: int, offset: int) -> None:
        """Fill an array with the bytes of a chunk from ``offset`` on."""
        place, stored = self._places.get(chunk * self._rows, (0, 0))
        plain = self._compression == "none"
        if not stored or chunk >= len(self._checksums):
            raise BadBytesError(f"has no chunk for row {chunk * self._rows}")
        if plain and self._verified[chunk]:
            if os.preadv(self._descriptor, [part.data], place + offset) != len(part):
                raise BadBytesError(f"ends within the rows from {chunk * self._rows} on")
            return
        if self._last[0] != chunk:
            raw = self._checked(chunk, place, stored)
            # Whoever reads on from a part of a plain chunk needs no copy of it.
            self._last = (-1, raw) if plain else (chunk, self._unpacked(raw))
        part[:] = self._last[1][offset : offset + len(part)]

    def _checked(self, chunk: int, place: int, stored: int) -> Bytes:
        """Read a chunk as it is stored, and hold it against its checksum."""
        raw = np.empty(min(stored, 2 * self._rows * self._row_bytes + (1 << 16)), np.uint8)
        read = os.preadv(self._descriptor, [raw.data], place)
        if read != stored or xxhash.xxh3_64_intdigest(raw.data) != int(self._checksums[chunk]):
            last = (chunk + 1) * self._rows
            raise BadBytesError(f"rows {chunk * self._rows} to {last} are not as they were written")
        self._verified[chunk] = True
        return raw

    def _unpacked(self, raw: Bytes) -> Bytes:
        content = unpack(raw, self._rows * self._row_bytes, self._dtype.itemsize, self._compression)
        if len(content) != self._rows * self._row_bytes:
            raise BadBytesError(f"a chunk holds {len(content)} bytes of {self._rows * self._row_bytes}")
        return content


def _verified(descriptor: int, table: str, chunks: int) -> Mask:
    """Return the marks of the chunks that this process has verified before."""
    status = os.fstat(descriptor)
    key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, table)
    if key not in _VERIFIED or len(_VERIFIED[key]) != chunks:
        _VERIFIED[key] = np.zeros(chunks, bool)
    return _VERIFIED[key]
