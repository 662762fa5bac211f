"""Metrics of a classifier, weighted by jet.

All functions take the labels as integers of shape ``(n,)``, the probabilities as ``(n, classes)`` and the weights as
``(n,)``. Weights may be negative, as those of next-to-leading-order generators are; only their sums must be positive,
and a metric that is not defined (no jets, no weight, one class only) is NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.statistics.meaning import doubt_of_present, doubt_of_share
from jetloom.statistics.ranking import Ranking

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

SMALLEST_PROBABILITY = 1e-7
"""Probabilities below are raised to it, as Keras does, so that one hopeless jet does not make the loss infinite."""


def _weights(weights: Array | None, rows: int) -> Floats:
    return np.ones(rows) if weights is None else np.asarray(weights, dtype=np.float64)


def _mean(values: Array, weights: Floats) -> float:
    total = weights.sum()
    return float((values * weights).sum() / total) if total > 0 else float("nan")


def accuracy(labels: Array, probabilities: Array, weights: Array | None = None) -> float:
    """Return the weighted share of jets whose most probable class is the true one.

    Parameters
    ----------
    labels : array of int, shape (n,)
    probabilities : array of float, shape (n, classes)
    weights : array of float, shape (n,), optional
        1 for each jet if not given.

    Returns
    -------
    float
        sum of the weights of the jets with a right answer / sum of all weights. Of equally probable classes the
        first one is the answer.
    """
    right = np.argmax(probabilities, axis=1) == labels
    return _mean(right, _weights(weights, len(labels)))


def cross_entropy(labels: Array, probabilities: Array, weights: Array | None = None) -> float:
    """Return the weighted mean of ``-log p`` of the true class, in nats.

    Parameters
    ----------
    labels : array of int, shape (n,)
    probabilities : array of float, shape (n, classes)
    weights : array of float, shape (n,), optional

    Returns
    -------
    float
        Weighted mean over jets (the sum is divided by the sum of weights, not by the number of jets).
    """
    true = np.asarray(probabilities, dtype=np.float64)[np.arange(len(labels)), labels]
    clipped = np.clip(true, SMALLEST_PROBABILITY, 1.0)
    return _mean(-np.log(clipped), _weights(weights, len(labels)))


def binary_auc(positive: Array, scores: Array, weights: Array | None = None) -> float:
    """Return the area under the ROC curve: the probability that a signal jet scores higher than a background jet.

    The exact rank form (Mann-Whitney U), in which a tie counts one half.

    Parameters
    ----------
    positive : array of bool, shape (n,)
        True for signal.
    scores : array of float, shape (n,)
    weights : array of float, shape (n,), optional
    """
    return Ranking(positive, scores).auc(_weights(weights, len(positive)))


def class_scores(probabilities: Array) -> Array:
    """Return what ranks the jets of each class against the others: its probability, shape (n, classes).

    Of two classes it is the log ratio, everywhere: near 1 a probability of 32 bits no longer tells jets apart that the
    other one, near 0, does, and an area must not depend on which of them is asked.
    """
    found = np.asarray(probabilities)
    if found.shape[1] != 2:
        return found
    ratio = np.diff(np.log(np.maximum(found.astype(np.float64), SMALLEST_PROBABILITY)), axis=1)
    return np.concatenate([-ratio, ratio], axis=1)


def auc(labels: Array, probabilities: Array, weights: Array | None = None) -> float:
    """Return the area under the ROC curve; for more than two classes the mean of each class against the rest.

    Parameters
    ----------
    labels : array of int, shape (n,)
    probabilities : array of float, shape (n, classes)
        With two classes the second one is the signal; the area is the same either way.
    weights : array of float, shape (n,), optional

    Returns
    -------
    float
        Mean over the classes that are present among the jets; NaN if fewer than two are.
    """
    scores = class_scores(probabilities)
    classes = range(scores.shape[1]) if scores.shape[1] > 2 else [scores.shape[1] - 1]
    areas = [binary_auc(labels == index, scores[:, index], weights) for index in classes]
    defined = [area for area in areas if not np.isnan(area)]
    return float(np.mean(defined)) if defined else float("nan")


def judged_area(labels: Array, probabilities: Array, weights: Array) -> tuple[float, str]:
    """Return the area under the ROC curve, and why it means nothing, if so."""
    area = auc(labels, probabilities, weights)
    return area, doubt_of_present(labels, weights, probabilities.shape[1]) or doubt_of_share(area)
