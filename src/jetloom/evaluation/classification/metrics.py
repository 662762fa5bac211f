"""Metrics of a classifier, weighted by jet, and the direction in which each of them is better.

All functions take the labels as integers of shape ``(n,)``, the probabilities as ``(n, classes)`` and the weights as
``(n,)``. Weights may be negative, as those of next-to-leading-order generators are; only their sums must be positive,
and a metric that is not defined (no jets, no weight, one class only) is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from jetloom.errors import ConfigurationError, near_misses
from jetloom.evaluation.statistics.ranking import Ranking

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]
Direction = Literal["higher", "lower"]

PREFIXES = {"": "training", "val_": "validation", "eval_": "test"}
"""Parts of the data that a metric can be computed on, by the prefix of its name."""

SMALLEST_PROBABILITY = 1e-7
"""Probabilities below are raised to it, as Keras does, so that one hopeless jet does not make the loss infinite."""


@dataclass(frozen=True)
class Metric:
    """A metric: its name, its name in plots, and whether a higher or a lower value is better."""

    name: str
    title: str
    direction: Direction


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("loss", "Loss", "lower"),
        Metric("accuracy", "Accuracy", "higher"),
        Metric("auc", "AUC", "higher"),
        Metric("end", r"$-\log P$, end", "lower"),
        Metric("mother", r"$-\log P$, mother", "lower"),
        Metric("z", r"$-\log P$, $z$", "lower"),
        Metric("theta", r"$-\log P$, $\theta$", "lower"),
        Metric("delta", r"$-\log P$, $\delta$", "lower"),
        Metric("phi", r"$-\log P$, $\phi$", "lower"),
    )
}

CLASSIFIER_METRICS = ("loss", "accuracy", "auc")
"""Those of a classifier. The loss is the model's own, the cross-entropy for most."""

DENSITY_TERMS = ("end", "mother", "z", "theta", "delta", "phi")
"""The parts of -log P(jet), which is the loss of a density model."""


def known_metrics() -> list[str]:
    """Return the names of all metrics with all prefixes, e.g. ``val_auc``."""
    return [prefix + name for prefix in PREFIXES for name in METRICS]


def metric(name: str) -> Metric:
    """Return the metric behind a name with or without prefix.

    Raises
    ------
    ConfigurationError
        If there is no such metric; the near misses are named.
    """
    for prefix in PREFIXES:
        if name.startswith(prefix) and name.removeprefix(prefix) in METRICS:
            return METRICS[name.removeprefix(prefix)]
    raise ConfigurationError(f"no metric '{name}'", advice=near_misses(name, known_metrics()))


def direction(name: str) -> Direction:
    """Say whether a higher or a lower value of a metric is better, e.g. ``"higher"`` for ``val_auc``.

    Raises
    ------
    ConfigurationError
        If there is no such metric; the near misses are named.
    """
    return metric(name).direction


def title(name: str) -> str:
    """Return the name of a metric for an axis, e.g. ``"AUC (validation)"`` for ``val_auc``."""
    bare = metric(name)
    prefix = name.removesuffix(bare.name)
    return f"{bare.title} ({PREFIXES[prefix]})"


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
