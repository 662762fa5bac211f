"""Calibration: whether a score of 0.8 means that 80% of such jets are of the class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.statistics.intervals import effective_number, wilson
from jetloom.statistics.meaning import ADVICE, FALL

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

BINS = 15


@dataclass(frozen=True)
class Calibration:
    """The reliability curve of one class, and its expected calibration error (``ece``).

    ``predicted`` is the mean score in each bin, ``observed`` the share of jets of the class, ``low`` and ``high``
    its 68% interval, ``share`` the weight of the bin over all. NaN in empty bins, and in those whose observed share
    means nothing. ``doubt`` says why the error means nothing; it is then NaN.
    """

    predicted: Floats
    observed: Floats
    low: Floats
    high: Floats
    share: Floats
    ece: float
    doubt: str = ""


def calibration(positive: Array, scores: Array, weights: Array, bins: int = BINS) -> Calibration:
    """Compare predicted with observed probabilities in bins of equal width.

    The expected calibration error is the mean of ``|observed - predicted|`` weighted by the bins' shares
    (C. Guo et al., On calibration of modern neural networks, arXiv:1706.04599, eq. 3, with 15 bins).

    Parameters
    ----------
    positive : array of bool, shape (n,)
        True for jets of the class.
    scores : array of float, shape (n,)
        Predicted probability of the class, 0..1.
    weights : array of float, shape (n,)
    bins : int
    """
    place = np.clip((np.asarray(scores) * bins).astype(np.int64), 0, bins - 1)
    weight = np.asarray(weights, dtype=np.float64)

    def sums(values: Array) -> Floats:
        return np.asarray(np.bincount(place, values, minlength=bins), dtype=np.float64)

    total = sums(weight)
    filled = total > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        predicted, observed = sums(weight * scores) / total, sums(weight * positive) / total
        # Negative weights can make a bin's share anything; a mean of scores lies between the edges of their bin.
        within = (observed > -1e-9) & (observed < 1 + 1e-9) & (np.abs(predicted * bins - np.arange(bins) - 0.5) < 0.501)
        predicted, observed = (np.where(filled & within, part, np.nan) for part in (predicted, observed))
        share = np.where(filled, total, 0.0) / total[filled].sum()
    low, high = wilson(observed, effective_number(total, sums(weight**2)))
    ece = float(np.nansum(share * np.abs(observed - predicted))) if filled.any() else float("nan")
    size = sums(np.abs(weight))
    lost = float(size[~(filled & within)].sum() / size.sum()) if size.sum() > 0 else 0.0
    doubt = f"{100 * lost:.0f} % of the jets are in bins that mean nothing{ADVICE}" if lost > FALL else ""
    return Calibration(predicted, observed, low, high, share, float("nan") if doubt else ece, doubt)
