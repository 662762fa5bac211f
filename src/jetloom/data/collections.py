"""What belongs to the rows of a block: tables of slots, and runs of rows of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.void]
Index = npt.NDArray[np.int64]
Chosen = npt.NDArray[np.bool_] | npt.NDArray[np.integer] | slice
"""A mask, positions in any order, or a slice."""


@dataclass(frozen=True)
class Slots:
    """A collection of which each row has the same number of slots, filled or not.

    Attributes
    ----------
    values : structured array, shape (n, slots)
        The field ``valid`` (bool) says which slots are filled.
    """

    values: Rows

    def __len__(self) -> int:
        return len(self.values)

    def take(self, index: Chosen) -> Slots:
        """Return the slots of some rows."""
        if isinstance(index, slice):
            return Slots(self.values[index])
        return Slots(_raw(self.values)[index].view(self.values.dtype))

    def pick(self, index: npt.NDArray[np.integer]) -> Slots:
        """Return the slots of some rows, positions in any order."""
        return self.take(index)

    @staticmethod
    def concatenate(parts: Sequence[Slots]) -> Slots:
        """Put collections of the same columns and slots together."""
        return Slots(np.concatenate([_raw(part.values) for part in parts]).view(parts[0].values.dtype))


@dataclass(frozen=True)
class Ragged:
    """A collection of which each row has as many entries as it has.

    Attributes
    ----------
    values : structured array, shape (m,)
        Those of all rows, one row after the other.
    offsets : int64 array, shape (n + 1,)
        Those of row i are ``values[offsets[i]:offsets[i + 1]]``.
    """

    values: Rows
    offsets: Index

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, row: int) -> Rows:
        """Return what belongs to one row."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    @property
    def lengths(self) -> Index:
        """How many each row has, shape (n,)."""
        return np.diff(self.offsets)

    @property
    def runs(self) -> tuple[Rows, Index, Index]:
        """Where they lie: a table, and the first entry and number of entries of each row in it."""
        return self.values, self.offsets[:-1], self.lengths

    def take(self, index: Chosen) -> Ragged:
        """Return what belongs to some rows."""
        table, starts, lengths = self.runs
        starts, lengths = starts[index], lengths[index]
        offsets = offsets_of(lengths)
        if isinstance(index, slice) and index.step in (None, 1) and not isinstance(self, Picked):
            first = int(starts[0]) if len(starts) else 0
            return Ragged(table[first : first + int(offsets[-1])], offsets)
        from jetloom.data.gather import gather

        return Ragged(gather(table, starts, lengths), offsets)

    def pick(self, index: npt.NDArray[np.integer]) -> Ragged:
        """Return what belongs to some rows, positions in any order, without a copy of it: see :class:`Picked`."""
        return Picked(self, index)

    @staticmethod
    def concatenate(parts: Sequence[Ragged]) -> Ragged:
        """Put collections of the same columns together."""
        # As bytes without fields, which NumPy copies six times as fast.
        values = np.concatenate([part.values.view((np.void, part.values.dtype.itemsize)) for part in parts])
        return Ragged(values.view(parts[0].values.dtype), offsets_of(np.concatenate([part.lengths for part in parts])))


class Picked(Ragged):
    """Some rows' share of a collection, which stays where it is until someone asks for it one row after the other.

    Parameters
    ----------
    whole : Ragged
        It stays in memory as long as this does.
    index : array of int, shape (n,)
        Positions in it, in any order.
    """

    def __init__(self, whole: Ragged, index: npt.NDArray[np.integer]) -> None:
        table, starts, lengths = whole.runs
        # Not by way of Ragged, which would set the values: they are made when they are asked for.
        object.__setattr__(self, "_runs", (table, starts[index], lengths[index]))

    _runs: tuple[Rows, Index, Index]

    @property
    def runs(self) -> tuple[Rows, Index, Index]:
        """Where they lie; see :attr:`Ragged.runs`."""
        return self._runs

    @property
    def lengths(self) -> Index:
        """How many each row has, shape (n,)."""
        return self._runs[2]

    @cached_property
    def values(self) -> Rows:
        """Those of all rows, one row after the other: a copy."""
        from jetloom.data.gather import gather

        return gather(*self._runs)

    @cached_property
    def offsets(self) -> Index:
        """Where they begin and end; see :class:`Ragged`."""
        return offsets_of(self.lengths)


Collection = Slots | Ragged


def _raw(values: Rows) -> npt.NDArray[np.uint8]:
    """See slots as bytes, shape (n, bytes): NumPy copies these eight times as fast as fields."""
    return np.ascontiguousarray(values).view(np.uint8)


def offsets_of(lengths: Index) -> Index:
    """Return where runs of such lengths begin and end, one after the other, shape (n + 1,)."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
