"""Single jets of a dataset: read by row, found by event, drawn by lot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.data.block import Block, read_block
from jetloom.errors import ConfigurationError, EmptySampleError
from jetloom.io.hdf5.tables import TableReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jetloom.data.view import View

Index = npt.NDArray[np.int64]


def read_rows(view: View, role: str, rows: Sequence[int] | Index) -> Block:
    """Read some jets of a role, in the order asked for.

    Parameters
    ----------
    view : View
    role : str
        ``train``, ``validation`` or ``test``.
    rows : sequence of int
        Rows, counted over the files of the role.

    Raises
    ------
    ConfigurationError
        If there is no such row.
    """
    wanted = np.asarray(rows, dtype=np.int64)
    found: dict[int, Block] = {}
    first = 0
    for path in view.files[role]:
        with TableReader(path) as reader:
            size = reader.count("jets")
            for row in wanted[(wanted >= first) & (wanted < first + size)]:
                found[int(row)] = read_block(reader, int(row) - first, int(row) - first + 1)
            first += size
    for row in wanted:
        if int(row) not in found:
            raise ConfigurationError(f"has no row {row}", where=f"{role} part", advice=f"there are {first}")
    return Block.concatenate([found[int(row)] for row in wanted])


def rows_of_event(view: View, role: str, run: int, event: int) -> Index:
    """Return the rows of a role that hold jets of an event.

    Raises
    ------
    EmptySampleError
        If there are none.
    """
    first, found = 0, [np.zeros(0, np.int64)]
    for block in view.blocks(role):
        same = (block["run_number"] == run) & (block["event_number"] == event)
        found.append(first + np.flatnonzero(same))
        first += len(block)
    rows = np.concatenate(found)
    if not len(rows):
        raise EmptySampleError(f"has no jet of run {run}, event {event}", where=f"{role} part")
    return rows


def draw_lots(candidates: npt.NDArray[Any], number: int, generator: np.random.Generator) -> Index:
    """Return ``number`` of the candidates in rising order, or all of them if there are fewer."""
    size = min(number, len(candidates))
    return np.sort(generator.choice(candidates, size, replace=False)).astype(np.int64)
