"""What the steps since the last row of the history add up to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.statistics.meaning import WeightSums
from jetloom.training.steppers.base import Sums


class Totals:
    """Sums over steps; those of the newest are waited for as late as possible, because a device may still work on it.

    Parameters
    ----------
    names : sequence of str
        What a step gives the weighted sums of, the loss first.
    sums : list of float
        Of the steps before, as a checkpoint has them; empty if there are none.
    """

    def __init__(self, names: Sequence[str], sums: list[float]) -> None:
        self.names = names
        self.sums = sums
        self._newest: tuple[Sums, WeightSums] | None = None

    def note(self, sums: Sums, weights: npt.NDArray[np.float32]) -> None:
        """Take note of a step: what it gave, and the weights of its rows. The step before must have been counted."""
        self._newest = sums, WeightSums.of(weights)

    def count(self) -> float:
        """Wait for the newest step and count it; return its loss. One that is no number is not counted."""
        if self._newest is None:
            return 0.0
        (sums, weights), self._newest = self._newest, None
        new = [*np.asarray(sums, np.float64).tolist(), *astuple(weights)]
        if math.isfinite(new[0]):
            before = self.sums or [0.0] * len(new)
            self.sums = [old + value for old, value in zip(before, new, strict=True)]
        return float(new[0])

    def means(self) -> tuple[dict[str, float], str]:
        """Return the weighted means, and why they mean nothing, if so; they are NaN then, like any other figure."""
        *sums, rows, total, squares, negative = self.sums or [math.nan] * len(self.names) + [0.0] * 4
        doubt = WeightSums(int(rows), total, squares, int(negative)).doubt()
        return {name: math.nan if doubt else value / total for name, value in zip(self.names, sums, strict=True)}, doubt
