"""Writing the jets of a part, with what belongs to them: offsets of trees are those of the new file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import numpy as np

from jetloom.data.block import BRANCHINGS, Block
from jetloom.data.collections import Ragged, Rows, Slots
from jetloom.io.hdf5.tables import TableWriter
from jetloom.io.trees import BRANCHING


class PartWriter:
    """Appends blocks of jets to a new file: ``jets``, a table a collection, and ``branchings`` if they have trees.

    Of the branchings only the fields that a training reads are kept (:data:`jetloom.io.trees.BRANCHING`).

    Parameters
    ----------
    path : Path
        File to create.
    dtype : dtype
        Of the rows of ``jets``.
    trees : bool
        Whether the jets have trees; their rows then have the columns :data:`jetloom.io.trees.JET_TREE`.
    compression : str
        Name of the filter.
    slots : mapping of str to (dtype, int), optional
        Type and number of slots of each collection of slots that goes into the file.
    """

    def __init__(
        self,
        path: Path,
        dtype: np.dtype[Any],
        trees: bool,
        compression: str = "lz4",
        slots: Mapping[str, tuple[np.dtype[Any], int]] = MappingProxyType({}),
    ) -> None:
        tables: dict[str, tuple[np.dtype[Any], int | None]] = {"jets": (dtype, None), **slots}
        if trees:
            tables["branchings"] = (BRANCHING, None)
        self._writer = TableWriter(path, tables, compression)
        self._trees, self._slots = trees, list(slots)
        self._branchings = 0

    def append(self, jets: Block) -> Block:
        """Append a block; give it as it was written."""
        slots = {name: one for name in self._slots if isinstance(one := jets.collections[name], Slots)}
        if not self._trees or jets.branchings is None or jets.offsets is None:
            self._writer.append(jets=jets.rows, **{name: one.values for name, one in slots.items()})
            return Block(jets.rows, slots)
        rows, branchings = jets.rows.copy(), _fields(jets.branchings)
        rows["first_branching"] = self._branchings + jets.offsets[:-1]
        self._branchings += len(branchings)
        self._writer.append(jets=rows, branchings=branchings, **{name: one.values for name, one in slots.items()})
        return Block(rows, {**slots, BRANCHINGS: Ragged(branchings, jets.offsets)})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.__exit__(kind, error, trace)


def _fields(branchings: Rows) -> Rows:
    if branchings.dtype == BRANCHING:
        return branchings
    result = np.empty(len(branchings), BRANCHING)
    for name in BRANCHING.names or ():
        result[name] = branchings[name]
    return result
