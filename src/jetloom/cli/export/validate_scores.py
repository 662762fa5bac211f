"""Hold the scores that are stored in a file against those of a network, and fail where not."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from jetloom.cli.export.dump import opened

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("file", type=Path, help="HDF5 with scores beside the jets, as jetloom dump --network writes it")
    parser.add_argument("--network", type=Path, required=True, help="a JSON of lwtnn, ONNX, or the directory 'keras'")
    parser.add_argument("--limit", type=float, help="largest difference; 1e-5")
    parser.add_argument("--rows", type=int, help="look at so many rows only, from the first on")


def run(arguments: argparse.Namespace) -> None:
    """Compare."""
    from jetloom.export.dumps.plain import read_plain
    from jetloom.export.dumps.scores import LIMIT, validate

    rows = read_plain(arguments.file)[: arguments.rows]
    limit = LIMIT if arguments.limit is None else arguments.limit
    far = validate(rows, opened(arguments.network), arguments.file, limit)
    logger.info("%s: %d rows, scores at most %.1e apart", arguments.file, len(rows), far)
