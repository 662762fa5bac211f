"""From event blocks to structured arrays: one row a jet, and a fixed number of places for what belongs to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.conversion.kernels import fill, hardest
from jetloom.io.layout import Layout
from jetloom.io.root.events import Collection, EventBlock
from jetloom.samples.repeated import EVENT

Rows = npt.NDArray[np.void]
CACHED_BYTES = 1 << 19
"""Rows are filled in parts of this size, because all columns of a row share its cache lines."""


def jet_rows(block: EventBlock, layout: Layout) -> Rows:
    """Return one row a jet: columns of its event, its own, and how many of each collection belong to it.

    Returns
    -------
    structured array of shape (jets,)
        Of the type ``layout.jets_dtype()``.
    """
    rows = np.zeros(len(block.jets), layout.jets_dtype())
    counts = block.jets.counts
    for name in layout.types["events"]:
        rows[name] = np.repeat(block.events[name], counts)
    for name in layout.types["jets"]:
        rows[name] = block.jets.columns[name]
    for name in layout.collections:
        rows[f"n_{name}"] = block.others[name].counts
    return rows


def event_rows(block: EventBlock, channel: str) -> Rows:
    """Return one row an event: what tells it from others. ``channel`` names the variable of its process, or is ""."""
    rows = np.zeros(block.entries, EVENT)
    for name in ("run_number", "event_number"):
        rows[name] = block.events[name]
    numbers = block.events.get(channel, np.full(block.entries, -1))
    rows["channel"] = np.where(np.isfinite(numbers), numbers, -1)
    return rows


def collection_rows(collection: Collection, dtype: np.dtype[Any], slots: int) -> Rows:
    """Return the hardest rows of each parent in places of a fixed number.

    Parameters
    ----------
    collection : Collection
        Sorted by falling ``pt`` here if it has one, otherwise taken as it stands.
    dtype : dtype
        Compound type whose last field is the bool ``valid``.
    slots : int
        Number of places; what does not fit is left out.

    Returns
    -------
    structured array of shape (parents, slots)
        Zeros where ``valid`` is False.
    """
    rows = np.zeros((len(collection.offsets) - 1, slots), dtype)
    fill_rows(rows, collection, 0)
    return rows


def fill_rows(rows: Rows, collection: Collection, start: int) -> None:
    """Fill rows in place with those of the parents from ``start`` on, see :func:`collection_rows`.

    Parameters
    ----------
    rows : structured array of shape (n, slots)
        What it holds is overwritten.
    collection : Collection
        Has at least ``start + n`` parents.
    start : int
        First parent.
    """
    pt = collection.columns.get("pt")
    keys = pt.astype(np.float32, copy=False) if pt is not None else np.zeros(len(collection), np.float32)
    names = [name for name in rows.dtype.names or () if name != "valid"]
    step = max(1, CACHED_BYTES // (rows.dtype.itemsize * rows.shape[1]))
    for first in range(0, len(rows), step):
        part = rows[first : first + step]
        part.view(np.uint8)[...] = 0
        place = np.empty(part.shape, np.int64)
        parent = start + first
        hardest(collection.offsets[parent : parent + len(part) + 1], keys, place)
        for name in names:
            fill(part[name], place, collection.columns[name])
        np.greater_equal(place, 0, out=part["valid"])


class Places:
    """Fills the table of a collection chunk by chunk in one buffer, which stays in the processor's cache.

    Parameters
    ----------
    dtype : dtype
        Compound type of the table.
    slots : int
        Its number of places.
    chunk : int
        Rows of a chunk of the file: whole chunks are written without another copy.
    """

    def __init__(self, dtype: np.dtype[Any], slots: int, chunk: int) -> None:
        self._rows: Rows = np.zeros((chunk, slots), dtype)
        self._used = 0

    def chunks(self, collection: Collection) -> Iterator[Rows]:
        """Take all parents of a collection in.

        Yields
        ------
        structured array of shape (chunk, slots)
            Each time that the chunk is full; overwritten after that.
        """
        parents, start = len(collection.offsets) - 1, 0
        while start < parents:
            count = min(len(self._rows) - self._used, parents - start)
            fill_rows(self._rows[self._used : self._used + count], collection, start)
            start += count
            self._used += count
            if self._used == len(self._rows):
                self._used = 0
                yield self._rows

    def rest(self) -> Rows:
        """Return the rows of the last chunk, which is not full."""
        return self._rows[: self._used]


def truncated(collection: Collection, slots: int) -> int:
    """Return the number of rows that find a place when each parent has ``slots`` of them."""
    return int(np.minimum(collection.counts, slots).sum())
