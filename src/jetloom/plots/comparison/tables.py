"""The numbers of a comparison as JSON and as a page of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.evaluation.classification.numbers import WORKING_POINTS
from jetloom.evaluation.classification.roc import EFFICIENCIES, rejection
from jetloom.evaluation.statistics.meaning import KEY, Figure, finite, not_meaningful
from jetloom.evaluation.statistics.printed import measured, written
from jetloom.plots.comparison.density_tables import density_tables
from jetloom.plots.tables import page, paragraph, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jetloom.config.comparisons import Comparison
    from jetloom.evaluation.classification.comparison import Areas, Contest
    from jetloom.evaluation.classification.confusion import Confusion
    from jetloom.evaluation.classification.log_odds import LogOdds
    from jetloom.plots.style import ClassStyle


def numbers(
    models: Sequence[ClassStyle],
    classes: Sequence[str],
    found: Mapping[str, Contest],
    binned: Areas,
    odds: Mapping[str, LogOdds],
    confusions: Mapping[str, Mapping[str, Confusion]],
) -> dict[str, Any]:
    """Put all numbers of a comparison into a JSON-like form, with None for what is not defined."""
    names = [model.name for model in models]
    return {
        "background": classes[0],
        "signal": classes[1],
        "labels": {
            labels: {
                "jets": dict(zip(classes, one.jets, strict=True)),
                "models": {name: _model(one, place) for place, name in enumerate(names)},
                "auc_differences": [
                    {"model": name, "minus": other} | _gain_of(one, row, column)
                    for row, name in enumerate(names)
                    for column, other in enumerate(names)
                    if row < column
                ],
            }
            for labels, one in found.items()
        },
        "bins": {
            "edges": binned.edges.tolist(),
            "jets": binned.jets.tolist(),
            "auc": {
                name: [
                    Figure.of(*entry).entry()
                    for entry in zip(binned.auc.value[place], binned.auc.std[place], binned.doubts[place], strict=True)
                ]
                for place, name in enumerate(names)
            },
        },
        "log_odds": {name: _log_odds(one) for name, one in odds.items()},
        "confusion": {
            name: {labels: matrix.sums.tolist() for labels, matrix in both.items()} for name, both in confusions.items()
        },
    }


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


def summary(
    results: Mapping[str, Any],
    models: Sequence[ClassStyle],
    classes: tuple[str, str],
    variable: str,
    settings: Comparison,
) -> str:
    """Return the page of tables: all models, their differences, and the areas in bins."""
    titles = {model.name: model.title for model in models}
    used, true = (results["labels"][name] for name in ("label", "true_label"))
    points = [f"{point:g}" for point in WORKING_POINTS]
    heads = ["Model", "AUC", "AUC (true labels)", "Accuracy"]
    heads += [f"Rejection at {100 * float(point):.0f}%" for point in points]
    lines = [
        [titles[name], written(entry["auc"]), written(true["models"][name]["auc"]), written(entry["accuracy"])]
        + [_written_rejection(entry["rejection"][point]) for point in points]
        for name, entry in used["models"].items()
    ]
    gains = [_gain(entry, titles) for entry in used["auc_differences"]]
    edges = results["bins"]["edges"]
    bins = [
        [f"{edges[place]:.4g} – {edges[place + 1]:.4g}", sum(results["bins"]["jets"][place])]
        + [written(results["bins"]["auc"][name][place]) for name in titles]
        for place in range(len(edges) - 1)
    ]
    odds = [[titles[name], *_line(entry)] for name, entry in results["log_odds"].items()]
    background, signal = classes
    jets, truth = sum(used["jets"].values()), sum(true["jets"].values())
    text = (
        f"{signal} against {background} on {jets:,} jets of the test part, {truth:,} of them with a true label. "
        "All models were asked about the same jets. Uncertainties are one standard deviation, by one bootstrap over "
        "events for all models, so that what two models have in common drops out of their difference. "
        "The straight line is that of the observed log ratio of the classes against the model's: slope 1 and intercept "
        "0 are calibrated; chi2 says whether it is a line at all."
    )
    return page(
        "Models on the same jets",
        *density_tables(results, titles, classes, settings),
        paragraph(text),
        table(heads, lines, "Models"),
        table(["Model", "Slope", "Intercept", "chi2", "Degrees of freedom"], odds, "Straight line of the log ratio"),
        table(["Model", "minus", "Difference of AUC", "in standard deviations"], gains, "Differences"),
        table([variable, "Jets", *titles.values()], bins, f"AUC in bins of {variable}"),
    )


def _line(entry: Mapping[str, Any]) -> list[Any]:
    return [written(entry["slope"]), written(entry["intercept"]), entry["chi2"], entry["ndf"]]


def _gain(entry: Mapping[str, Any], titles: Mapping[str, str]) -> list[Any]:
    value, std = entry["value"], entry["std"]
    significance = None if value is None or not std else value / std
    text = written(entry) if value is None or std is None else f"{value:+.5f} ± {std:.5f}"
    return [titles[entry["model"]], titles[entry["minus"]], text, significance]


def _written_rejection(entry: Mapping[str, Any]) -> str:
    if entry.get(KEY):
        return not_meaningful(entry[KEY])
    if entry["value"] is None:
        return "–" if entry["low"] is None else f"> {entry['low']:.3g}"
    return measured(entry["value"], None if entry["high"] is None else 0.5 * (entry["high"] - entry["low"]))
