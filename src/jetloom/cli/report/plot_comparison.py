"""Plot a comparison of models, and list its numbers, from what it left."""

from __future__ import annotations

import argparse
from pathlib import Path

from jetloom.cli.comparison_options import add_options, open_comparison


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_options(parser)
    parser.add_argument(
        "--numbers", type=Path, help="what jetloom compare wrote; results/<analysis>/comparisons/<name>"
    )
    parser.add_argument("--output", type=Path, help="where the figures go; beside the numbers")


def run(arguments: argparse.Namespace) -> None:
    """Read the numbers, draw."""
    from jetloom import paths
    from jetloom.report.comparison.figures import Trees, draw, draw_trees
    from jetloom.report.comparison.look import Look

    chosen = open_comparison(arguments)
    look = Look.of(chosen.analysis, chosen.name, chosen.dataset.description)
    numbers = arguments.numbers or paths.comparison(chosen.analysis, chosen.name)
    output = arguments.output or numbers
    shown = draw(numbers, look, output)
    pairs = {key: chosen.pair(key) for key in chosen.settings.pairs}
    trees = Trees(chosen.settings.trees, chosen.analysis.seed, pairs)
    draw_trees(trees, shown.fold, look, chosen.dataset, output / "trees")
