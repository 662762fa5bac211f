"""A block of rows on its way to a model, with the collections that belong to them."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from jetloom.data.collections import Chosen, Collection, Index, Ragged, Rows, Slots, offsets_of
from jetloom.errors import CorruptFileError
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.trees import BRANCHING

BLOCK_ROWS = 1 << 16
"""Rows that are worked on at a time; bounds the memory of every stage."""

TREE_BLOCK_ROWS = 1 << 13
"""The same for rows with trees, each of some kilobytes."""

SLOT_BLOCK_BYTES = 1 << 25
"""So many bytes of slots a block has at most."""

BRANCHINGS = "branchings"
"""Name of the collection that holds the trees (:data:`jetloom.io.trees.BRANCHING`)."""


@dataclass(frozen=True)
class Block:
    """Some rows: jets, or events.

    Attributes
    ----------
    rows : structured array, shape (n,)
        Their columns; ``block["pt"]`` gives one.
    collections : dict of str to Slots or Ragged
        What belongs to them, by name, each for as many rows.
    unit : {"jets", "events"}
        What a row is. It is also the name of the table that holds them in files.
    """

    rows: Rows
    collections: Mapping[str, Collection] = field(default_factory=dict)
    unit: Literal["jets", "events"] = "jets"

    @classmethod
    def of_trees(cls, rows: Rows, branchings: Rows, offsets: Index) -> Block:
        """Return jets with their trees; the branchings of jet i are ``branchings[offsets[i]:offsets[i + 1]]``."""
        return cls(rows, {BRANCHINGS: Ragged(branchings, offsets)})

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, column: str) -> npt.NDArray[Any]:
        return self.rows[column]

    @property
    def trees(self) -> Ragged | None:
        """The branchings of the trees, or None where there are no trees."""
        found = self.collections.get(BRANCHINGS)
        return found if isinstance(found, Ragged) else None

    @property
    def branchings(self) -> Rows | None:
        """Branchings of all trees, one jet after the other, shape (m,)."""
        return None if self.trees is None else self.trees.values

    @property
    def offsets(self) -> Index | None:
        """Where the branchings of each jet begin and end, shape (n + 1,)."""
        return None if self.trees is None else self.trees.offsets

    @property
    def lengths(self) -> Index:
        """Number of branchings of each jet, shape (n,)."""
        return np.zeros(len(self.rows), np.int64) if self.trees is None else self.trees.lengths

    def tree(self, jet: int) -> Rows:
        """Return the branchings of one jet; none where there are no trees."""
        return np.zeros(0, BRANCHING) if self.trees is None else self.trees[jet]

    @property
    def runs(self) -> tuple[Rows, Index, Index]:
        """Where the trees lie: a table of branchings, and the first row and number of rows of each jet in it.

        Raises
        ------
        ValueError
            If there are no trees.
        """
        if self.trees is None:
            raise ValueError("the jets have no trees")
        return self.trees.runs

    def take(self, index: Chosen) -> Block:
        """Return some of the rows: a mask, positions in any order, or a slice."""
        collections = {name: collection.take(index) for name, collection in self.collections.items()}
        return replace(self, rows=self.rows[index], collections=collections)

    def pick(self, index: npt.NDArray[np.integer]) -> Block:
        """Return some of the rows, positions in any order, without a copy of ragged collections."""
        collections = {name: collection.pick(index) for name, collection in self.collections.items()}
        return replace(self, rows=self.rows[index], collections=collections)

    def with_rows(self, rows: Rows) -> Block:
        """Return the same with other columns, row by row."""
        return replace(self, rows=rows)

    @staticmethod
    def concatenate(parts: Sequence[Block]) -> Block:
        """Put blocks of the same columns and collections together."""
        rows = np.concatenate([part.rows for part in parts])
        collections: dict[str, Collection] = {}
        for name, first in parts[0].collections.items():
            found = [part.collections[name] for part in parts]
            if isinstance(first, Slots):
                collections[name] = Slots.concatenate([one for one in found if isinstance(one, Slots)])
            else:
                collections[name] = Ragged.concatenate([one for one in found if isinstance(one, Ragged)])
        return replace(parts[0], rows=rows, collections=collections)


def slots_in(reader: TableReader) -> dict[str, tuple[np.dtype[Any], int]]:
    """Return type and number of slots of each collection of slots that a file has."""
    shapes = {name: reader.slots(name) for name in reader.rows}
    return {name: (reader.dtype(name), slots) for name, slots in shapes.items() if slots is not None}


def _slots_read(reader: TableReader, reads: Set[str] | None) -> list[str]:
    """Return the collections of slots to read. Those that are named are not looked at first, which takes its time."""
    if reads is None:
        return list(slots_in(reader))
    return [name for name in sorted(reads) if name in reader.rows and name != BRANCHINGS]


def _trees_read(reader: TableReader, reads: Set[str] | None) -> bool:
    return BRANCHINGS in reader.rows and (reads is None or BRANCHINGS in reads)


def read_block(reader: TableReader, start: int, stop: int, reads: Set[str] | None = None) -> Block:
    """Read rows ``start`` to ``stop`` of ``jets``, with what belongs to them.

    Parameters
    ----------
    reader : TableReader
        The file.
    start, stop : int
        First row, and the row after the last.
    reads : set of str, optional
        The collections to read, as far as the file has them; all of them, if it is not given.

    Raises
    ------
    CorruptFileError
        If the data cannot be read back, or the rows of the jets do not lead to those of the branchings.
    """
    rows = reader.read("jets", start, stop)
    collections: dict[str, Collection] = {
        name: Slots(reader.read(name, start, stop)) for name in _slots_read(reader, reads)
    }
    if _trees_read(reader, reads):
        collections[BRANCHINGS] = _read_trees(reader, rows, start, stop)
    return Block(rows, collections)


def _read_trees(reader: TableReader, rows: Rows, start: int, stop: int) -> Ragged:
    """Read the branchings of some jets."""
    offsets = offsets_of(rows["n_branchings"].astype(np.int64))
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
    return Ragged(reader.read(BRANCHINGS, first, last), offsets)


def iter_blocks(
    reader: TableReader, rows: int | None = None, reads: Set[str] | None = None
) -> Generator[Block, None, None]:
    """Read all jets of a file from start to end, in blocks of whole chunks.

    Parameters
    ----------
    reader : TableReader
        The file.
    rows : int, optional
        About how many jets a block has; by default as many as bound the memory (fewer with trees or slots).
    reads : set of str, optional
        The collections to read, as far as the file has them; all of them, if it is not given.
    """
    if rows is None:
        rows = TREE_BLOCK_ROWS if _trees_read(reader, reads) else BLOCK_ROWS
    chunk = reader.chunk_rows("jets")
    step = max(1, rows // chunk) * chunk
    if names := _slots_read(reader, reads):
        width = sum(reader.dtype(name).itemsize * (reader.slots(name) or 1) for name in names)
        step = min(step, max(1, SLOT_BLOCK_BYTES // width))
    total = reader.count("jets")
    for start in range(0, total, step):
        yield read_block(reader, start, min(start + step, total), reads)
