"""The confusion matrix: which class jets of each class are taken for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.statistics.intervals import effective_number, wilson
from jetloom.statistics.meaning import WeightSums, doubt_of_share

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Confusion:
    """Sums of weights by (true class, predicted class), and the same as shares of each true class.

    ``low`` and ``high`` bound the 68% interval of the shares. Shares that mean nothing, those of a class without jets
    among them, are NaN, and ``doubts`` says why, by true class and predicted class; it is empty where all is well.
    """

    sums: Floats
    shares: Floats
    low: Floats
    high: Floats
    doubts: list[list[str]]

    def doubt(self, true: int) -> str:
        """Say why shares of a true class mean nothing; nothing if all of them do mean something."""
        return next(filter(None, self.doubts[true]), "")


def confusion(labels: Array, probabilities: Array, weights: Array) -> Confusion:
    """Count jets by true class (row) and most probable class (column).

    Parameters
    ----------
    labels : array of int, shape (n,)
    probabilities : array of float, shape (n, classes)
    weights : array of float, shape (n,)

    Returns
    -------
    Confusion
        Matrices of shape ``(classes, classes)``.
    """
    classes = probabilities.shape[1]
    cell = np.asarray(labels, dtype=np.int64) * classes + np.argmax(probabilities, axis=1)
    sums = np.bincount(cell, weights, minlength=classes**2).astype(np.float64).reshape(classes, classes)
    totals = sums.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(totals > 0, sums / totals, np.nan)
    number = effective_number(
        totals[:, 0], np.bincount(labels, np.asarray(weights, np.float64) ** 2, minlength=classes)
    )
    low, high = wilson(shares, number[:, None])
    few = [WeightSums.of(weights[labels == true]).doubt() for true in range(classes)]
    doubts = [[few[true] or doubt_of_share(share) for share in shares[true]] for true in range(classes)]
    doubted = np.array([[bool(doubt) for doubt in row] for row in doubts])
    shares, low, high = (np.where(doubted, np.nan, part) for part in (shares, low, high))
    return Confusion(sums, shares, low, high, doubts)
