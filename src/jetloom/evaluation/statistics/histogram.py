"""Weighted histograms that are filled block by block and know their uncertainties."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.statistics.meaning import WeightSums

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Distribution:
    """What a figure shows of a histogram: ``edges`` of shape (bins + 1,), ``density`` and ``error`` of (bins,).

    The density is normalised to unit area, the error is one standard deviation. Both are 0 where they mean nothing, for
    the reason in ``doubt``, and where there are no ``jets``.
    """

    edges: Floats
    density: Floats
    error: Floats
    jets: int
    doubt: str = ""


class Histogram:
    """Sums of weights and of squared weights in bins.

    Parameters
    ----------
    edges : array of float, shape (bins + 1,)
        Rising edges. A value on the last edge is in the last bin.

    Attributes
    ----------
    sums, squares : arrays of float64, shape (bins,)
        Sums of weights, and of their squares.
    under, over, missing : float
        Sums of weights below the first edge, above the last one, and of values that are NaN.
    entries : int
        Number of values filled.
    lost : dict of str to int
        How many of them are ``below`` and ``above`` the edges, and ``undefined``.
    weights : WeightSums
        Of all of them.
    """

    def __init__(self, edges: Array) -> None:
        self.edges: Floats = np.asarray(edges, dtype=np.float64)
        self.sums: Floats = np.zeros(len(edges) - 1)
        self.squares: Floats = np.zeros(len(edges) - 1)
        self.under = self.over = self.missing = 0.0
        self.entries = 0
        self.lost = dict.fromkeys(("below", "above", "undefined"), 0)
        self.weights = WeightSums()

    def fill(self, values: Array, weights: Array | None = None) -> Histogram:
        """Add values of shape ``(n,)`` with their weights, and give the histogram itself."""
        weight = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)
        known = ~np.isnan(values)
        self.sums += np.histogram(values[known], self.edges, weights=weight[known])[0]
        self.squares += np.histogram(values[known], self.edges, weights=weight[known] ** 2)[0]
        below, above = values < self.edges[0], values > self.edges[-1]
        self.under += float(weight[below].sum())
        self.over += float(weight[above].sum())
        self.missing += float(weight[~known].sum())
        for name, chosen in zip(self.lost, (below, above, ~known), strict=True):
            self.lost[name] += int(chosen.sum())
        self.entries += len(values)
        self.weights.add(weight)
        return self

    @property
    def total(self) -> float:
        """The sum of all weights, those outside of the range included."""
        return float(self.sums.sum()) + self.under + self.over + self.missing

    def doubt(self) -> str:
        """Say why a distribution normalised to its area means nothing: negative weights leave too little of it."""
        return self.weights.doubt() if self.weights.negative else ""

    def density(self) -> tuple[Floats, Floats]:
        """Return the distribution normalised to unit area (all weights, outside of the range too) and its uncertainty.

        The uncertainty is sqrt(sum of w^2), scaled likewise. Zeros if the total is not positive.
        """
        if self.total <= 0:
            return np.zeros_like(self.sums), np.zeros_like(self.sums)
        scale = 1.0 / (self.total * np.diff(self.edges))
        return self.sums * scale, np.sqrt(self.squares) * scale

    def distribution(self) -> Distribution:
        """Return what is drawn of it."""
        doubt = self.doubt()
        nothing = np.zeros_like(self.sums), np.zeros_like(self.sums)
        return Distribution(self.edges, *(nothing if doubt else self.density()), self.entries, doubt)


def distributions(groups: Iterable[tuple[Array, Array]], edges: Array) -> list[Distribution]:
    """Return the distribution of each of some groups of jets, by values and weights of shape (n,)."""
    return [Histogram(edges).fill(values, weights).distribution() for values, weights in groups]


def central_edges(values: Array, bins: int) -> Floats:
    """Return the edges of equal bins that hold nearly all values: without 2 in 1000 at either end, with a little room.

    Parameters
    ----------
    values : array of float, shape (n,)
        Those that are not finite do not count; without any, the bins are those of -1 to 1.
    bins : int
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.linspace(-1.0, 1.0, bins + 1)
    low, high = np.quantile(finite, [0.002, 0.998])
    room = max(1e-6, 0.02 * (high - low))
    return np.linspace(low - room, high + room, bins + 1)
