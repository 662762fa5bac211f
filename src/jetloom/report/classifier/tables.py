"""The metrics of the best classifier as a page of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jetloom.evaluation.statistics.printed import measured, written
from jetloom.models.objectives.shipped import SHIPPED
from jetloom.plots.tables import page, paragraph, table
from jetloom.report.choice import cautions, origin
from jetloom.statistics.meaning import KEY, not_meaningful
from jetloom.statistics.meaning import written as written_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jetloom.plots.style import ClassStyle


def metrics_page(results: Mapping[str, Any], classes: Sequence[ClassStyle]) -> str:
    """Return the tables of the metrics as an HTML page.

    Parameters
    ----------
    results : mapping
        What ``metrics.json`` holds.
    classes : sequence of ClassStyle
        In the order of the network's outputs.
    """
    text = (
        f"Point {results['point']}, run {results['run']}, on {results['jets']:,} jets of the test part "
        f"({written_number(results['effective_jets'])} effective jets). "
        "Uncertainties are one standard deviation, by bootstrap over events."
    )
    heads = ["Class", "Jets", "Effective jets", "AUC against the rest", "Expected calibration error"]
    return page(
        "The best point on the test part",
        *cautions(results),
        paragraph(text),
        _overall(results),
        table(heads, [_class(style, results["classes"][style.name]) for style in classes], "Each class"),
        _pairs(results["roc"], {style.name: style.title for style in classes}),
        origin(results),
    )


def _overall(results: Mapping[str, Any]) -> str:
    """Return the table of the metrics of all classes together, of all jets and of those with a true label."""
    true = results["true_labels"]
    rows = [
        [metric.title, written(results["metrics"][name]), written(true["metrics"][name])]
        for name, metric in SHIPPED.known.items()
        if name in results["metrics"]
    ]
    return table(["Metric", "Labels that were used", f"{true['jets']:,} jets with a true label"], rows, "All classes")


def _class(style: ClassStyle, entry: Mapping[str, Any]) -> list[Any]:
    return [
        style.title,
        entry["jets"],
        written_number(entry["effective_jets"]),
        written(entry["auc_against_rest"]),
        written(entry["calibration"]),
    ]


def _pairs(curves: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    points = list(curves[0]["rejection"]) if curves else []
    rows = [
        [names[entry["signal"]], names[entry["background"]], written(entry["auc"])]
        + [_rejection(entry["rejection"][point]) for point in points]
        for entry in curves
    ]
    rejections = [f"Rejection at {100 * float(point):.0f}% efficiency" for point in points]
    return table(["Signal", "Background", "AUC", *rejections], rows, "Pairs of classes")


def _rejection(entry: Mapping[str, Any]) -> str:
    """Write a rejection with half the width of its interval; without an upper end, as a lower bound."""
    if entry.get(KEY):
        return not_meaningful(entry[KEY])
    if entry["value"] is None:
        return f"> {entry['low']:.3g}" if entry["low"] is not None else "–"
    if entry["high"] is None:
        return f"{entry['value']:.3g} (> {entry['low']:.3g})"
    return measured(entry["value"], 0.5 * (entry["high"] - entry["low"]))
