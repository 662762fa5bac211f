"""Single variables as taggers: histograms with flow bins, density of two, rejection against efficiency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
EDGES, POINTS = 20, 500
"""Edges of a histogram, and of a ROC curve."""
MISSING = -9.0
"""What is drawn where a variable is missing: below all."""
SCORE = "nn"
"""Name of the network's discriminant among the variables."""
TINY = 1e-12


@dataclass(frozen=True)
class Variable:
    """Values of jets, and the range that is drawn of them."""

    name: str
    low: float
    high: float
    values: Floats


def filled(values: Any) -> Floats:
    """Return values with :data:`MISSING` in the place of NaN."""
    return np.nan_to_num(np.asarray(values, float), nan=MISSING, posinf=np.inf, neginf=-np.inf)


def discriminant(signal: Any, background: Any) -> Floats:
    """Return log(p_signal / p_background)."""
    found: Floats = np.log(np.maximum(signal, TINY)) - np.log(np.maximum(background, TINY))
    return found


def with_flow(variable: Variable, chosen: Any, weights: Any) -> tuple[Floats, Floats]:
    """Return edges and shares of jets by bin; the first and the last bin hold what lies beyond the range.

    Parameters
    ----------
    variable : Variable
    chosen : bool array
        The jets that count.
    weights : array
        Of all jets.

    Returns
    -------
    edges : array, shape (EDGES + 2,)
        Those of the range, and one more at each end, a bin away.
    shares : array, shape (EDGES + 1,)
        They sum to 1; zeros without jets.
    """
    inner = np.linspace(variable.low, variable.high, EDGES)
    width = inner[1] - inner[0]
    place = np.searchsorted(inner, variable.values[chosen], side="right")
    counts = np.bincount(place, weights=np.asarray(weights, float)[chosen], minlength=EDGES + 1)
    total = counts.sum()
    edges: Floats = np.r_[inner[0] - width, inner, inner[-1] + width]
    return edges, counts / (total or 1.0)


def density(one: Variable, other: Variable, chosen: Any) -> Floats:
    """Return log(1 + jets) by bins of two variables, the largest 1, shape (bins of one, bins of the other)."""
    edges = [np.r_[-np.inf, np.linspace(v.low, v.high, EDGES)[1:-1], np.inf] for v in (one, other)]
    counts = np.histogram2d(one.values[chosen], other.values[chosen], bins=edges)[0]
    shown = np.log1p(counts)
    return shown / max(shown.max(), TINY)


def rejection(variable: Variable, signal: Any, background: Any, weights: Any) -> tuple[Floats, Floats]:
    """Return efficiency and rejection (1 / efficiency of the background) of cuts from below, at :data:`POINTS` edges.

    Rejection is NaN where no background is left.
    """
    found = []
    cuts = np.linspace(variable.low, variable.high, POINTS)
    for chosen in (signal, background):
        order = np.argsort(variable.values[chosen])
        values, own = variable.values[chosen][order], np.asarray(weights, float)[chosen][order]
        above = np.r_[own[::-1].cumsum()[::-1], 0.0]
        found.append(above[np.searchsorted(values, cuts, side="left")] / max(above[0], TINY))
    with np.errstate(divide="ignore", invalid="ignore"):
        return found[0], np.where(found[1] > 0, 1.0 / found[1], np.nan)


def label_masks(labels: Any, classes: Mapping[str, float]) -> dict[str, npt.NDArray[np.bool_]]:
    """Return which jets are of each class, by the number that stands for it."""
    return {name: np.asarray(labels) == number for name, number in classes.items()}
