"""Collect a scan's results into scan.csv, ranked."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument("--dataset", type=Path, help="directory of the dataset; results/<analysis>/datasets/<task>")
    parser.add_argument("--scan", type=Path, help="directory of the scan; results/<analysis>/scans/<task>")


def run(arguments: argparse.Namespace) -> None:
    """Collect, and write the tables."""
    from jetloom import paths
    from jetloom.config.load import find_task, load_analysis
    from jetloom.data.dataset import Dataset
    from jetloom.io.atomic import write_json
    from jetloom.scan.points.space import talos_dictionary
    from jetloom.scan.table.collect import collect
    from jetloom.scan.table.collected import write_scan
    from jetloom.scan.table.ranking import criterion

    analysis = load_analysis(arguments.config)
    task = find_task(analysis, arguments.task)
    dataset = Dataset.open(arguments.dataset or paths.dataset(analysis, arguments.task))
    directory = arguments.scan or paths.scan(analysis, arguments.task)
    table = collect(arguments.task, task, directory, dataset.fingerprint, dataset.classes)
    parameters = talos_dictionary(task)
    write_scan(directory, table.rows, table.histories, table.facts)
    # Talos looks for this name beside a CSV and learns from it which columns are parameters.
    write_json(
        directory / "metadata.json", {"params": parameters, "parameter_columns": table.facts["parameter_columns"]}
    )
    if (ranked_by := criterion(task)).startswith("eval_"):
        logger.warning("ranked by %s: the test part has chosen the best point, so it no longer tests it", ranked_by)
    best = table.facts["best"]
    if best is None:
        logger.warning("no point of %s was trained to its end", arguments.task)
    elif table.rows[ranked_by].isna().all():
        logger.warning(
            "%s means nothing at any of %d points (%s): %s stands in the place of the best one by its name alone",
            ranked_by, len(table.rows), table.rows.iloc[0]["reason"], best["point"],
        )  # fmt: skip
    else:
        logger.info("best of %d points: %s", len(table.rows), best["point"])
