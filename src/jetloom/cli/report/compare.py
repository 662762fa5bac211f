"""Compare the best models of several tasks on the test part of the dataset that they share."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jetloom.config.analysis import Analysis
    from jetloom.data.dataset import Dataset
    from jetloom.report.comparison import Appearance

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--comparison", required=True, help="name of the comparison")
    parser.add_argument("--dataset", type=Path, help="directory of the dataset; results/<analysis>/datasets/<task>")
    parser.add_argument("--best", type=Path, help="directory of the tasks' best points; results/<analysis>/best")
    parser.add_argument("--output", type=Path, help="where the results go; results/<analysis>/comparisons/<name>")


def run(arguments: argparse.Namespace) -> None:
    """Read the predictions, measure, draw."""
    from jetloom import paths
    from jetloom.config.load import load_analysis
    from jetloom.data.appearance import with_appearance
    from jetloom.data.dataset import Dataset
    from jetloom.errors import ConfigurationError, near_misses
    from jetloom.evaluation.classification.aligned import compared
    from jetloom.evaluation.ratio.baselines import with_baselines
    from jetloom.evaluation.ratio.head_weights import with_head_weights
    from jetloom.evaluation.ratio.seeds import with_seeds
    from jetloom.evaluation.statistics.printed import written
    from jetloom.report.comparison import compare, draw_trees

    analysis, name = load_analysis(arguments.config), arguments.comparison
    if name not in analysis.comparisons:
        raise ConfigurationError(
            f"no comparison '{name}'", where="comparisons", advice=near_misses(name, analysis.comparisons)
        )
    settings = analysis.comparisons[name]
    owner = settings.tasks[0]
    directory = arguments.best or paths.results(analysis) / "best"
    files = {task: directory / task / "predictions.h5" for task in analysis.tasks}
    ratios = {key: (files[ratio.signal], files[ratio.background]) for key, ratio in settings.ratios.items()}
    read = compared({task: files[task] for task in settings.tasks}, ratios)
    dataset = with_appearance(Dataset.open(arguments.dataset or paths.dataset(analysis, owner)), analysis, owner)
    look = appearance(analysis, name, dataset)
    seeded = [key for key, ratio in settings.ratios.items() if ratio.seed]
    weighted = {key: ratios[key] for key, ratio in settings.ratios.items() if ratio.head_weights}
    if seeded or weighted or settings.holds_baselines:
        dataset.verify()
    found, weightings = with_head_weights(with_seeds(read, seeded, dataset), weighted, seeded, dataset)
    if settings.holds_baselines:
        found = with_baselines(found, dataset)
    output = arguments.output or paths.comparison(analysis, name)
    results = compare(found, settings, look, output, weightings)
    pairs = {key: ratios[key] for key in settings.pairs}
    draw_trees(found, settings.trees, pairs, look, dataset, output / "trees", analysis.seed)
    for model, entry in results["labels"]["label"]["models"].items():
        logger.info("%s: AUC %s", model, written(entry["auc"]))


def appearance(analysis: Analysis, name: str, dataset: Dataset) -> Appearance:
    """Return the titles of a comparison.

    Raises
    ------
    ConfigurationError
        If its variable is no spectator of the tasks.
    """
    from jetloom.errors import ConfigurationError, near_misses
    from jetloom.evaluation.ratio.baselines import TITLES
    from jetloom.report.comparison import Appearance

    settings = analysis.comparisons[name]
    titles = {entry["column"]: entry["title"] for entry in dataset.description["spectators"]}
    if settings.variable not in titles:
        raise ConfigurationError(
            f"'{settings.variable}' is no spectator of '{settings.tasks[0]}'",
            where=f"comparisons.{name}.variable",
            advice=near_misses(settings.variable, titles),
        )
    models = {task: analysis.tasks[task].title or task for task in settings.tasks}
    models |= {key: ratio.title or key for key, ratio in settings.ratios.items()} | TITLES
    return Appearance(models, dataset.description["classes"], titles[settings.variable], analysis.label)
