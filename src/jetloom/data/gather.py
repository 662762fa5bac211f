"""Copying runs of neighbouring rows, compiled: a tree is one run, and a batch of trees is some two thousand rows."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt


def gather(
    rows: npt.NDArray[np.void], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.void]:
    """Return some runs of rows, one after the other.

    Parameters
    ----------
    rows : structured array, shape (m,)
    starts, lengths : int64 arrays, shape (n,)
        First row and number of rows of each run.

    Returns
    -------
    structured array, shape (lengths.sum(),)
    """
    rows = np.ascontiguousarray(rows)
    found = np.empty(int(lengths.sum()), rows.dtype)
    # Four bytes at a time, twice as fast as one, where rows consist of such: those of branchings do.
    word = np.dtype(np.uint8 if rows.dtype.itemsize % 4 else np.uint32)
    _gather(rows.view(word), starts, lengths, np.int64(rows.dtype.itemsize // word.itemsize), found.view(word))
    return found


@numba.njit(cache=True, nogil=True)
def _gather(
    source: npt.NDArray[np.unsignedinteger],
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    size: np.int64,
    target: npt.NDArray[np.unsignedinteger],
) -> None:  # pragma: no cover - compiled
    place = np.int64(0)
    for run in range(len(starts)):
        first, count = starts[run] * size, lengths[run] * size
        target[place : place + count] = source[first : first + count]
        place += count
