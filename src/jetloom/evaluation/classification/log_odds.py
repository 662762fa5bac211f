"""The log ratio of two classes that a model says, held against the one that is observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.statistics.meaning import ADVICE, FALL, doubt_of_classes

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """The straight line of least chi-squared through points: slope and intercept, each (value, standard deviation)."""

    slope: tuple[float, float]
    intercept: tuple[float, float]
    """Where the model says 0."""
    chi2: float
    freedom: int
    """Degrees of freedom."""


@dataclass(frozen=True)
class LogOdds:
    """The log ratio that a model says against the one that is observed, in bins of equally many jets.

    All arrays have shape (bins,). The slope of the line is 1 and its intercept 0 if the model's ratio is right; the
    slope is less than 1 if the model is too sure of itself.
    """

    said: Floats
    observed: Floats
    std: Floats
    line: Line
    doubt: str = ""
    """Why the line means nothing; it is NaN then."""


def log_odds(signal: Array, said: Floats, weights: Floats, bins: int = 20) -> LogOdds:
    """Hold a model's log(P_signal / P_background) against the observed log ratio of the two classes.

    Parameters
    ----------
    signal : array of bool, shape (n,)
    said : array of float, shape (n,)
        The model's log ratio.
    weights : array of float, shape (n,)
        Each class is scaled to the same sum, as the ratio of two densities knows of no more jets of one class.
    bins : int

    Notes
    -----
    Observed is log(S_i / B_i), with the shares S_i and B_i of the classes in bin i; its variance is the sum of
    sum w^2 / (sum w)^2 of both classes in the bin.
    """
    edges = np.unique(np.quantile(said, np.linspace(0.0, 1.0, bins + 1)))
    place = np.clip(np.searchsorted(edges, said, side="right") - 1, 0, max(0, len(edges) - 2))
    size = max(1, len(edges) - 1)

    def sums(values: Floats) -> Floats:
        return np.asarray(np.bincount(place, values, minlength=size), dtype=np.float64)

    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = weights / np.where(signal, weights[signal].sum(), weights[~signal].sum())
        s, b = sums(scaled * signal), sums(scaled * ~signal)
        observed = np.log(s) - np.log(b)
        std = np.sqrt(sums(scaled**2 * signal) / s**2 + sums(scaled**2 * ~signal) / b**2)
        mean = sums(scaled * said) / (s + b)
    good = np.isfinite(observed) & np.isfinite(std) & (std > 0) & np.isfinite(mean)
    doubt = doubt_of_classes([weights[~signal], weights[signal]]) or _lost(s, b, weights)
    mean, observed, std = mean[good], observed[good], std[good]
    line = straight_line(*(np.zeros(0) for _ in range(3))) if doubt else straight_line(mean, observed, std)
    return LogOdds(mean, observed, std, line, doubt)


def _lost(signal: Floats, background: Floats, weights: Floats) -> str:
    """Say that the line misses many bins whose sums negative weights brought below zero; nothing if it does not."""
    lost = int(((signal < 0) | (background < 0)).sum())
    few = lost <= FALL * len(signal) or not (weights < 0).any()
    return "" if few else f"{lost} of {len(signal)} bins have a negative sum{ADVICE}"


def straight_line(x: Floats, y: Floats, std: Floats) -> Line:
    """Fit y = intercept + slope x by least chi-squared; all arrays have shape (n,), the errors ``std`` are those of y.

    All numbers are NaN where the points do not fix a line.
    """
    unknown = float("nan"), float("nan")
    weight = 1.0 / std**2
    if len(x) < 2:
        return Line(unknown, unknown, float("nan"), 0)
    middle = float(np.average(x, weights=weight))
    centred = x - middle
    spread = float((weight * centred**2).sum())
    if spread <= 0:
        return Line(unknown, unknown, float("nan"), 0)
    slope, height = float((weight * centred * y).sum() / spread), float(np.average(y, weights=weight))
    # Slope and height at the mean of x are not correlated.
    intercept = height - slope * middle, float(np.sqrt(1.0 / weight.sum() + middle**2 / spread))
    chi2 = float((weight * (y - height - slope * centred) ** 2).sum())
    return Line((slope, spread**-0.5), intercept, chi2, len(x) - 2)
