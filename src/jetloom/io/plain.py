"""Reading uncompressed chunks straight from the file into the array that is given back, at the speed of a raw file.

HDF5 copies such chunks twice on their way, through its own cache.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt


class PlainChunks:
    """The chunks of an uncompressed dataset.

    Parameters
    ----------
    dataset : h5py.Dataset
        Chunked along its first axis only, without filters.
    descriptor : int
        The open file.
    """

    def __init__(self, dataset: Any, descriptor: int) -> None:
        self._descriptor = descriptor
        self._dtype, self._tail = dataset.dtype, dataset.shape[1:]
        self._rows = dataset.chunks[0]
        self._row_bytes = dataset.dtype.itemsize * int(np.prod(self._tail, dtype=np.int64))
        offsets: dict[int, int] = {}
        dataset.id.chunk_iter(lambda chunk: offsets.__setitem__(chunk.chunk_offset[0], chunk.byte_offset))
        self._offsets = offsets

    def read(self, start: int, stop: int) -> npt.NDArray[np.void]:
        """Read rows ``start`` to ``stop``.

        Raises
        ------
        OSError
            If a chunk is not there or the file ends within it.
        """
        result = np.empty((stop - start, *self._tail), self._dtype)
        target = memoryview(result.view(np.uint8).reshape(-1).data)
        row = start
        while row < stop:
            corner = row - row % self._rows
            end = min(stop, corner + self._rows)
            if corner not in self._offsets:
                raise OSError(f"(no chunk for row {corner})")
            part = target[(row - start) * self._row_bytes : (end - start) * self._row_bytes]
            place = self._offsets[corner] + (row - corner) * self._row_bytes
            if os.preadv(self._descriptor, [part], place) != len(part):
                raise OSError(f"(the file ends within row {corner} and the following)")
            row = end
        return result


def is_plain(dataset: Any) -> bool:
    """Say whether a dataset's chunks lie in the file as they are in memory."""
    filters = dataset.id.get_create_plist().get_nfilters()
    return bool(filters == 0 and dataset.chunks is not None and dataset.chunks[1:] == dataset.shape[1:])
