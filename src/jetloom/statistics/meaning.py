"""Whether a weighted figure means anything: the one place that decides, for every table, figure and row of a scan.

With weights of both signs, or with a few jets that carry nearly all of the weight, a ratio of sums of weights can be
anything: an area of 43, an accuracy of 1 +- 17. Such a figure is not printed. What is printed in its place says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

FEWEST = 10.0
"""Effective jets, (sum of w)^2 / (sum of w^2), that a figure needs of each class that it is about: the sum of their
weights is then three standard deviations from zero. Below, a ratio to that sum has no interval that is of use (E. C.
Fieller, J. R. Stat. Soc. B 16 (1954) 175)."""

FALL = 0.1
"""An efficiency may fall by so much where a cut is loosened, and leave 0..1 by so much, until its curve is no curve."""

ADVICE = "; see weights.negative"
KEY = "not_meaningful"
"""Under which JSON files hold the reason, beside a value of null."""


@dataclass
class WeightSums:
    """Sums over the weights of some jets, which blocks of them can be added to."""

    jets: int = 0
    total: float = 0.0
    squares: float = 0.0
    negative: int = 0
    """Jets of negative weight."""

    @classmethod
    def of(cls, weights: Array) -> WeightSums:
        """Return the sums of weights of shape (n,)."""
        found = cls()
        found.add(weights)
        return found

    def add(self, weights: Array) -> None:
        """Add jets by their weights, shape (n,)."""
        exact = np.asarray(weights, dtype=np.float64)
        self.jets += len(exact)
        self.total += float(exact.sum())
        self.squares += float((exact**2).sum())
        self.negative += int((exact < 0).sum())

    @property
    def effective(self) -> float:
        """The number of jets of equal weight that know as much."""
        return self.total**2 / self.squares if self.squares > 0 else 0.0

    def doubt(self) -> str:
        """Say why a mean over these jets means nothing; nothing if it does mean something."""
        if not self.jets:
            return "no jets"
        advice = ADVICE if self.negative else ""
        if not self.squares > 0:
            return "all weights are 0"
        if not self.total > 0:
            return f"sum of weights {self.total:.3g}{advice}"
        # Sums of many equal weights are rounded.
        if self.effective >= FEWEST * (1 - 1e-9):
            return ""
        if self.jets < FEWEST and not self.negative:
            return f"{self.jets} jet{'s' if self.jets > 1 else ''}"
        return f"n_eff {written(self.effective)}{advice}"


@dataclass(frozen=True)
class Figure:
    """A number with its standard deviation, or, where it means nothing, the reason: then both are NaN."""

    value: float
    std: float
    doubt: str = ""

    @classmethod
    def of(cls, value: float, std: float, doubt: str) -> Figure:
        """Return a figure; its number is dropped where there is a doubt."""
        return cls(float("nan"), float("nan"), doubt) if doubt else cls(float(value), float(std))

    @classmethod
    def share(cls, value: float, std: float, doubt: str) -> Figure:
        """Return a figure that lies between 0 and 1 by its nature, as an area or an accuracy does."""
        return cls.of(value, std, doubt or doubt_of_share(value, std))

    def entry(self) -> dict[str, Any]:
        """Return it as JSON files hold it: ``value`` and ``std``, and the reason where there is one."""
        found: dict[str, Any] = {"value": finite(self.value), "std": finite(self.std)}
        return found | ({KEY: self.doubt} if self.doubt else {})


def not_meaningful(doubt: str) -> str:
    """Return what is printed in the place of a figure that means nothing."""
    return f"not meaningful ({doubt})"


def said_of(doubts: Iterable[Mapping[str, str]]) -> str:
    """Say which metrics mean nothing, and why, by name and reason: those of one reason together."""
    why: dict[str, set[str]] = {}
    for each in doubts:
        for name, doubt in each.items():
            why.setdefault(doubt, set()).add(name)
    return "; ".join(f"{', '.join(sorted(names))}: {not_meaningful(doubt)}" for doubt, names in why.items())


def doubt_of_classes(groups: Iterable[Array]) -> str:
    """Say why a figure of several classes means nothing, by the weights of each; that of the worst is the reason."""
    sums = [WeightSums.of(weights) for weights in groups]
    doubted = [(each.total > 0, each.effective, each.doubt()) for each in sums if each.doubt()]
    return min(doubted)[2] if doubted else ""


def doubt_of_present(labels: Array, weights: Array, classes: int) -> str:
    """Say why a figure of the classes that are there, two at least, means nothing; labels and weights of shape (n,)."""
    groups = [group for index in range(classes) if len(group := weights[labels == index])]
    if len(groups) < 2:
        return "jets of one class alone" if groups else "no jets"
    return doubt_of_classes(groups)


def doubt_of_share(value: float, std: float = 0.0) -> str:
    """Say why a number cannot be a share: it leaves 0..1, or its uncertainty is larger than any share's can be."""
    if not np.isfinite(value):
        return "not defined"
    if value < -1e-9 or value > 1 + 1e-9:
        return f"{value:.3g} is outside 0 to 1{ADVICE}"
    return f"± {std:.2g} is more than a share can vary{ADVICE}" if np.isfinite(std) and std > 0.5 else ""


def doubt_of_mean(value: float, lowest: float, highest: float) -> str:
    """Say why a number cannot be the mean of what lies between two limits, as negative weights can make it."""
    if not np.isfinite(value):
        return "not a number"
    room = 1e-6 * max(1.0, abs(lowest), abs(highest))
    if lowest - room <= value <= highest + room:
        return ""
    return f"mean {value:.3g} of values from {lowest:.3g} to {highest:.3g}{ADVICE}"


def doubt_of_curve(efficiency: Array) -> str:
    """Say why the efficiencies of looser and looser cuts, shape (cuts,), from 0 on, make no curve."""
    known = efficiency[np.isfinite(efficiency)]
    if not len(known):
        return "not defined"
    fall = float((np.maximum.accumulate(known) - known).max())
    outside = float(max(known.max() - 1.0, -known.min()))
    if max(fall, outside) <= FALL:
        return ""
    return f"the efficiency falls by {max(fall, outside):.2g} where a cut is loosened{ADVICE}"


def written(number: float) -> str:
    """Write an effective number of jets: two digits below 10, whole above."""
    return f"{number:.2g}" if number < 10 else f"{number:,.0f}"


def finite(value: float) -> float | None:
    """Return a number that JSON can hold, None for NaN and infinity."""
    return float(value) if np.isfinite(value) else None
