"""Evaluate the best point on the test part, with uncertainties and plots."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from jetloom.cli.report.best_point import add_options, open_best

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_options(parser)
    parser.add_argument("--output", type=Path, help="where the results go; results/<analysis>/best/<task>")


def run(arguments: argparse.Namespace) -> None:
    """Predict, measure, draw."""
    from jetloom import paths
    from jetloom.evaluation.statistics.bootstrap import Draws
    from jetloom.plots.tables import written
    from jetloom.report.classifier import evaluate
    from jetloom.report.density import evaluate_density

    best = open_best(arguments)
    output = arguments.output or paths.best(best.analysis, arguments.task)
    what, draws = (best.network, best.model, best.dataset), Draws(best.analysis.seed, best.analysis.bootstrap)
    if best.model.objective == "density":
        learnt = best.task.classes or best.dataset.classes
        results = evaluate_density(*what, learnt, best.facts, output, draws, best.task.drawings)
    else:
        results = evaluate(*what, best.facts, output, draws)
    for name, entry in results["metrics"].items():
        logger.info("%s %s on %d jets of the test part", name, written(entry), results["jets"])
