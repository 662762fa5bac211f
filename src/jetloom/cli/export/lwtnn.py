"""Look into a file of lwtnn: count weights, print it, make inputs, time it, turn it into a graph."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from jetloom.export.lwtnn.tools import TOOLS


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "tool",
        choices=TOOLS,
        help="count: weights by layer. dump: the network in words. inputs: the golden ramp as inputs. pattern: "
        "what the network says of it. benchmark: time a row. graph: the file in the dialect of graphs",
    )
    parser.add_argument("file", type=Path, help="the JSON, of either dialect")
    parser.add_argument("--output", type=Path, help="where the text goes; standard output")


def run(arguments: argparse.Namespace) -> None:
    """Do it."""
    from jetloom.export.lwtnn.document import read_document
    from jetloom.io.atomic import write_text

    text = TOOLS[arguments.tool](read_document(arguments.file)) + "\n"
    if arguments.output is None:
        sys.stdout.write(text)
    else:
        write_text(arguments.output, text)
