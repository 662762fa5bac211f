"""The figures and the table of the best classifier, from the numbers that its evaluation left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jetloom.io.atomic import make_directory, write_text
from jetloom.plots.classifier import performance as plots
from jetloom.plots.classifier import yields
from jetloom.plots.classifier.confusion import draw_confusion, matrices
from jetloom.plots.style import class_styles
from jetloom.report.classifier.stored import read_figures, read_metrics
from jetloom.report.classifier.tables import metrics_page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jetloom.plots.style import ClassStyle
    from jetloom.report.classifier.stored import Figures


def draw(numbers: Path, facts: Mapping[str, Any], output: Path) -> None:
    """Draw all figures, and write the page of metrics.

    Parameters
    ----------
    numbers : Path
        Directory that :func:`jetloom.report.classifier.measure.evaluate` wrote to.
    facts : mapping
        The dataset's description, with the titles and colours of the configuration.
    output : Path
        Directory of the figures.

    Raises
    ------
    MissingFileError, CorruptFileError
        If the numbers are not there, damaged, or of another layout.
    """
    shown, results = read_figures(numbers), read_metrics(numbers)
    classes, label = class_styles(facts["classes"]), facts["label"]
    write_text(output / "metrics.html", metrics_page(results, classes))
    plots.draw_scores(output / "scores", classes, shown.train, shown.test, label)
    plots.draw_roc(output / "roc", classes, shown.roc, label)
    draw_confusion(output / "confusion", classes, matrices(shown.used, shown.true, shown.alike), label=label)
    plots.draw_calibration(output / "calibration", classes, shown.calibration, label)
    # The directory is a result even if the task names no spectators.
    make_directory(output / "performance")
    titles = {entry["column"]: entry["title"] for entry in facts["spectators"]}
    for column, binned in shown.performance.items():
        path, title = output / "performance" / column, titles.get(column, column)
        plots.draw_performance(path, classes, binned, title, label=label)
    _draw_yields(output / "yields", classes, shown, facts)


def _draw_yields(output: Path, classes: Sequence[ClassStyle], shown: Figures, facts: Mapping[str, Any]) -> None:
    """Draw events as they count in data; of jets, nothing."""
    make_directory(output)
    label = facts["label"]
    unit = "Events" if facts.get("luminosity") else "Cross-section [pb]"
    for place, found in enumerate(shown.stacked):
        yields.draw_stacked(output / f"score_{classes[place].name}", classes, place, found, unit, label)
    titles = {style.name: style.title for style in classes}
    for one in shown.significance:
        for name in one.values[0]:
            yields.draw_significance(output / f"significance_{name}", one, name, titles[one.signal], label)
