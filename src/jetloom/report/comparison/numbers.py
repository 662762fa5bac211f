"""The numbers of a comparison in a JSON-like form, with None for what is not defined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.evaluation.classification.numbers import WORKING_POINTS
from jetloom.evaluation.classification.roc import EFFICIENCIES, rejection
from jetloom.evaluation.density.log_p import HEADS
from jetloom.evaluation.ratio.separation import ALL
from jetloom.statistics.meaning import KEY, Figure, finite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jetloom.evaluation.classification.comparison import Contest, Correlations
    from jetloom.evaluation.classification.log_odds import LogOdds
    from jetloom.evaluation.ratio.head_weights import Weighting
    from jetloom.evaluation.ratio.separation import Separation
    from jetloom.evaluation.statistics.bootstrap import Estimate
    from jetloom.report.comparison.stored import Figures

SEED = "seed"


def numbers(
    classes: Sequence[str], found: Mapping[str, Contest], figures: Figures, weightings: Mapping[str, Weighting]
) -> dict[str, Any]:
    """Return what ``comparison.json`` holds.

    Parameters
    ----------
    classes : sequence of str
        Names of background and signal.
    found : mapping of str to Contest
        By column of the labels.
    figures : Figures
    weightings : mapping of str to Weighting
        By ratio whose heads are weighed.
    """
    names = figures.order
    return {
        "background": classes[0],
        "signal": classes[1],
        "order": names,
        "labels": {labels: _contest(one, names, classes) for labels, one in found.items()},
        "bins": _bins(figures),
        "log_odds": {name: _log_odds(figures.models[name].odds) for name in names},
        "confusion": {name: _sums(figures, name) for name in names},
        "correlations": {name: _correlations(one) for name, one in zip(classes, figures.correlations, strict=True)},
        "densities": {name: _pair_numbers(pair.separation) for name, pair in figures.pairs.items()},
        "head_weights": {
            name: dict(zip((*HEADS, SEED), one.weights.tolist(), strict=False)) | {"offset": one.offset}
            for name, one in weightings.items()
        },
    }


def _contest(found: Contest, names: Sequence[str], classes: Sequence[str]) -> dict[str, Any]:
    return {
        "jets": dict(zip(classes, found.jets, strict=True)),
        "models": {name: _model(found, place) for place, name in enumerate(names)},
        "auc_differences": [
            {"model": name, "minus": other} | _gain_of(found, row, column)
            for row, name in enumerate(names)
            for column, other in enumerate(names)
            if row < column
        ],
    }


def _bins(figures: Figures) -> dict[str, Any]:
    binned = figures.areas
    return {
        "edges": binned.edges.tolist(),
        "jets": binned.jets.tolist(),
        "auc": {
            name: [
                Figure.of(*entry).entry()
                for entry in zip(binned.auc.value[place], binned.auc.std[place], binned.doubts[place], strict=True)
            ]
            for place, name in enumerate(figures.order)
        },
    }


def _sums(figures: Figures, name: str) -> dict[str, Any]:
    one = figures.models[name]
    return {"label": one.used.sums.tolist(), "true_label": one.true.sums.tolist()}


def _correlations(found: Correlations) -> dict[str, Any]:
    entry: dict[str, Any] = {"jets": found.jets, "ranks": None if found.doubt else found.matrix.round(4).tolist()}
    return entry | ({KEY: found.doubt} if found.doubt else {})


def _log_odds(odds: LogOdds) -> dict[str, Any]:
    line = odds.line
    return {
        "said": odds.said.tolist(), "observed": odds.observed.tolist(), "std": odds.std.tolist(),
        "slope": Figure.of(*line.slope, odds.doubt).entry(),
        "intercept": Figure.of(*line.intercept, odds.doubt).entry(),
        "chi2": finite(line.chi2), "ndf": line.freedom,
    }  # fmt: skip


def _model(found: Contest, place: int) -> dict[str, Any]:
    return {
        "auc": found.area(place).entry(),
        "accuracy": Figure.of(
            found.accuracy.value[place], found.accuracy.std[place], found.doubts["accuracy"][place]
        ).entry(),
        "rejection": {f"{target:g}": _rejection(found, place, target) for target in WORKING_POINTS},
    }


def _gain_of(found: Contest, row: int, column: int) -> dict[str, Any]:
    doubt = found.doubts["auc"][row] or found.doubts["auc"][column]
    return Figure.of(found.gain.value[row, column], found.gain.std[row, column], doubt).entry()


def _rejection(found: Contest, place: int, target: float) -> dict[str, Any]:
    at = int(np.argmin(np.abs(EFFICIENCIES - target)))
    value, std = found.passed.value[place, at], found.passed.std[place, at]
    ends = rejection(np.array([value, value + std, value - std]))
    entry: dict[str, Any] = dict(zip(("value", "low", "high"), (finite(end) for end in ends), strict=True))
    return entry | ({KEY: found.doubts["curve"][place]} if found.doubts["curve"][place] else {})


def _pair_numbers(found: Separation) -> dict[str, Any]:
    sides = ("background", "signal")
    surprise = {
        jets: {
            f"under_{density}": _entry(found.surprise, (row, column), found.doubts[row])
            for column, density in enumerate(sides)
        }
        for row, jets in enumerate(sides)
    }
    heads: dict[str, Any] = {}
    for place, head in enumerate((*HEADS, ALL)):
        heads[head] = {
            f"nats_{jets}": _entry(found.apart, (place, column), found.doubts[column])
            for column, jets in enumerate(sides)
        }
        heads[head]["slope"] = Figure.of(*found.lines[place].slope, found.doubt).entry()
        if head != ALL:
            heads[head]["auc_without"] = _entry(found.without, place, found.doubt)
    return {"surprise": surprise, "heads": heads, "ruinous": found.ruinous}


def _entry(estimate: Estimate, place: Any, doubt: str) -> dict[str, Any]:
    return Figure.of(estimate.value[place], estimate.std[place], doubt).entry()
