"""Print a finished analysis' best points and where its time went."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", default="config/config.yaml", help="configuration (default: config/config.yaml)")
    parser.add_argument("--best", type=int, default=3, metavar="N", help="points to print (default: 3)")
    parser.add_argument("--histograms", action="store_true", help="histograms of the ranking metric and of val_loss")
    parser.add_argument("--report", type=Path, help="report that was written, to say where it is")


def run(arguments: argparse.Namespace) -> None:
    """Print the tables."""
    from jetloom import paths
    from jetloom.config.load import load_analysis
    from jetloom.errors import MissingFileError
    from jetloom.scan.table.collected import best_of, read_scan
    from jetloom.scan.table.terminal import text_histogram
    from jetloom.scan.times import stage_times

    analysis = load_analysis(arguments.config)
    out = sys.stdout.write
    out(f"{'stage':<14} {'jobs':>5} {'seconds':>9} {'longest':>9} {'memory MB':>10}\n")
    for stage in stage_times(paths.results(analysis) / "benchmarks"):
        out(f"{stage.name:<14} {stage.jobs:>5} {stage.seconds:>9.1f} {stage.longest:>9.1f} {stage.memory:>10.0f}\n")
    for name in analysis.tasks:
        directory = paths.scan(analysis, name)
        scan = read_scan(directory)
        best_of(scan.facts, directory)
        table, metric = scan.points, scan.rank_by
        out(f"\n{name}: best of {len(table)} points by {metric} ({scan.facts.direction[metric]} is better)\n")
        for row in table.head(arguments.best).to_dict("records"):
            values = ", ".join(
                f"{key} {row[column]:g}" if isinstance(row[column], float) else f"{key} {row[column]}"
                for key in scan.facts.scanned
                if (column := scan.facts.parameter_columns[key])
            )
            out(f"  {row['rank']}. {row['point']}  {metric} {_written(row, metric)}  {values}\n")
        if arguments.histograms:
            for column in dict.fromkeys([metric, "val_loss"]):
                out(f"\n{text_histogram(column, table[column].to_numpy(float))}")
    if arguments.report is not None:
        if not arguments.report.is_file():
            raise MissingFileError("there is no such file", path=arguments.report)
        out(f"\nreport: {arguments.report.resolve()}\n")


def _written(row: Mapping[Any, Any], metric: str) -> str:
    """Write a point's metric with its spread over the trainings; where it has no value, why."""
    if math.isnan(row[metric]):
        return f"- ({row['reason'] or row['status']})"
    spread = row[f"{metric}_std"]
    several = "" if math.isnan(spread) else f" +- {spread:.4f} over {row['repetitions']} trainings"
    return f"{row[metric]:.4f}{several}"
