"""The figures and tables of a comparison, from the numbers that it left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jetloom.evaluation.density.files import read_steps
from jetloom.inference.chosen import draw_lots, read_rows
from jetloom.io.atomic import make_directory, write_text
from jetloom.io.hdf5.tables import TableReader
from jetloom.plots.classifier.confusion import draw_confusion, matrices
from jetloom.plots.comparison import curves, scores
from jetloom.plots.comparison.log_odds import draw_log_odds
from jetloom.plots.comparison.separation import draw_separation
from jetloom.plots.density.jet_trees import draw_jets
from jetloom.plots.density.trees import log_ratio
from jetloom.report.comparison.stored import FIGURES, Figures, read_figures, read_numbers
from jetloom.report.comparison.tables import summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jetloom.data.dataset import Dataset
    from jetloom.plots.style import ClassStyle
    from jetloom.report.comparison.look import Look


def draw(numbers: Path, look: Look, output: Path) -> Figures:
    """Draw all figures but the trees, and write the page of tables.

    Parameters
    ----------
    numbers : Path
        Directory that :func:`jetloom.report.comparison.measure.compare` wrote to.
    look : Look
    output : Path
        Directory of the figures.

    Returns
    -------
    Figures
        What was drawn.

    Raises
    ------
    MissingFileError, CorruptFileError
        If the numbers are not there, damaged, or of another layout.
    StaleError
        If they are of other models.
    """
    shown, results, label = read_figures(numbers), read_numbers(numbers), look.label
    models, classes = look.model_styles(shown.order, str(numbers / FIGURES)), look.class_styles()
    titles = (classes[0].title, classes[1].title)
    write_text(output / "summary.html", summary(results, models, titles, look.variable))
    curves.draw_roc(output / "roc", models, titles, shown.contest, label)
    curves.draw_areas(output / "auc_in_bins", models, titles, shown.areas, look.variable, label)
    curves.draw_correlations(output / "correlations", models, titles, shown.correlations, label)
    odds = [shown.models[model.name].odds for model in models]
    draw_log_odds(output / "log_odds", models, odds, titles, label)
    _draw_models(output, shown, models, classes, look)
    _draw_pairs(output, shown, classes, look)
    return shown


def _draw_models(
    output: Path, shown: Figures, models: Sequence[ClassStyle], classes: Sequence[ClassStyle], look: Look
) -> None:
    """Draw what has a figure for each model."""
    of_scores, of_confusion = (make_directory(output / name) for name in ("scores", "confusion"))
    variable = look.variable, shown.areas.edges
    for model in models:
        one = shown.models[model.name]
        path = of_scores / model.name
        scores.draw_score_bins(path, classes, one.scores, variable, model.title, look.label)
        both = matrices(one.used, one.true, shown.alike)
        draw_confusion(of_confusion / model.name, classes, both, model.title, look.label)


def _draw_pairs(output: Path, shown: Figures, classes: Sequence[ClassStyle], look: Look) -> None:
    """Draw what has a figure for each pair of densities; the directories are results even if there is none."""
    of_log_p, of_separation = (make_directory(output / name) for name in ("log_p", "separation"))
    for name, pair in shown.pairs.items():
        surprise = pair.under_background, pair.under_signal
        scores.draw_log_p(of_log_p / name, classes, surprise, pair.log_ratio, look.label)
        draw_separation(of_separation / name, classes, pair.separation, look.models[name], look.label)


@dataclass(frozen=True)
class Trees:
    """Which trees are drawn: ``number`` of jets by ``seed``, the same for all pairs.

    ``pairs`` holds the predictions of the models of signal and background, by the name of the pair.
    """

    number: int
    seed: int
    pairs: Mapping[str, tuple[Path, Path]]


def draw_trees(trees: Trees, fold: int | None, look: Look, dataset: Dataset, output: Path) -> None:
    """Draw trees of jets with the log ratio of each pair of density models at each branching.

    Parameters
    ----------
    trees : Trees
    fold : int or None
        The fold whose test part the predictions are of.
    look : Look
    dataset : Dataset
        That the models share.
    output : Path
        Directory of the figures, one a pair inside.
    """
    make_directory(output)
    if not (trees.number and trees.pairs):
        return
    with TableReader(next(iter(trees.pairs.values()))[0]) as reader:
        candidates = np.flatnonzero(np.isin(reader.read("jets")["label"], (0, 1)))
    rows = draw_lots(candidates, trees.number, np.random.default_rng(trees.seed))
    if not len(rows):
        return
    background, signal = look.class_styles()
    jets = read_rows(dataset.view(fold), "test", rows)
    for name, predictions in trees.pairs.items():
        both = [read_steps(path, rows.tolist()) for path in predictions]
        values = [log_ratio(both[0].of(place), both[1].of(place)) for place in range(len(rows))]
        note, directory = f"test part, {look.models[name]}", make_directory(output / name)
        draw_jets(directory, jets, values, rows, dataset.description, note, (signal.title, background.title))
