"""What is fitted of the collections of the training part: means, spreads and shares of missing values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.tasks.task import Task
from jetloom.data.block import Block
from jetloom.data.collections import Slots
from jetloom.data.features import slot_matrix
from jetloom.data.fitting.moments import Moments
from jetloom.data.fitting.spread import scaling_of
from jetloom.errors import EmptySampleError


def fit_slots(task: Task, name: str, blocks: Callable[[], Iterable[Block]]) -> dict[str, Any]:
    """Fit a collection on the filled slots of the training part: what only fills up takes no part.

    Parameters
    ----------
    task : Task
        Its ``scaling`` says what entries are scaled by, and ``missing`` of the collection what stands in the place of
        NaN.
    name : str
        The collection.
    blocks : callable
        Starts a pass over the jets of the training part, with the collection.

    Returns
    -------
    dict
        Of each input ``mean``, ``std``, ``missing``, ``missing_share``; ``suspects``, as of the inputs of jets;
        ``entries``, how many slots are filled.

    Raises
    ------
    EmptySampleError
        If no slot is filled, or an input is missing in all of them.
    """
    settings = task.collections[name]

    def filled() -> Iterator[npt.NDArray[np.float32]]:
        for block in blocks():
            slots = block.collections[name]
            assert isinstance(slots, Slots)
            yield slot_matrix(slots, settings.columns)[slots.values["valid"]]

    moments = Moments(len(settings.columns))
    for entries in filled():
        moments.add(entries)
    if moments.rows == 0:
        raise EmptySampleError("no slot is filled in the training part", where=f"collection '{name}'")
    for column, count in zip(settings.columns, moments.count, strict=True):
        if count == 0:
            raise EmptySampleError("is NaN in every entry of the training part", where=f"input '{column}' of '{name}'")
    scaled = scaling_of(task.scaling, settings.columns, moments, filled, name)
    values = [settings.missing.get(column, mean) for column, mean in zip(settings.columns, scaled["mean"], strict=True)]
    return {
        **scaled,
        "missing": [float(value) for value in values],
        "missing_share": moments.missing.tolist(),
        "entries": moments.rows,
    }
