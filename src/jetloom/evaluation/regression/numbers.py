"""How predictions lie about the true values: over all jets, of each class, and in bins of the true value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.classification.binned import quantile_edges
from jetloom.evaluation.statistics.bootstrap import Draws, bootstrap
from jetloom.evaluation.statistics.histogram import central_edges
from jetloom.statistics.meaning import Figure
from jetloom.statistics.regression import Residuals, bias, doubt_of_spread

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

NAMES = ("deviation", "bias", "resolution")
"""Mean size of the residuals, their mean, and half the distance of their quantiles 16 % and 84 %."""

BINS = 40
"""Bins of true and of predicted values in a figure."""


@dataclass(frozen=True)
class Predicted:
    """Jets with their true and their predicted values, shapes (n,)."""

    target: Floats
    predicted: Floats
    weights: Floats
    events: npt.NDArray[np.uint64]

    @property
    def residuals(self) -> Floats:
        """Predicted less true value."""
        return self.predicted - self.target

    def take(self, chosen: Array) -> Predicted:
        """Return some of the jets."""
        return Predicted(self.target[chosen], self.predicted[chosen], self.weights[chosen], self.events[chosen])


@dataclass(frozen=True)
class Plane:
    """Shares of predicted values in bins of the true value: ``share`` of shape (bins, bins), true values first."""

    edges: Floats
    share: Floats


@dataclass(frozen=True)
class Profile:
    """Bias and resolution in bins of the true value, shapes (bins,); NaN where they mean nothing."""

    edges: Floats
    bias: Floats
    bias_std: Floats
    resolution: Floats
    resolution_std: Floats


def spread(jets: Predicted, draws: Draws) -> dict[str, Figure]:
    """Return :data:`NAMES` with their uncertainties, by bootstrap over events; the bias has its sign."""
    residuals, doubt = jets.residuals, doubt_of_spread(jets.residuals, jets.weights)
    if doubt:
        return {name: Figure.of(np.nan, np.nan, doubt) for name in NAMES}
    ordered, sizes = Residuals(residuals), np.abs(residuals)

    def statistic(weights: Floats) -> Floats:
        return np.array([bias(sizes, weights), bias(residuals, weights), ordered.resolution(weights)])

    found = bootstrap(statistic, jets.weights, jets.events, draws)
    return {
        name: Figure.of(value, std, "")
        for name, value, std in zip(NAMES, found.value.tolist(), found.std.tolist(), strict=True)
    }


def plane(jets: Predicted) -> Plane:
    """Return how predicted values lie in bins of the true ones; a bin without jets has zeros."""
    edges = central_edges(np.concatenate([jets.target, jets.predicted]), BINS)
    sums = np.histogram2d(jets.target, jets.predicted, [edges, edges], weights=jets.weights)[0]
    total = sums.sum(axis=1, keepdims=True)
    return Plane(edges, np.where(total > 0, sums / np.where(total > 0, total, 1.0), 0.0))


def profile(jets: Predicted, draws: Draws) -> Profile:
    """Return bias and resolution in bins of the true value that hold about equally many jets."""
    edges = quantile_edges(jets.target, 10)
    place = np.clip(np.searchsorted(edges, jets.target, side="right") - 1, 0, len(edges) - 2)
    bins = [spread(jets.take(place == index), draws) for index in range(len(edges) - 1)]
    columns = [(one["bias"].value, one["bias"].std, one["resolution"].value, one["resolution"].std) for one in bins]
    return Profile(edges, *np.array(columns).T)
