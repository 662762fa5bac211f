"""What the steps since the last row of the history add up to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple

import numpy as np
import numpy.typing as npt

from jetloom.statistics.meaning import WeightSums
from jetloom.training.steppers.base import Sums


class Totals:
    """Sums over steps; those of the newest are waited for as late as possible, because a device may still work on it.

    Parameters
    ----------
    names : sequence of str
        What a step gives the weighted sums of, the loss first.
    losses : sequence of str
        The losses of updates, one number a step each, that it gives after them.
    sums : list of float
        Of the steps before, as a checkpoint has them; empty if there are none.
    """

    def __init__(self, names: Sequence[str], losses: Sequence[str], sums: list[float]) -> None:
        self.names, self.losses = names, losses
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
        new = [*np.asarray(sums, np.float64).tolist(), 1.0, *astuple(weights)]
        # Of several losses one that is no number ends the training as well.
        loss = next((value for value in (new[0], *new[len(self.names) : -5]) if not math.isfinite(value)), new[0])
        if math.isfinite(loss):
            before = self.sums or [0.0] * len(new)
            self.sums = [old + value for old, value in zip(before, new, strict=True)]
        return float(loss)

    def means(self) -> tuple[dict[str, float], str]:
        """Return the weighted means, and why they mean nothing, if so; they are NaN then, like any other figure."""
        *sums, _, rows, total, squares, negative = self.sums or [math.nan] * len(self.names) + [0.0] * 5
        doubt = WeightSums(int(rows), total, squares, int(negative)).doubt()
        means = zip(self.names, sums, strict=False)
        return {name: math.nan if doubt else value / total for name, value in means}, doubt

    def losses_of_updates(self) -> dict[str, float]:
        """Return the mean over the steps of the loss of each update."""
        place = len(self.names)
        return {name: self.sums[place + k] / self.sums[-5] for k, name in enumerate(self.losses)}
