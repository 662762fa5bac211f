"""Build a task's dataset: labels, weights, split, scaling."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument(
        "--hdf5",
        action="append",
        metavar="SAMPLE=FILE",
        help="file of a sample, instead of those under results/<analysis>/hdf5, or trees if the task reads them; "
        "may be repeated",
    )
    parser.add_argument("--output", type=Path, help="directory of the dataset; results/<analysis>/datasets/<task>")


def run(arguments: argparse.Namespace) -> None:
    """Build the dataset and log its summary."""
    from jetloom import paths
    from jetloom.config.load import find_owner, load_analysis
    from jetloom.data.build import build
    from jetloom.errors import ConfigurationError

    analysis = load_analysis(arguments.config)
    find_owner(analysis, arguments.task)
    if arguments.hdf5:
        files: dict[str, list[Path]] = {sample: [] for sample in analysis.task_samples(arguments.task)}
        for entry in arguments.hdf5:
            sample, _, path = entry.partition("=")
            if sample not in files or not path:
                raise ConfigurationError(f"'{entry}' must be SAMPLE=FILE with a sample of the task", where="--hdf5")
            files[sample].append(Path(path))
    else:
        files = paths.dataset_files(analysis, arguments.task)
    directory = arguments.output or paths.dataset(analysis, arguments.task)
    description = build(analysis, arguments.task, files, directory)
    for entry in description["summary"]:
        logger.info(
            "%-10s %-12s %9d jets, sum of weights %.6g",
            entry["part"],
            entry["class"],
            entry["jets"],
            entry["sum_of_weights"],
        )
    for entry in description["counts"]:
        logger.info("%s: %d of %d jets kept", entry["reason"], entry["after"], entry["before"])
