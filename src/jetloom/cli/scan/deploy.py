"""Deploy the best model as an archive: of networks, one that talos.Restore opens."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument("--scan", type=Path, help="directory of the scan; results/<analysis>/scans/<task>")
    parser.add_argument("--output", type=Path, help="the archive; best.zip in the scan's directory")


def run(arguments: argparse.Namespace) -> None:
    """Deploy."""
    from jetloom import paths
    from jetloom.config.load import find_task, load_analysis
    from jetloom.models.registry import find_model
    from jetloom.scan.points.space import talos_dictionary
    from jetloom.scan.result_file import verify_file
    from jetloom.scan.table.collected import best_of, read_scan
    from jetloom.training.backends.backend import use_backend

    analysis = load_analysis(arguments.config)
    task = find_task(analysis, arguments.task)
    directory = arguments.scan or paths.scan(analysis, arguments.task)
    scan = read_scan(directory)
    best = best_of(scan.facts, directory)
    from jetloom.scan.table.deploy import deploy, pack

    kind = find_model(task.model)
    archive = arguments.output or directory / "best.zip"
    model = verify_file((directory / best.model).parent, kind.file)
    if kind.trainer == "network":
        use_backend(task.training.backend, task.training.threads)
        lower = scan.facts.direction[scan.rank_by] == "lower"
        columns = scan.facts.parameter_columns
        deploy(scan.points, talos_dictionary(task), columns, scan.rank_by, lower, model, archive)
    else:
        pack(scan.points, talos_dictionary(task), model, archive)
    logger.info("deployed %s", best.point)
