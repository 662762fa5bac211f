"""Plot a reweighting of jets of one class to another, and list its numbers."""

from __future__ import annotations

import argparse
from pathlib import Path

from jetloom.cli.comparison_options import add_ratio, find_ratio


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_ratio(parser)
    parser.add_argument("--dataset", type=Path, help="directory of the dataset; results/<analysis>/datasets/<task>")
    parser.add_argument(
        "--numbers",
        type=Path,
        help="what jetloom reweight wrote; results/<analysis>/comparisons/<name>/reweighting/<ratio>",
    )
    parser.add_argument("--output", type=Path, help="where figure and table go; beside the numbers")


def run(arguments: argparse.Namespace) -> None:
    """Read the numbers, draw."""
    from jetloom import paths
    from jetloom.config.load import load_analysis
    from jetloom.data.appearance import with_appearance
    from jetloom.data.dataset import Dataset
    from jetloom.report.reweighting.figures import draw

    analysis = load_analysis(arguments.config)
    owner = find_ratio(analysis, arguments).signal
    stored = Dataset.open(arguments.dataset or paths.dataset(analysis, owner))
    numbers = arguments.numbers or paths.reweighting(analysis, arguments.comparison, arguments.ratio)
    draw(numbers, with_appearance(stored, analysis, owner).description, arguments.output or numbers)
