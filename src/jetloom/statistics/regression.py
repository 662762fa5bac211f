"""How predictions of a variable lie about its true values: bias and resolution, weighted by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.statistics.meaning import WeightSums

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

ONE_SIGMA = (0.15865525393145707, 0.8413447460685429)
"""The quantiles of a normal distribution one standard deviation below and above its mean."""


def bias(residuals: Array, weights: Array) -> float:
    """Return the weighted mean of residuals of shape (n,); NaN if the weights do not sum to more than 0."""
    total = float(np.sum(weights, dtype=np.float64))
    return float((residuals * np.asarray(weights, np.float64)).sum() / total) if total > 0 else float("nan")


class Residuals:
    """Residuals in rising order, of which weights are asked again and again.

    Parameters
    ----------
    values : array, shape (n,)
    """

    def __init__(self, values: Array) -> None:
        self.order = np.argsort(values, kind="stable")
        self.values: Floats = np.asarray(values, np.float64)[self.order]

    def quantiles(self, weights: Array, probabilities: Array | tuple[float, ...]) -> Floats:
        """Return weighted quantiles.

        Parameters
        ----------
        weights : array, shape (n,)
            Where negative ones make the cumulated sum fall, it stays what it was.
        probabilities : array or tuple, shape (k,)

        Returns
        -------
        float64 array, shape (k,)
            NaN if the weights do not sum to more than 0. Each value stands in the middle of its own weight, and between
            values it is interpolated.
        """
        ordered = np.asarray(weights, np.float64)[self.order]
        total = ordered.sum()
        if not total > 0:
            return np.full(len(probabilities), np.nan)
        middle = np.maximum.accumulate(np.cumsum(ordered) - ordered / 2)
        found: Floats = np.interp(np.asarray(probabilities) * total, middle, self.values)
        return found

    def resolution(self, weights: Array) -> float:
        """Return half the distance of the quantiles 16 % and 84 %: one sigma of a normal distribution."""
        low, high = self.quantiles(weights, ONE_SIGMA)
        return float(high - low) / 2


def resolution(residuals: Array, weights: Array) -> float:
    """Return half the distance of the weighted quantiles 16 % and 84 % of residuals of shape (n,)."""
    return Residuals(residuals).resolution(weights)


def doubt_of_spread(residuals: Array, weights: Array) -> str:
    """Say why bias and resolution mean nothing; nothing if they do mean something."""
    return WeightSums.of(weights).doubt() or ("" if np.isfinite(residuals).all() else "not a number")
