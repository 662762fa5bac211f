"""Events as they count in data: scores stacked with cross-section and luminosity, significance by the conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

BINS = 20
FEWEST = 10.0
"""Effective background events, (sum w)^2 / sum w^2, that a bin needs to count for the significance."""


@dataclass(frozen=True)
class Stacked:
    """The score of one class: ``edges`` of shape (bins + 1,), ``sums`` and ``squares`` of (classes, bins)."""

    edges: Floats
    sums: Floats
    squares: Floats


@dataclass(frozen=True)
class Significance:
    """Expected significance of a signal at each value of the conditions.

    Attributes
    ----------
    signal : str
        The class.
    values : list of dict of str to float
        The conditions.
    significance, signal_events, background_events : float64 arrays, one a value
        Of the bins together that have background enough; the events are all of the test part, scaled to all.
    """

    signal: str
    values: list[dict[str, float]]
    significance: Floats
    signal_events: Floats
    background_events: Floats


def scales_of(summary: Sequence[Mapping[str, Any]], parts: Sequence[str], classes: Sequence[str]) -> Floats:
    """Return by class the sum of event weights of all parts over that of some: what makes these stand for all."""
    sums = np.zeros((2, len(classes)))
    for entry in summary:
        place = classes.index(entry["class"])
        sums[0, place] += entry["sum_of_event_weights"]
        if entry["part"] in parts:
            sums[1, place] += entry["sum_of_event_weights"]
    found: Floats = np.where(sums[1] > 0, sums[0] / np.where(sums[1] > 0, sums[1], 1.0), 0.0)
    return found


def stacked(labels: Array, scores: Array, weights: Array, classes: int) -> list[Stacked]:
    """Return the stack of each class's score; all of shape (rows,), scores of (rows, classes)."""
    edges = np.linspace(0.0, 1.0, BINS + 1)
    found = []
    for score in np.clip(scores, 0.0, 1.0).T:
        flat = labels * BINS + np.minimum((score * BINS).astype(int), BINS - 1)
        size = classes * BINS
        sums, squares = (
            np.bincount(flat, weights**power, minlength=size).astype(np.float64).reshape(classes, -1)
            for power in (1, 2)
        )
        found.append(Stacked(edges, sums, squares))
    return found


def significance_of(signal: Floats, background: Floats, squares: Floats) -> float:
    """Return the median significance of bins together, each with its number of events known (arXiv:1007.1727, eq. 97).

    Bins whose background is too few to be known are added to the next one below.
    """
    total, s, b, q = 0.0, 0.0, 0.0, 0.0
    for place in range(len(signal) - 1, -1, -1):
        s, b, q = s + signal[place], b + background[place], q + squares[place]
        if b > 0 and q > 0 and b * b / q >= FEWEST:
            total += 2 * ((s + b) * np.log1p(s / b) - s) if s > 0 else 0.0
            s = b = q = 0.0
    return float(np.sqrt(total))


def significances(
    rows: tuple[Array, Array, Array], conditions: Array, values: list[dict[str, float]], place: int, name: str
) -> Significance:
    """Return the significance of a class at each value of the conditions.

    Parameters
    ----------
    rows : (labels, score, weights)
        True classes, score of the signal and weights as events in data, each of shape (rows,).
    conditions : int array, shape (rows,)
        Place of each row's values.
    values : list of dict
        The values.
    place, name : int, str
        The signal among the classes.
    """
    labels, score, weights = rows
    edges = np.linspace(0.0, 1.0, BINS + 1)
    whole = weights[labels != place].sum()
    results = np.zeros((3, len(values)))
    for index in range(len(values)):
        here = conditions == index
        of_signal, others = here & (labels == place), here & (labels != place)
        signal = np.histogram(score[of_signal], edges, weights=weights[of_signal])[0]
        share = weights[others].sum()
        # All background stands behind each value; the rows that drew this one are a sample of it.
        factor = whole / share if share > 0 else 0.0
        background = factor * np.histogram(score[others], edges, weights=weights[others])[0]
        squares = factor**2 * np.histogram(score[others], edges, weights=weights[others] ** 2)[0]
        results[:, index] = significance_of(signal, background, squares), signal.sum(), background.sum()
    return Significance(name, values, *results)
