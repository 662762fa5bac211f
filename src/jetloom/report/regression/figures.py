"""The figures and the table of the best regression, from the numbers that its evaluation left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jetloom.io.atomic import write_text
from jetloom.plots.regression.residuals import draw_predicted, draw_residuals, draw_resolution
from jetloom.plots.style import class_styles
from jetloom.report.regression.stored import read_figures, read_metrics
from jetloom.report.regression.tables import metrics_page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def draw(numbers: Path, facts: Mapping[str, Any], output: Path) -> None:
    """Draw all figures, and write the page of metrics.

    Parameters
    ----------
    numbers : Path
        Directory that :func:`jetloom.report.regression.measure.evaluate` wrote to.
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
    classes, label, target = class_styles(facts["classes"]), facts["label"], facts["target"]["title"]
    write_text(output / "metrics.html", metrics_page(results, classes, target))
    draw_predicted(output / "predicted", shown.plane, target, label)
    draw_residuals(output / "residuals", classes, shown.residuals, target, label)
    draw_resolution(output / "resolution", shown.profile, target, label)
