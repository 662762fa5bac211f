"""Numbers of several models on the same jets, with uncertainties of their differences.

The models are asked about the same jets, so their results fluctuate together. Each replica of the bootstrap is one for
all models: the spread of a difference over the replicas is far smaller than that of the two areas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.classification.roc import EFFICIENCIES
from jetloom.evaluation.statistics.bootstrap import Draws, Estimate, bootstrap
from jetloom.statistics.meaning import Figure, WeightSums, doubt_of_classes, doubt_of_curve, doubt_of_share
from jetloom.statistics.ranking import Ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Jets:
    """Jets of two classes: all arrays have shape (n,), ``log_ratios`` (models, n)."""

    signal: npt.NDArray[np.bool_]
    log_ratios: Floats
    weights: Floats
    events: Array

    def take(self, chosen: Array) -> Jets:
        """Return some of the jets."""
        return Jets(self.signal[chosen], self.log_ratios[:, chosen], self.weights[chosen], self.events[chosen])

    def doubt(self) -> str:
        """Say why figures of these jets mean nothing; nothing if they do mean something."""
        return doubt_of_classes([self.weights[~self.signal], self.weights[self.signal]])


@dataclass(frozen=True)
class Contest:
    """What was measured of each model.

    ``auc`` and ``accuracy`` have shape (models,); ``passed``, the efficiency for background at the efficiencies for
    signal of :data:`~jetloom.evaluation.classification.roc.EFFICIENCIES`, (models, efficiencies); ``ratio``, the
    rejection of background over that of the first model, the same; ``gain``, the area of one model minus that of
    another, (models, models). What means nothing is NaN, and ``doubts`` says why: of the area, the accuracy
    and the curve of each model, ``gain`` that of either area.
    """

    jets: tuple[int, int]
    """Numbers of background and signal jets."""
    auc: Estimate
    accuracy: Estimate
    passed: Estimate
    ratio: Estimate
    gain: Estimate
    doubts: dict[str, list[str]]

    def area(self, model: int) -> Figure:
        """Return the area of a model."""
        return Figure.of(self.auc.value[model], self.auc.std[model], self.doubts["auc"][model])


def contest(jets: Jets, draws: Draws) -> Contest:
    """Measure each model and each difference of two models.

    Parameters
    ----------
    jets : Jets
    draws : Draws
        Seed and number of the replicas of the bootstrap.
    """
    models = len(jets.log_ratios)
    rankings = [Ranking(jets.signal, scores) for scores in jets.log_ratios]
    # A jet is taken for signal where signal is the more probable class.
    right = ((jets.log_ratios > 0) == jets.signal).astype(np.float64)

    def measure(weights: Floats) -> Floats:
        total = weights.sum()
        areas = np.array([ranking.auc(weights) for ranking in rankings])
        shares = right @ weights / total if total > 0 else np.full(models, np.nan)
        curves = np.stack([ranking.background_at(EFFICIENCIES, weights) for ranking in rankings])
        ratios = np.divide(curves[0], curves, out=np.full(curves.shape, np.nan), where=curves > 0)
        return np.concatenate([areas, shares, (areas[:, None] - areas).ravel(), curves.ravel(), ratios.ravel()])

    found = bootstrap(measure, jets.weights, jets.events, draws)
    ends = np.cumsum([models, models, models * models, models * len(EFFICIENCIES)])
    auc, accuracy, gain, passed, ratio = (
        Estimate(value, std) for value, std in zip(np.split(found.value, ends), np.split(found.std, ends), strict=True)
    )
    few, whole = jets.doubt(), WeightSums.of(jets.weights).doubt()
    doubts = {
        "auc": [few or doubt_of_share(*pair) for pair in zip(auc.value, auc.std, strict=True)],
        "accuracy": [whole or doubt_of_share(*pair) for pair in zip(accuracy.value, accuracy.std, strict=True)],
        "curve": [few or _curve(ranking, jets.weights) for ranking in rankings],
    }
    areas_known, curves_known = (np.array([not doubt for doubt in doubts[name]]) for name in ("auc", "curve"))
    return Contest(
        (int((~jets.signal).sum()), int(jets.signal.sum())),
        _known(auc, areas_known),
        _known(accuracy, np.array([not doubt for doubt in doubts["accuracy"]])),
        _known(_shaped(passed, (models, -1)), curves_known[:, None]),
        _known(_shaped(ratio, (models, -1)), (curves_known & curves_known[0])[:, None]),
        _known(_shaped(gain, (models, models)), areas_known & areas_known[:, None]),
        doubts,
    )


def _curve(ranking: Ranking, weights: Floats) -> str:
    return next(filter(None, map(doubt_of_curve, ranking.efficiencies(weights))), "")


def _shaped(estimate: Estimate, shape: tuple[int, int]) -> Estimate:
    return Estimate(estimate.value.reshape(shape), estimate.std.reshape(shape))


def _known(estimate: Estimate, known: npt.NDArray[np.bool_]) -> Estimate:
    return Estimate(np.where(known, estimate.value, np.nan), np.where(known, estimate.std, np.nan))


@dataclass(frozen=True)
class Areas:
    """Areas under the ROC curves in bins: ``edges`` (bins + 1,), ``auc`` (models, bins), ``jets`` (bins, 2)."""

    edges: Floats
    auc: Estimate
    jets: npt.NDArray[np.int64]
    """Numbers of background and signal jets."""
    doubts: list[list[str]]
    """By model and bin, why the area means nothing; it is NaN then."""


def areas(jets: Jets, variable: Array, edges: Floats, draws: Draws) -> Areas:
    """Return the area under each model's curve in bins of a variable.

    Parameters
    ----------
    jets : Jets
    variable : array of float, shape (n,)
    edges : array of float, shape (bins + 1,)
        The last bin holds its upper edge; jets outside are in no bin.
    draws : Draws
        Seed and number of the replicas.
    """
    values, stds, numbers, doubts = [], [], [], []
    for chosen in members(variable, edges):
        inside = jets.take(chosen)
        number = (int((~inside.signal).sum()), int(inside.signal.sum()))
        numbers.append(number)
        few = inside.doubt()
        nothing = np.full(len(jets.log_ratios), np.nan)
        found = Estimate(nothing, nothing) if few else _areas(inside, draws)
        doubts.append([few or doubt_of_share(*pair) for pair in zip(found.value, found.std, strict=True)])
        found = _known(found, np.array([not doubt for doubt in doubts[-1]]))
        values.append(found.value)
        stds.append(found.std)
    by_model = [list(column) for column in zip(*doubts, strict=True)]
    return Areas(edges, Estimate(np.array(values).T, np.array(stds).T), np.array(numbers), by_model)


def _areas(jets: Jets, draws: Draws) -> Estimate:
    rankings = [Ranking(jets.signal, scores) for scores in jets.log_ratios]

    def measure(weights: Floats) -> Floats:
        return np.array([ranking.auc(weights) for ranking in rankings])

    return bootstrap(measure, jets.weights, jets.events, draws)


def members(variable: Array, edges: Floats) -> list[npt.NDArray[np.int64]]:
    """Return the jets of each bin; the last bin holds its upper edge."""
    place = np.searchsorted(edges, variable, side="right") - 1
    place[variable == edges[-1]] = len(edges) - 2
    return [np.flatnonzero(place == index) for index in range(len(edges) - 1)]


FEWEST_RANKED = 100
"""Jets that a rank correlation needs: its standard deviation, 1 / sqrt(n - 1) where there is none, is then 0.1."""


@dataclass(frozen=True)
class Correlations:
    """Correlations of the models' ranks (Spearman's) of some jets.

    ``matrix`` has the shape (models, models); it is NaN where it means nothing, for the reason in ``doubt``.
    """

    matrix: Floats
    jets: int
    doubt: str = ""


def correlations_of(log_ratios: Floats) -> Correlations:
    """Return the correlations of the models' ranks of jets by log ratios of shape (models, n)."""
    models, jets = log_ratios.shape
    if jets < FEWEST_RANKED:
        few = f"{jets} jets; ranks need {FEWEST_RANKED}"
        return Correlations(np.full((models, models), np.nan), jets, few)
    return Correlations(rank_correlations(log_ratios), jets)


def rank_correlations(log_ratios: Floats) -> Floats:
    """Return the correlation of the models' ranks, shape (models, models); equal scores in any order."""
    ranks = np.argsort(np.argsort(log_ratios, axis=1, kind="stable"), axis=1, kind="stable")
    return np.atleast_2d(np.corrcoef(ranks))


def edges_of(variable: Array, given: Sequence[float], bins: int) -> Floats:
    """Return the edges of the bins: those given, or those of bins of equally many jets."""
    from jetloom.evaluation.classification.binned import quantile_edges

    return np.asarray(given, dtype=np.float64) if given else quantile_edges(variable, bins)
