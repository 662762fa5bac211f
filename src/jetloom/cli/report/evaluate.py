"""Evaluate the best point on the test part: predictions, and metrics with their uncertainties."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from jetloom.cli.best_point import add_options, open_best

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_options(parser)
    parser.add_argument("--output", type=Path, help="where the results go; results/<analysis>/best/<task>")


def run(arguments: argparse.Namespace) -> None:
    """Predict and measure."""
    from jetloom import paths
    from jetloom.errors import ConfigurationError
    from jetloom.evaluation.statistics.bootstrap import Draws
    from jetloom.evaluation.statistics.printed import written
    from jetloom.report.classifier.measure import evaluate as evaluate_classifier
    from jetloom.report.density.measure import evaluate as evaluate_density
    from jetloom.report.regression.measure import evaluate as evaluate_regression
    from jetloom.report.subject import Subject

    best = open_best(arguments)
    output = arguments.output or paths.best(best.analysis, arguments.task)
    draws = Draws(best.analysis.seed, best.analysis.bootstrap)
    learnt = best.task.classes or best.dataset.classes
    subject = Subject(best.network, best.model, best.dataset, learnt, best.facts, draws)
    pages = {"classifier": evaluate_classifier, "density": evaluate_density, "regression": evaluate_regression}
    evaluate = pages.get(best.model.objective.kind)
    if evaluate is None:
        raise ConfigurationError(
            f"no page of the report shows an objective of the kind '{best.model.objective.kind}'",
            where=f"tasks.{arguments.task}.model",
            advice=f"its metrics are in scan.csv; known kinds: {', '.join(pages)}",
        )
    results = evaluate(subject, output)
    for name, entry in results["metrics"].items():
        logger.info("%s %s on %d jets of the test part", name, written(entry), results["jets"])
