"""Performance in bins of a variable, for one cut that is the same in all bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.classification.roc import discriminant, rejection
from jetloom.evaluation.statistics.bootstrap import Draws, bootstrap
from jetloom.statistics.ranking import Ranking

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Performance:
    """Signal efficiency and background rejection in bins, with one standard deviation around them.

    All arrays have shape ``(bins,)`` except ``edges`` of ``(bins + 1,)``. NaN where a bin lacks jets of a class.
    """

    signal: int
    background: int
    edges: Floats
    efficiency: Floats
    efficiency_std: Floats
    rejection: Floats
    low: Floats
    high: Floats


def quantile_edges(values: Array, bins: int = 8, fewest: int = 50) -> Floats:
    """Return the edges of bins that hold about equally many jets.

    Parameters
    ----------
    values : array of float, shape (n,)
    bins : int
        Largest number of bins.
    fewest : int
        Fewer bins are made if they would hold fewer jets than this.

    Returns
    -------
    array of float64
        Rising edges; at least two, also if all values are equal or there are none.
    """
    finite = values[np.isfinite(values)].astype(np.float64)
    if not len(finite):
        return np.array([0.0, 1.0])
    number = int(np.clip(len(finite) // fewest, 1, bins))
    edges = np.unique(np.quantile(finite, np.linspace(0.0, 1.0, number + 1)))
    return edges if len(edges) > 1 else np.array([edges[0] - 0.5, edges[0] + 0.5])


def performance(
    labels: Array,
    probabilities: Array,
    weights: Array,
    events: Array,
    pair: tuple[int, int],
    variable: Array,
    edges: Array,
    draws: Draws,
    target: float = 0.5,
) -> Performance:
    """Compute efficiency and rejection in bins for the cut that keeps the share ``target`` of all signal jets.

    Parameters
    ----------
    labels : array of int, shape (n,)
    probabilities : array of float, shape (n, classes)
    weights : array of float, shape (n,)
    events : array of int, shape (n,)
        Key of each jet's event, for the bootstrap.
    pair : (signal, background)
        Indices of the classes.
    variable : array of float, shape (n,)
        The variable of the bins; jets outside of the edges are in no bin.
    edges : array of float, shape (bins + 1,)
    draws : Draws
        Seed and number of the replicas.
    target : float
        Signal efficiency over all bins.
    """
    signal, background = pair
    chosen = np.isin(labels, pair)
    is_signal, weight = labels[chosen] == signal, weights[chosen]
    scores = discriminant(probabilities[chosen], signal, background)
    passes = scores >= Ranking(is_signal, scores).cut_at(target, weight)
    bins = len(edges) - 1
    # The last bin holds its upper edge, as in np.histogram; one more on either side takes what is outside.
    place = np.searchsorted(edges, variable[chosen], side="right")
    place[variable[chosen] == edges[-1]] = bins
    cell = place * 2 + is_signal

    def efficiencies(current: Floats) -> Floats:
        size = 2 * (bins + 2)
        total = np.bincount(cell, current, minlength=size)[2 : size - 2]
        passed = np.bincount(cell, current * passes, minlength=size)[2 : size - 2]
        return np.divide(passed, total, out=np.full(len(total), np.nan), where=total > 0)

    found = bootstrap(efficiencies, weight, events[chosen], draws)
    passed, error = found.value[0::2], found.std[0::2]
    return Performance(
        signal,
        background,
        np.asarray(edges, dtype=np.float64),
        found.value[1::2],
        found.std[1::2],
        rejection(passed),
        rejection(passed + error),
        rejection(passed - error),
    )
