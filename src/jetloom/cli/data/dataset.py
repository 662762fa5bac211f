"""Build a task's dataset: labels, weights, split, scaling."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jetloom.config.analysis import Analysis

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
    from jetloom.data.building.build import build
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
        _require_whole(analysis, files)
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


def _require_whole(analysis: Analysis, files: dict[str, list[Path]]) -> None:
    """Require all files of the samples whose sum of weights is given: it is that of all, and a part has a part of it.

    Raises
    ------
    ConfigurationError
        If the command line names fewer files than the configuration.
    """
    from jetloom import paths
    from jetloom.errors import ConfigurationError, MissingFileError

    for sample, given in files.items():
        if not isinstance(analysis.samples[sample].sum_of_weights, float):
            continue
        try:
            whole = len(paths.source_files(analysis, sample))
        except MissingFileError:  # the files that the sum is of are elsewhere: their number is not known here
            continue
        if len(given) < whole:
            raise ConfigurationError(
                f"names {len(given)} of the {whole} files of sample '{sample}', and its sum_of_weights is that of all",
                where="--hdf5",
                advice="name all files, or leave the sum out: that of the events read, or of the files' own "
                "bookkeeping, follows what was read",
            )
