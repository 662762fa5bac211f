"""The metrics of the best density model as a page of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jetloom.evaluation.density.log_p import HEAD_TITLES, HEADS
from jetloom.evaluation.density.surprise import NAMES
from jetloom.evaluation.statistics.printed import written
from jetloom.plots.tables import page, paragraph, table
from jetloom.report.choice import cautions, origin
from jetloom.statistics.meaning import KEY, not_meaningful

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jetloom.plots.style import ClassStyle


def metrics_page(results: Mapping[str, Any], classes: Sequence[ClassStyle]) -> str:
    """Return the table of mean -log P by class and head as an HTML page.

    Parameters
    ----------
    results : mapping
        What ``metrics.json`` holds.
    classes : sequence of ClassStyle
        In the order of the labels.
    """
    heads = ["Whole jet", *(HEAD_TITLES[head] for head in HEADS)]
    lines = []
    for style in classes:
        entry = results["classes"][style.name]
        learnt = "yes" if style.name in results["learnt"] else "no"
        lines.append([style.title, learnt, entry["jets"], *(written(entry["surprise"][name]) for name in NAMES)])
    text = (
        f"Point {results['point']}, run {results['run']}, on {results['jets']:,} jets of the test part. "
        "Means over jets of -log P in nats; the heads add up to the whole jet. "
        "Uncertainties are one standard deviation, by bootstrap over events."
    )
    parts = [*cautions(results), paragraph(text)]
    parts.append(table(["Class", "Learnt", "Jets", *heads], lines, "Mean of -log P"))
    return page("The best point on the test part", *parts, *_agreement(results["heads"]), origin(results))


def _agreement(heads: Mapping[str, Any]) -> list[str]:
    """Return the table of data against model; none for a model that cannot say what it expects."""
    if not heads:
        return []
    text = (
        "What happened in the jets of the classes that were learnt, against what the model expected given the true "
        "tree up to there. Uncertainties are the spread from jet to jet: branchings of a jet need not be independent."
    )
    lines = []
    for head in HEADS:
        total = heads[head]["total"]
        chi2 = not_meaningful(total[KEY]) if total.get(KEY) else total["chi2"]
        lines.append([HEAD_TITLES[head], chi2, total["ndf"], heads[head].get("surprise")])
    columns = ["Head", "chi2", "Degrees of freedom", "Mean of -log P of a branching"]
    return [paragraph(text), table(columns, lines, "Data against model")]
