"""Plot a collected scan."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--scan", type=Path, required=True, help="directory of the scan, with scan.csv and scan.json")
    parser.add_argument("--config", help="configuration of the analysis, for the label and the title in the figures")
    parser.add_argument("--output", type=Path, required=True, help="where the figures and tables go")
    parser.add_argument("--most", type=int, default=20, help="points that have a figure of their own, the best (20)")


def run(arguments: argparse.Namespace) -> None:
    """Read the collected scan, draw, write the tables."""
    from jetloom.config.load import find_task, load_analysis
    from jetloom.io.atomic import make_directory
    from jetloom.plots.scan import interactions
    from jetloom.plots.scan import points as scan
    from jetloom.plots.scan.by_point import draw_point
    from jetloom.plots.scan.correlations import draw_correlations
    from jetloom.plots.scan.learning import draw_learning
    from jetloom.plots.style import headline
    from jetloom.scan.table.collected import read_scan

    found = read_scan(arguments.scan)
    points, parameters, rank_by = found.points, found.scanned, found.rank_by
    metrics = found.metrics
    output: Path = arguments.output
    head = found.facts.task
    if arguments.config:
        analysis = load_analysis(arguments.config)
        head = headline(analysis.label, find_task(analysis, head).title or head)
    scan.write_best(output / "ten_best.html", points, parameters, rank_by, metrics)
    scan.draw_best(output / "ten_best", points, parameters, rank_by, head, metrics)
    # An input may be called like a parameter, and the report's front page tells figures apart by their names alone.
    for name in parameters:
        scan.draw_parameter(output / "parameters" / f"by_{name}", points, name, rank_by, head, metrics)
    # The directory is a result even if only one parameter varies and there is no pair to draw.
    make_directory(output / "interactions")
    for pair in interactions.pairs(points, parameters, rank_by):
        interactions.draw_interaction(
            output / "interactions" / f"{pair[0]}-{pair[1]}", points, pair, rank_by, head, metrics
        )
    draw_correlations(output / "correlations", points, parameters, rank_by, head, metrics)
    draw_learning(output / "learning_curves", points, found.histories, rank_by, head, metrics)
    make_directory(output / "points")
    columns = found.facts.parameter_columns
    for row in points.head(arguments.most).to_dict("records"):
        history = found.histories[found.histories["point"] == row["point"]]
        values = {name: row[column] for name, column in columns.items() if column in row}
        draw_point(output / "points" / row["point"], history, values, f"{head}, {row['point']}, rank {row['rank']}")
    logger.info("drew %d points and %d parameters", len(points), len(parameters))
