"""What two densities of different classes say of the same jets, head by head: how far apart the classes are, in nats.

With r_h = log P_signal - log P_background of head h, summed over the steps of a jet, the mean of r_h over signal jets
and that of -r_h over background jets are what head h tells the classes apart by. If both densities were right, the
observed log ratio would rise with r_h by one unit a unit (the slope), and the ratio would be worse without any head. An
error of one density that the other does not share is taken for a difference of the classes: it makes the separation
larger and the slope smaller, and where it hides more than the head knows, the ratio is better without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.classification.log_odds import Line, log_odds
from jetloom.evaluation.density.log_p import HEADS
from jetloom.evaluation.statistics.bootstrap import Draws, Estimate, bootstrap
from jetloom.statistics.meaning import WeightSums, doubt_of_classes
from jetloom.statistics.ranking import Ranking

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

ALL = "all heads"


@dataclass(frozen=True)
class LogP:
    """log P of some jets of two classes by head, under the densities of both.

    Attributes
    ----------
    signal : bool array, shape (n,)
        Which jets are signal.
    of_signal, of_background : float64 arrays, shape (n, 6)
        Under the density of the signal and of the background, by head in the order of
        :data:`jetloom.evaluation.density.log_p.HEADS`.
    weights : float64 array, shape (n,)
    events : array, shape (n,)
        Event of each jet, for the bootstrap.
    """

    signal: npt.NDArray[np.bool_]
    of_signal: Floats
    of_background: Floats
    weights: Floats
    events: Array

    @property
    def ratios(self) -> Floats:
        """Log P_signal - log P_background by head, shape (n, 6)."""
        return self.of_signal - self.of_background


@dataclass(frozen=True)
class Separation:
    """What was measured of a pair of densities.

    Attributes
    ----------
    surprise : Estimate, shape (2, 2)
        Mean of -log P in nats: of background jets, then of signal jets, each under the background's density, then under
        the signal's. The smaller it is, the better the density; for one class it is the one trained on it.
    apart : Estimate, shape (7, 2)
        By head, then all together: mean of -r over background jets, and of r over signal jets, in nats.
    lines : list of 7 Line
        By head, then all together: the observed log ratio against r.
    without : Estimate, shape (6,)
        Area under the ROC curve of the ratio without a head, minus that of the whole ratio.
    doubts : (str, str)
        Why means over background jets, and over signal jets, mean nothing; empty where they do mean something.
    doubt : str
        The same of what needs both.
    """

    surprise: Estimate
    apart: Estimate
    lines: list[Line]
    without: Estimate
    doubts: tuple[str, str]
    doubt: str

    @property
    def ruinous(self) -> list[str]:
        """The heads without which the ratio would be better, by more than two standard deviations; the worst first."""
        if self.doubt:
            return []
        worse = [place for place in range(len(HEADS)) if self.without.value[place] > 2 * self.without.std[place]]
        return [HEADS[place] for place in sorted(worse, key=lambda place: -self.without.value[place])]


def separation(log_p: LogP, draws: Draws) -> Separation:
    """Measure a pair of densities; uncertainties are those of the test jets alone.

    Parameters
    ----------
    log_p : LogP
    draws : Draws
        Seed and number of the replicas of the bootstrap.
    """
    ratios, signal = log_p.ratios, log_p.signal
    each = np.concatenate([ratios, ratios.sum(axis=1, keepdims=True)], axis=1)
    sums = np.stack([log_p.of_background.sum(axis=1), log_p.of_signal.sum(axis=1)], axis=1)
    whole = Ranking(signal, each[:, -1])
    others = [Ranking(signal, each[:, -1] - each[:, place]) for place in range(len(HEADS))]

    def measure(weights: Floats) -> Floats:
        shares = [_shares(weights, chosen) for chosen in (~signal, signal)]
        surprise = [-(share @ sums) for share in shares]
        apart = np.stack([-(shares[0] @ each), shares[1] @ each], axis=1)
        area = whole.auc(weights)
        return np.concatenate([*surprise, apart.ravel(), [ranking.auc(weights) - area for ranking in others]])

    found = bootstrap(measure, log_p.weights, log_p.events, draws)
    ends = np.cumsum([4, 2 * each.shape[1]])
    surprise, apart, without = (
        Estimate(value, std) for value, std in zip(np.split(found.value, ends), np.split(found.std, ends), strict=True)
    )
    lines = [log_odds(signal, column, log_p.weights).line for column in each.T]
    groups = [log_p.weights[chosen] for chosen in (~signal, signal)]
    of_background, of_signal = (WeightSums.of(group).doubt() for group in groups)
    both = doubt_of_classes(groups)
    return Separation(_shaped(surprise, 2), _shaped(apart, 2), lines, without, (of_background, of_signal), both)


def _shares(weights: Floats, chosen: npt.NDArray[np.bool_]) -> Floats:
    """Return weights of the sum 1 to some of the jets, and 0 to the others; NaN if they have no weight."""
    mine = np.where(chosen, weights, 0.0)
    total = mine.sum()
    return mine / total if total > 0 else np.full(len(weights), np.nan)


def _shaped(estimate: Estimate, columns: int) -> Estimate:
    return Estimate(estimate.value.reshape(-1, columns), estimate.std.reshape(-1, columns))
