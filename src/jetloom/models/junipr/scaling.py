"""The scaling and binning of :mod:`jetloom.physics.scaling` on tensors, the variables along the first axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from jetloom.physics.scaling import LARGEST, SMALLEST


class Scaler:
    """Maps some variables to [0, 1].

    Parameters
    ----------
    limits : dict
        The two limits of each variable.
    scaling : str
        ``log`` or ``log1p``.
    variables : sequence of str
        The variables, in the order of the first axis.
    """

    def __init__(self, limits: dict[str, Sequence[float]], scaling: str, variables: Sequence[str]) -> None:
        self.scaling = scaling
        self._linear = _column([name == "phi" for name in variables], np.bool_)
        slopes, offsets, factors = [], [], []
        for name in variables:
            low, high = limits[name]
            if name == "phi":
                slope, offset = 1 / (high - low), -low / (high - low)
            elif scaling == "log":
                slope = 1 / (math.log(high) - math.log(low))
                offset = -math.log(low) * slope
            else:
                slope, offset = 1 / math.log1p(low * high), 0.0
            slopes.append(slope)
            offsets.append(offset)
            factors.append(low)
        self._slope, self._offset, self._factor = (_column(values) for values in (slopes, offsets, factors))

    def __call__(self, values: Any) -> Any:
        """Scale values of shape (variables, n)."""
        clipped = ops.clip(values, SMALLEST, LARGEST)
        logarithm = ops.log(clipped) if self.scaling == "log" else ops.log1p(clipped * self._factor)
        return ops.where(self._linear, values, logarithm) * self._slope + self._offset


def bins(scaled: Any, granularity: int) -> Any:
    """Give the bins of scaled values, int32; what lies beyond [0, 1] is in the bin beside it."""
    return ops.cast(ops.clip(scaled * granularity, 0, granularity - 1), "int32")


def _column(values: Sequence[Any], dtype: Any = np.float32) -> Any:
    return np.array(values, dtype)[:, None]
