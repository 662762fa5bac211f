"""The scaling of :mod:`jetloom.physics.scaling` and the inputs of :mod:`jetloom.data.fitting.tree_inputs` on tensors.

The variables lie along the first axis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from keras import ops

from jetloom.physics.scaling import LARGEST, SMALLEST


class Scaler:
    """Maps some variables to [0, 1], or to what a network sees of them.

    Parameters
    ----------
    limits : dict
        The two limits of each variable.
    scaling : str
        ``log`` or ``log1p``.
    variables : sequence of str
        The variables, in the order of the first axis.
    seen : dict, optional
        What :class:`jetloom.data.fitting.tree_inputs.TreeInputs` describes: values below its floor are lifted onto it,
        masses of rounding count as none, and all is centred and scaled. Without it the plain scaled values come out.
    places : sequence of str
        Whose mean and standard deviation holds: of so many momenta or branchings the variables are.
    """

    def __init__(
        self,
        limits: dict[str, Sequence[float]],
        scaling: str,
        variables: Sequence[str],
        seen: dict[str, Any] | None = None,
        places: Sequence[str] = (),
    ) -> None:
        self.scaling = scaling
        linear = np.array([name == "phi" for name in variables])
        self._linear = linear[:, None]
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
        self._standard: tuple[Any, Any] | None = None
        self._floor: Any = None
        self._masses: tuple[list[int], list[int], float] | None = None
        if seen is not None:
            mean, std = (np.concatenate([seen[place][key] for place in places]) for key in ("mean", "std"))
            self._standard = _column(mean), _column(1.0 / std)
            self._floor = _column(np.where(linear, -np.inf, seen["floor"]))
            masses = [row for row, name in enumerate(variables) if name == "m"]
            energies = [row for row, name in enumerate(variables) if name == "e"]
            self._masses = (energies, masses, seen["massless"]) if masses else None

    def __call__(self, values: Any) -> Any:
        """Scale values of shape (variables, n)."""
        values = self._without_rounding(values)
        clipped = ops.clip(values, SMALLEST, LARGEST)
        logarithm = ops.log(clipped) if self.scaling == "log" else ops.log1p(clipped * self._factor)
        scaled = ops.where(self._linear, values, logarithm) * self._slope + self._offset
        if self._standard is None:
            return scaled
        mean, inverse = self._standard
        return (ops.maximum(scaled, self._floor) - mean) * inverse

    def _without_rounding(self, values: Any) -> Any:
        """Set masses that are rounding to nothing."""
        if self._masses is None:
            return values
        energies, masses, massless = self._masses
        rows = [values[row] for row in range(len(self._slope))]
        for energy, mass in zip(energies, masses, strict=True):
            rows[mass] = ops.where(rows[mass] > massless * rows[energy], rows[mass], 0.0)
        return ops.stack(rows, axis=0)


def bins(scaled: Any, granularity: int) -> Any:
    """Return the bins of scaled values, int32; what lies beyond [0, 1] is in the bin beside it."""
    return ops.cast(ops.clip(scaled * granularity, 0, granularity - 1), "int32")


def _column(values: npt.ArrayLike, dtype: Any = np.float32) -> Any:
    return np.array(values, dtype)[:, None]
