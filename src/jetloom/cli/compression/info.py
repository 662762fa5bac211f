"""Say what is in a compressed file: variables with types, bounds and sizes, and what was left out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("input", type=Path, metavar="INPUT", help="file of `jetloom compress`")
    parser.add_argument("--check", action="store_true", help="decode every block, too")


def run(arguments: argparse.Namespace) -> None:
    """Run the verb."""
    from jetloom.compression.overview import overview

    for line in overview(arguments.input, arguments.check):
        sys.stdout.write(line + "\n")
