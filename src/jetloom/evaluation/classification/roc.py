"""ROC curves: rejection of each other class against the efficiency for one class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.statistics.bootstrap import Draws, bootstrap
from jetloom.statistics.classification import SMALLEST_PROBABILITY
from jetloom.statistics.meaning import Figure, doubt_of_classes, doubt_of_curve
from jetloom.statistics.ranking import Ranking

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

EFFICIENCIES: Floats = np.linspace(0.05, 1.0, 96)
"""Signal efficiencies at which rejections are given; below 5% the curve is noise."""


@dataclass(frozen=True)
class Roc:
    """A ROC curve of one class against one other.

    ``rejection`` is 1 / background efficiency at the signal ``efficiency``; ``low`` and ``high`` bound one standard
    deviation. Infinite where no background passes; NaN everywhere if the curve means nothing, for the reason in
    ``doubt``.
    """

    signal: int
    background: int
    efficiency: Floats
    rejection: Floats
    low: Floats
    high: Floats
    auc: Figure
    doubt: str = ""


def discriminant(probabilities: Array, signal: int, background: int) -> Floats:
    """Return ``log(p_signal / p_background)``, the best discriminant of two classes by the Neyman-Pearson lemma.

    Parameters
    ----------
    probabilities : array of float, shape (n, classes)
    signal, background : int
        Columns of the two classes.

    Returns
    -------
    array of float64, shape (n,)
        The probabilities of further classes drop out. Probabilities are kept above 1e-7.
    """
    kept = np.maximum(np.asarray(probabilities, dtype=np.float64), SMALLEST_PROBABILITY)
    return np.log(kept[:, signal]) - np.log(kept[:, background])


def roc(
    labels: Array,
    probabilities: Array,
    weights: Array,
    events: Array,
    pair: tuple[int, int],
    draws: Draws,
) -> Roc:
    """Compute the ROC curve of a pair of classes with bootstrap uncertainties.

    Parameters
    ----------
    labels : array of int, shape (n,)
    probabilities : array of float, shape (n, classes)
    weights : array of float, shape (n,)
    events : array of int, shape (n,)
        Key of each jet's event, for the bootstrap.
    pair : (signal, background)
        Indices of the classes.
    draws : Draws
        Seed and number of the replicas.

    Returns
    -------
    Roc
        The band is that of the background efficiency, turned over: a background efficiency compatible with zero
        has no upper bound on its rejection.
    """
    signal, background = pair
    chosen = np.isin(labels, pair)
    weight = np.asarray(weights[chosen], dtype=np.float64)
    ranking = Ranking(labels[chosen] == signal, discriminant(probabilities[chosen], signal, background))
    few = doubt_of_classes(weights[labels == index] for index in pair)
    doubt = few or next(filter(None, map(doubt_of_curve, ranking.efficiencies(weight))), "")

    def curve_and_area(current: Floats) -> Floats:
        return np.append(ranking.background_at(EFFICIENCIES, current), ranking.auc(current))

    found = bootstrap(curve_and_area, weight, events[chosen], draws)
    passed, error = (np.where(bool(doubt), np.nan, part[:-1]) for part in (found.value, found.std))
    return Roc(
        signal,
        background,
        EFFICIENCIES,
        rejection(passed),
        rejection(passed + error),
        rejection(passed - error),
        Figure.share(float(found.value[-1]), float(found.std[-1]), few),
        doubt,
    )


def rejection(efficiency: Array) -> Floats:
    """Return 1 / efficiency, infinite at (and, from negative weights, below) zero."""
    with np.errstate(divide="ignore"):
        return 1.0 / np.maximum(np.asarray(efficiency, dtype=np.float64), 0.0)
