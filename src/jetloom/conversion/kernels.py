"""The two inner loops of the conversion, compiled by numba once and kept on the disk."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

SHORT = 48
"""Up to this many elements, insertion sort beats merge sort."""


@njit(cache=True)
def hardest(offsets: npt.NDArray[np.int64], pt: npt.NDArray[np.float32], source: npt.NDArray[np.int64]) -> None:
    """Find the rows of each parent in order of falling pt; equal ones stay in their order.

    Parameters
    ----------
    offsets : int64 array of ``n_parent + 1``
        Rows of each parent.
    pt : float32 array
        Of all rows; finite.
    source : int64 array of ``(n_parent, slots)``
        Result: the row of each place, -1 for empty places.
    """
    slots = source.shape[1]
    keys = np.empty(SHORT + 1, np.float32)
    for parent in range(source.shape[0]):
        start, stop = offsets[parent], offsets[parent + 1]
        count = stop - start
        falling = True
        for row in range(start + 1, stop):
            if pt[row] > pt[row - 1]:
                falling = False
                break
        if falling:
            for place in range(min(count, slots)):
                source[parent, place] = start + place
        elif count <= SHORT:
            # Insertion into the places themselves: what falls out at the end was not among the hardest.
            filled = 0
            for row in range(start, stop):
                key = pt[row]
                if filled < slots:
                    place = filled
                    filled += 1
                elif key > keys[slots - 1]:
                    place = slots - 1
                else:
                    continue
                while place > 0 and keys[place - 1] < key:
                    keys[place] = keys[place - 1]
                    source[parent, place] = source[parent, place - 1]
                    place -= 1
                keys[place] = key
                source[parent, place] = row
        else:
            order = np.argsort(-pt[start:stop], kind="mergesort")
            for place in range(min(count, slots)):
                source[parent, place] = start + order[place]
        for place in range(min(count, slots), slots):
            source[parent, place] = -1


@njit(cache=True)
def fill(target: npt.NDArray[Any], source: npt.NDArray[np.int64], column: npt.NDArray[Any]) -> None:
    """Copy ``column[source]`` to ``target`` where ``source`` is not negative.

    Parameters
    ----------
    target : array of ``(n_parent, slots)``
        May be one field of a structured array.
    source : int64 array of ``(n_parent, slots)``
        Rows of the column, filled places before empty ones.
    column : array
        Values.
    """
    for parent in range(source.shape[0]):
        for place in range(source.shape[1]):
            row = source[parent, place]
            if row < 0:
                break
            target[parent, place] = column[row]
