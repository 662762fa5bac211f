"""Compare the best models of several tasks on the test part of the dataset that they share."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from jetloom.cli.comparison_options import add_options, open_comparison

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_options(parser)
    parser.add_argument("--output", type=Path, help="where the results go; results/<analysis>/comparisons/<name>")


def run(arguments: argparse.Namespace) -> None:
    """Read the predictions, measure."""
    from jetloom import paths
    from jetloom.evaluation.classification.aligned import compared
    from jetloom.evaluation.ratio.baselines import with_baselines
    from jetloom.evaluation.ratio.head_weights import with_head_weights
    from jetloom.evaluation.ratio.seeds import with_seeds
    from jetloom.evaluation.statistics.printed import written
    from jetloom.report.comparison.measure import compare, require_spectator

    chosen = open_comparison(arguments)
    settings, dataset = chosen.settings, chosen.dataset
    require_spectator(settings, chosen.name, dataset.description)
    ratios = {key: chosen.pair(key) for key in settings.ratios}
    read = compared({task: chosen.predictions[task] for task in settings.tasks}, ratios)
    seeded = [key for key, ratio in settings.ratios.items() if ratio.seed]
    weighted = {key: ratios[key] for key, ratio in settings.ratios.items() if ratio.head_weights}
    if seeded or weighted or settings.holds_baselines:
        dataset.verify()
    found, weightings = with_head_weights(with_seeds(read, seeded, dataset), weighted, seeded, dataset)
    if settings.holds_baselines:
        found = with_baselines(found, dataset)
    output = arguments.output or paths.comparison(chosen.analysis, chosen.name)
    results = compare(found, settings, output, weightings)
    for model, entry in results["labels"]["label"]["models"].items():
        logger.info("%s: AUC %s", model, written(entry["auc"]))
