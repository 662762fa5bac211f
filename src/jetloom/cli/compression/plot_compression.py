"""Plot a compression, and list its numbers, from what its comparison left."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--compression", required=True, help="name of the compression")
    parser.add_argument(
        "--numbers", type=Path, help="what jetloom compare_compression wrote; results/<analysis>/compressions/<name>"
    )
    parser.add_argument("--output", type=Path, help="where the figures go; beside the numbers")


def run(arguments: argparse.Namespace) -> None:
    """Read the numbers, draw."""
    from jetloom import paths
    from jetloom.cli.compression.compress import find_compression
    from jetloom.config.load import load_analysis
    from jetloom.report.compression.figures import draw
    from jetloom.report.compression.titles import Titles

    analysis = load_analysis(arguments.config)
    settings = find_compression(analysis, arguments.compression)
    numbers = arguments.numbers or paths.compression(analysis, arguments.compression)
    draw(numbers, Titles(analysis, settings), analysis.label, arguments.output or numbers)
