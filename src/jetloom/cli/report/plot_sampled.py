"""Plot the jets that were drawn from the best density model beside those it learnt."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument("--dataset", type=Path, help="directory of the dataset; results/<analysis>/datasets/<task>")
    parser.add_argument("--numbers", type=Path, help="what jetloom sample_jets wrote; results/<analysis>/best/<task>")
    parser.add_argument("--output", type=Path, help="where the figures go; beside the numbers")


def run(arguments: argparse.Namespace) -> None:
    """Read the numbers, draw."""
    from jetloom import paths
    from jetloom.config.load import find_task, load_analysis
    from jetloom.data.appearance import with_appearance
    from jetloom.data.dataset import Dataset
    from jetloom.report.sampling.figures import draw

    analysis = load_analysis(arguments.config)
    find_task(analysis, arguments.task)
    stored = Dataset.open(arguments.dataset or paths.dataset(analysis, arguments.task))
    numbers = arguments.numbers or paths.best(analysis, arguments.task)
    draw(numbers, with_appearance(stored, analysis, arguments.task).description, arguments.output or numbers)
