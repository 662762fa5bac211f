"""Plot the best point, and list its metrics, from what its evaluation left."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument("--dataset", type=Path, help="directory of the dataset; results/<analysis>/datasets/<task>")
    parser.add_argument("--best", type=Path, help="what jetloom evaluate wrote; results/<analysis>/best/<task>")
    parser.add_argument("--output", type=Path, help="where the figures go; beside what was evaluated")


def run(arguments: argparse.Namespace) -> None:
    """Read the numbers, draw."""
    from jetloom import paths
    from jetloom.config.load import find_task, load_analysis
    from jetloom.data.appearance import with_appearance
    from jetloom.data.dataset import Dataset
    from jetloom.report.classifier.figures import draw as draw_classifier
    from jetloom.report.density.figures import draw as draw_density
    from jetloom.report.regression.figures import draw as draw_regression
    from jetloom.report.subject import read_objective

    analysis = load_analysis(arguments.config)
    task = find_task(analysis, arguments.task)
    stored = Dataset.open(arguments.dataset or paths.dataset(analysis, arguments.task))
    dataset = with_appearance(stored, analysis, arguments.task)
    best = arguments.best or paths.best(analysis, arguments.task)
    output = arguments.output or best
    objective = read_objective(best)
    if objective == "density":
        draw_density(best, dataset, output, task.drawings, analysis.seed)
    elif objective == "regression":
        draw_regression(best, dataset.description, output)
    else:
        draw_classifier(best, dataset.description, output)
