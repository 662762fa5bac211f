"""What a network takes of a block: the inputs of its rows as one matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jetloom.data.collections import Rows


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
