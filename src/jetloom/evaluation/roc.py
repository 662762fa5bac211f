"""ROC curves: rejection of each other class against the efficiency for one class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.bootstrap import REPLICAS, bootstrap
from jetloom.evaluation.metrics import SMALLEST_PROBABILITY
from jetloom.evaluation.ranking import Ranking

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

EFFICIENCIES: Floats = np.linspace(0.05, 1.0, 96)
"""Signal efficiencies at which rejections are given; below 5% the curve is noise."""


@dataclass(frozen=True)
class Roc:
    """A ROC curve of one class against one other.

    ``rejection`` is 1 / background efficiency at the signal ``efficiency``; ``low`` and ``high`` bound one standard
    deviation. Infinite where no background passes.
    """

    signal: int
    background: int
    efficiency: Floats
    rejection: Floats
    low: Floats
    high: Floats
    auc: float
    auc_std: float


def discriminant(probabilities: Array, signal: int, background: int) -> Floats:
    """Give ``log(p_signal / p_background)``, the best discriminant of two classes by the Neyman-Pearson lemma.

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
    generator: np.random.Generator,
    replicas: int = REPLICAS,
) -> Roc:
    """Compute the ROC curve of a pair of classes with bootstrap uncertainties.

    Parameters
    ----------
    labels : array of int, shape (n,)
    probabilities : array of float, shape (n, classes)
    weights : array of float, shape (n,)
    events : array of int, shape (n,)
        Event of each jet, for the bootstrap.
    pair : (signal, background)
        Indices of the classes.
    generator : Generator
    replicas : int
        Number of bootstrap replicas.

    Returns
    -------
    Roc
        The band is that of the background efficiency, turned over: a background efficiency compatible with zero
        has no upper bound on its rejection.
    """
    signal, background = pair
    chosen = np.isin(labels, pair)
    ranking = Ranking(labels[chosen] == signal, discriminant(probabilities[chosen], signal, background))

    def curve_and_area(weight: Floats) -> Floats:
        return np.append(ranking.background_at(EFFICIENCIES, weight), ranking.auc(weight))

    found = bootstrap(curve_and_area, weights[chosen], events[chosen], generator, replicas)
    passed, error = found.value[:-1], found.std[:-1]
    return Roc(
        signal,
        background,
        EFFICIENCIES,
        rejection(passed),
        rejection(passed + error),
        rejection(passed - error),
        float(found.value[-1]),
        float(found.std[-1]),
    )


def rejection(efficiency: Array) -> Floats:
    """Give 1 / efficiency, infinite at (and, from negative weights, below) zero."""
    with np.errstate(divide="ignore"):
        return 1.0 / np.maximum(np.asarray(efficiency, dtype=np.float64), 0.0)
