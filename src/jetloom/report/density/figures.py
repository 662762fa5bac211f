"""The figures and the table of the best density model, from the numbers that its evaluation left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jetloom.evaluation.density.files import read_steps
from jetloom.inference.chosen import draw_lots, read_rows
from jetloom.io.atomic import make_directory, write_text
from jetloom.io.hdf5.tables import TableReader
from jetloom.plots.density.heads import draw_heads
from jetloom.plots.density.jet_trees import draw_jets, learnt_note
from jetloom.plots.density.log_p import draw_log_p
from jetloom.plots.density.trees import surprise
from jetloom.plots.style import class_styles
from jetloom.report.density.stored import PREDICTIONS, read_figures, read_metrics
from jetloom.report.density.tables import metrics_page

if TYPE_CHECKING:
    from pathlib import Path

    from jetloom.data.dataset import Dataset
    from jetloom.inference.chosen import Index


def draw(numbers: Path, dataset: Dataset, output: Path, trees: int, seed: int) -> None:
    """Draw all figures, and write the page of metrics.

    Parameters
    ----------
    numbers : Path
        Directory that :func:`jetloom.report.density.measure.evaluate` wrote to.
    dataset : Dataset
        That was evaluated, with the titles and colours of the configuration.
    output : Path
        Directory of the figures.
    trees : int
        Number of trees to draw.
    seed : int
        Decides which.

    Raises
    ------
    MissingFileError, CorruptFileError
        If the numbers are not there, damaged, or of another layout.
    """
    shown, results, facts = read_figures(numbers), read_metrics(numbers), dataset.description
    classes, label = class_styles(facts["classes"]), facts["label"]
    write_text(output / "metrics.html", metrics_page(results, classes))
    note = learnt_note(facts, results["learnt"], "test")
    draw_log_p(output / "log_p", classes, shown.log_p, shown.per_constituent, label, note)
    make_directory(output / "heads")
    draw_heads(output / "heads", shown.heads, label, note)
    directory, predictions = make_directory(output / "trees"), numbers / PREDICTIONS
    rows = _lots(predictions, [dataset.classes.index(name) for name in results["learnt"]], trees, seed)
    if len(rows):
        jets, steps = read_rows(dataset.view(results["fold"]), "test", rows), read_steps(predictions, rows.tolist())
        values = [surprise(steps.of(place)) for place in range(len(rows))]
        draw_jets(directory, jets, values, rows, facts, note)


def _lots(predictions: Path, classes: list[int], number: int, seed: int) -> Index:
    """Draw rows of the test part by lot from those of some classes."""
    with TableReader(predictions) as reader:
        labels = reader.read("jets")["label"]
    return draw_lots(np.flatnonzero(np.isin(labels, classes)), number, np.random.default_rng(seed))
