"""Writing the jets of a part, with the branchings of their trees: offsets are those of the new file."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from jetloom.data.block import Block
from jetloom.data.collections import Rows
from jetloom.io.hdf5.tables import TableWriter
from jetloom.io.trees import BRANCHING


class PartWriter:
    """Appends blocks of jets to a new file: table ``jets``, and ``branchings`` if they have trees.

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
    """

    def __init__(self, path: Path, dtype: np.dtype[Any], trees: bool, compression: str = "lz4") -> None:
        tables: dict[str, tuple[np.dtype[Any], int | None]] = {"jets": (dtype, None)}
        if trees:
            tables["branchings"] = (BRANCHING, None)
        self._writer = TableWriter(path, tables, compression)
        self._trees = trees
        self._branchings = 0

    def append(self, jets: Block) -> Block:
        """Append a block; give it as it was written."""
        if not self._trees or jets.branchings is None or jets.offsets is None:
            self._writer.append(jets=jets.rows)
            return Block(jets.rows)
        rows, branchings = jets.rows.copy(), _fields(jets.branchings)
        rows["first_branching"] = self._branchings + jets.offsets[:-1]
        self._branchings += len(branchings)
        self._writer.append(jets=rows, branchings=branchings)
        return Block.of_trees(rows, branchings, jets.offsets)

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
