"""The numbers of a comparison as a page of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jetloom.evaluation.classification.numbers import WORKING_POINTS
from jetloom.evaluation.statistics.printed import measured, written
from jetloom.plots.tables import page, paragraph, table
from jetloom.report.comparison.density_tables import density_tables
from jetloom.statistics.meaning import KEY, not_meaningful

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jetloom.plots.style import ClassStyle


def summary(results: Mapping[str, Any], models: Sequence[ClassStyle], classes: tuple[str, str], variable: str) -> str:
    """Return the page of tables: all models, their differences, and the areas in bins.

    Parameters
    ----------
    results : mapping
        What ``comparison.json`` holds.
    models : sequence of ClassStyle
        In their order.
    classes : (str, str)
        Titles of background and signal.
    variable : str
        Title of the variable of the bins.
    """
    titles = {model.name: model.title for model in models}
    background, signal = classes
    jets, truth = (sum(results["labels"][name]["jets"].values()) for name in ("label", "true_label"))
    text = (
        f"{signal} against {background} on {jets:,} jets of the test part, {truth:,} of them with a true label. "
        "All models were asked about the same jets. Uncertainties are one standard deviation, by one bootstrap over "
        "events for all models, so that what two models have in common drops out of their difference. "
        "The straight line is that of the observed log ratio of the classes against the model's: slope 1 and intercept "
        "0 are calibrated; chi2 says whether it is a line at all."
    )
    odds = [[titles[name], *_line(results["log_odds"][name])] for name in titles]
    gains = [_gain(entry, titles) for entry in results["labels"]["label"]["auc_differences"]]
    return page(
        "Models on the same jets",
        *density_tables(results, titles, classes),
        paragraph(text),
        _models(results["labels"], titles),
        table(["Model", "Slope", "Intercept", "chi2", "Degrees of freedom"], odds, "Straight line of the log ratio"),
        table(["Model", "minus", "Difference of AUC", "in standard deviations"], gains, "Differences"),
        _bins(results["bins"], titles, variable),
    )


def _models(labels: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """Return the table of areas, accuracies and rejections."""
    points = [f"{point:g}" for point in WORKING_POINTS]
    heads = ["Model", "AUC", "AUC (true labels)", "Accuracy"]
    heads += [f"Rejection at {100 * float(point):.0f}%" for point in points]
    rows = []
    for name, title in titles.items():
        used, true = (labels[kind]["models"][name] for kind in ("label", "true_label"))
        cells = [written(used["auc"]), written(true["auc"]), written(used["accuracy"])]
        rows.append([title, *cells, *(_written_rejection(used["rejection"][point]) for point in points)])
    return table(heads, rows, "Models")


def _bins(bins: Mapping[str, Any], titles: Mapping[str, str], variable: str) -> str:
    edges = bins["edges"]
    rows = [
        [f"{edges[place]:.4g} – {edges[place + 1]:.4g}", sum(bins["jets"][place])]
        + [written(bins["auc"][name][place]) for name in titles]
        for place in range(len(edges) - 1)
    ]
    return table([variable, "Jets", *titles.values()], rows, f"AUC in bins of {variable}")


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
