"""A block of jets on its way to a model: rows, and the branchings of their trees where there are some."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import CorruptFileError
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.trees import BRANCHING

Rows = npt.NDArray[np.void]
Index = npt.NDArray[np.int64]

BLOCK_ROWS = 1 << 16
"""Jets that are worked on at a time; bounds the memory of every stage."""

TREE_BLOCK_ROWS = 1 << 13
"""The same for jets with trees, each of some kilobytes."""


@dataclass(frozen=True)
class Jets:
    """Some jets.

    Attributes
    ----------
    rows : structured array, shape (n,)
        Columns of the jets; ``jets["pt"]`` gives one.
    branchings : structured array, shape (m,), or None
        Branchings of all their trees, one jet after the other (:data:`jetloom.io.trees.BRANCHING`).
    offsets : int64 array, shape (n + 1,), or None
        The branchings of jet i are ``branchings[offsets[i]:offsets[i + 1]]``.
    """

    rows: Rows
    branchings: Rows | None = None
    offsets: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, column: str) -> npt.NDArray[Any]:
        return self.rows[column]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Number of branchings of each jet, shape (n,)."""
        return np.zeros(len(self.rows), np.int64) if self.offsets is None else np.diff(self.offsets)

    def tree(self, jet: int) -> Rows:
        """Return the branchings of one jet; none where there are no trees."""
        if self.branchings is None or self.offsets is None:
            return np.zeros(0, BRANCHING)
        return self.branchings[self.offsets[jet] : self.offsets[jet + 1]]

    def take(self, index: npt.NDArray[np.bool_] | npt.NDArray[np.integer] | slice) -> Jets:
        """Return some of the jets: a mask, positions in any order, or a slice."""
        rows = self.rows[index]
        if self.branchings is None or self.offsets is None:
            return Jets(rows)
        starts = self.offsets[:-1][index]
        lengths = self.offsets[1:][index] - starts
        offsets = _offsets(lengths)
        if isinstance(index, slice) and index.step in (None, 1):
            first = int(starts[0]) if len(starts) else 0
            return Jets(rows, self.branchings[first : first + int(offsets[-1])], offsets)
        from jetloom.data.gather import gather

        return Jets(rows, gather(self.branchings, starts, lengths), offsets)

    def pick(self, index: npt.NDArray[np.integer]) -> Jets:
        """Return some of the jets, positions in any order, without a copy of their trees: see :class:`Picked`."""
        return self.take(index) if self.branchings is None or self.offsets is None else Picked(self, index)

    @property
    def runs(self) -> tuple[Rows, Index, Index]:
        """Where the trees lie: a table of branchings, and the first row and number of rows of each jet in it.

        Raises
        ------
        ValueError
            If there are no trees.
        """
        if self.branchings is None or self.offsets is None:
            raise ValueError("the jets have no trees")
        return self.branchings, self.offsets[:-1], np.diff(self.offsets)

    @staticmethod
    def concatenate(parts: Sequence[Jets]) -> Jets:
        """Put blocks of the same columns together."""
        rows = np.concatenate([part.rows for part in parts])
        if parts[0].branchings is None:
            return Jets(rows)
        branchings = [_plain(part.branchings) for part in parts if part.branchings is not None]
        return Jets(
            rows,
            np.concatenate(branchings).view(parts[0].branchings.dtype),
            _offsets(np.concatenate([part.lengths for part in parts])),
        )


class Picked(Jets):
    """Jets of a block whose trees stay where they are, until someone asks for them one after the other.

    Parameters
    ----------
    block : Jets
        With trees. It stays in memory as long as these jets do.
    index : array of int, shape (n,)
        Positions in it, in any order.
    """

    def __init__(self, block: Jets, index: npt.NDArray[np.integer]) -> None:
        table, starts, lengths = block.runs
        # Not by way of Jets, which would set the trees: they are made when they are asked for.
        object.__setattr__(self, "rows", block.rows[index])
        object.__setattr__(self, "_runs", (table, starts[index], lengths[index]))

    _runs: tuple[Rows, Index, Index]

    @property
    def runs(self) -> tuple[Rows, Index, Index]:
        """Where the trees lie; see :attr:`Jets.runs`."""
        return self._runs

    @cached_property
    def branchings(self) -> Rows:
        """The branchings of all trees, one jet after the other: a copy."""
        from jetloom.data.gather import gather

        return gather(*self.runs)

    @cached_property
    def offsets(self) -> Index:
        """Where they begin and end; see :class:`Jets`."""
        return _offsets(self.runs[2])


def _plain(rows: Rows) -> Rows:
    """See rows as bytes without fields: NumPy copies these six times as fast."""
    return rows.view(np.dtype((np.void, rows.dtype.itemsize)))


def _offsets(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])


def read_jets(reader: TableReader, start: int, stop: int) -> Jets:
    """Read rows ``start`` to ``stop`` of ``jets``, with the branchings of their trees if the file has some.

    Raises
    ------
    CorruptFileError
        If the data cannot be read back, or the rows of the jets do not lead to those of the branchings.
    """
    rows = reader.read("jets", start, stop)
    if "branchings" not in reader.rows:
        return Jets(rows)
    offsets = _offsets(rows["n_branchings"].astype(np.int64))
    first = int(rows["first_branching"][0]) if len(rows) else 0
    last = first + int(offsets[-1])
    follow = np.array_equal(rows["first_branching"] - first, offsets[:-1])
    if not follow or first < 0 or last > reader.rows["branchings"] or (rows["n_branchings"] < 0).any():
        raise CorruptFileError(
            f"the rows of jets {start} to {stop} do not follow those of their branchings",
            path=reader.path,
            where="first_branching",
            advice="make it again",
        )
    return Jets(rows, reader.read("branchings", first, last), offsets)


def jet_blocks(reader: TableReader, rows: int | None = None) -> Generator[Jets, None, None]:
    """Read all jets of a file from start to end, in blocks of whole chunks.

    Parameters
    ----------
    reader : TableReader
        The file.
    rows : int, optional
        About how many jets a block has; by default as many as bound the memory (fewer with trees).
    """
    if rows is None:
        rows = TREE_BLOCK_ROWS if "branchings" in reader.rows else BLOCK_ROWS
    chunk = reader.chunk_rows("jets")
    step = max(1, rows // chunk) * chunk
    total = reader.count("jets")
    for start in range(0, total, step):
        yield read_jets(reader, start, min(start + step, total))
