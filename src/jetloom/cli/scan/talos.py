"""Make a results.csv of Talos from a collected scan, or a table of jetloom's columns from one of Talos."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("action", choices=["export", "import"], help="from a scan to Talos, or from Talos")
    parser.add_argument("source", type=Path, help="export: directory of the scan; import: a results.csv")
    parser.add_argument("--metric", help="import: what ranks; val_loss")
    parser.add_argument("--output", "-o", type=Path, required=True, help="the CSV")


def run(arguments: argparse.Namespace) -> None:
    """Read, turn round, write."""
    from jetloom.io.atomic import write_json, write_text
    from jetloom.scan.table.collected import read_scan
    from jetloom.scan.table.talos import exported, imported

    if arguments.action == "import":
        table = imported(arguments.source, arguments.metric)
    else:
        scan = read_scan(arguments.source)
        table, columns = exported(scan), scan.facts.parameter_columns
        parameters = {name: table[column].unique().tolist() for name, column in columns.items()}
        # Talos looks for this name beside a CSV and learns from it which columns are parameters.
        beside = arguments.output.with_name("metadata.json")
        write_json(beside, {"params": parameters, "parameter_columns": columns})
    write_text(arguments.output, table.to_csv(index=False))
    logger.info("%s: %d points", arguments.output, len(table))
