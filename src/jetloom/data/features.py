"""What a network takes of a block: the inputs of its rows as one matrix, and those of a collection with its mask."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jetloom.data.block import Block
from jetloom.data.collections import Rows, Slots
from jetloom.data.view import DataFacts


def input_matrix(rows: Rows, names: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return columns of structured rows as a matrix of shape (rows, columns).

    The parts hold the inputs as the first fields, all float32, so that this is one strided copy.
    """
    width = 4 * len(names)
    fields = rows.dtype.names or ()
    if list(fields[: len(names)]) == list(names) and rows.flags.c_contiguous:
        raw = rows.view(np.uint8).reshape(len(rows), rows.dtype.itemsize)[:, :width]
        return np.ascontiguousarray(raw).view(np.float32)
    return np.stack([rows[name] for name in names], axis=1).astype(np.float32)


def slot_matrix(slots: Slots, names: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return columns of a collection of slots, shape (rows, slots, columns): zeros where no entry is.

    The parts hold the inputs as the first fields, all float32, so that this is one strided copy.
    """
    values = slots.values
    fields = values.dtype.names or ()
    if list(fields[: len(names)]) == list(names) and values.flags.c_contiguous:
        raw = values.view(np.uint8).reshape(*values.shape, values.dtype.itemsize)[..., : 4 * len(names)]
        return np.ascontiguousarray(raw).view(np.float32)
    return np.stack([values[name] for name in names], axis=-1).astype(np.float32)


def slot_inputs(jets: Block, name: str, data: DataFacts) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return what a network takes of a collection.

    Parameters
    ----------
    jets : Block
        Some rows of a dataset.
    name : str
        The collection, one of those that the model ``reads``.
    data : DataFacts
        What the model is told of the dataset.

    Returns
    -------
    values : float32 array, shape (rows, slots, inputs)
        In the order of ``data.collections[name].names``; NaN where a value is missing, zeros where no entry is.
    valid : bool array, shape (rows, slots)
        Which slots are filled: the network leaves the others out.
    """
    slots = jets.collections[name]
    assert isinstance(slots, Slots)
    return slot_matrix(slots, data.collections[name].names), np.ascontiguousarray(slots.values["valid"])
