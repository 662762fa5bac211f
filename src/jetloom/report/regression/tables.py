"""The metrics of the best regression as a page of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jetloom.evaluation.regression.numbers import NAMES
from jetloom.evaluation.statistics.printed import written
from jetloom.plots.tables import page, paragraph, table
from jetloom.report.choice import cautions, origin
from jetloom.statistics.meaning import written as written_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jetloom.plots.style import ClassStyle

TITLES = ("Mean |residual|", "Bias", "Resolution")


def metrics_page(results: Mapping[str, Any], classes: Sequence[ClassStyle], target: str) -> str:
    """Return the metrics as an HTML page.

    Parameters
    ----------
    results : mapping
        What ``metrics.json`` holds.
    classes : sequence of ClassStyle
        In the order of the labels.
    target : str
        Title of the variable.
    """
    text = (
        f"Point {results['point']}, run {results['run']}, on {results['jets']:,} jets of the test part "
        f"({written_number(results['effective_jets'])} effective jets), in the unit of {target}. A residual is "
        "predicted less true value; the bias is their mean, the resolution half the distance of their quantiles 16% "
        "and 84%. Uncertainties are one standard deviation, by bootstrap over events."
    )
    rows = [_row("All", results), *(_row(style.title, results["classes"][style.name]) for style in classes)]
    return page(
        "The best point on the test part",
        *cautions(results),
        paragraph(text),
        table(["Class", "Jets", *TITLES], rows, "Residuals"),
        origin(results),
    )


def _row(title: str, entry: Mapping[str, Any]) -> list[Any]:
    return [title, entry["jets"], *(written(entry["metrics"][name]) for name in NAMES)]
