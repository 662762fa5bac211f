"""Deploy the best model as an archive: of networks, one that talos.Restore opens."""

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
    parser.add_argument("--point", help="another point of the scan than the best one")
    parser.add_argument("--scan", type=Path, help="directory of the scan; results/<analysis>/scans/<task>")
    parser.add_argument("--dataset", type=Path, help="directory of the dataset; results/<analysis>/datasets/<task>")
    parser.add_argument("--output", type=Path, help="the archive; best.zip, or POINT.zip, in the scan's directory")


def run(arguments: argparse.Namespace) -> None:
    """Deploy."""
    from jetloom import paths
    from jetloom.config.load import find_task, load_analysis
    from jetloom.errors import ConfigurationError
    from jetloom.models.registry import find_model
    from jetloom.scan.points.space import talos_dictionary
    from jetloom.scan.result_file import verify_file
    from jetloom.scan.table.collected import best_of, read_scan
    from jetloom.scan.table.deploy import deploy, pack
    from jetloom.training.backends.backend import use_backend

    analysis = load_analysis(arguments.config)
    task = find_task(analysis, arguments.task)
    directory = arguments.scan or paths.scan(analysis, arguments.task)
    scan = read_scan(directory)
    point = arguments.point or best_of(scan.facts, directory).point
    rows = scan.points[scan.points["point"] == point]
    if rows.empty or rows.iloc[0]["status"] != "trained":
        state = "is not in scan.csv" if rows.empty else f"is {rows.iloc[0]['status']}"
        raise ConfigurationError(f"the point '{point}' {state}", where="--point", advice="scan.csv lists all points")
    kind = find_model(task.model)
    archive = arguments.output or directory / ("best.zip" if arguments.point is None else f"{point}.zip")
    model = verify_file((directory / rows.iloc[0]["model"]).parent, kind.file)
    members = _members(arguments, analysis, point, model, archive.stem)
    if kind.trainer == "network":
        use_backend(task.training.backend, task.training.threads)
        lower = scan.facts.direction[scan.rank_by] == "lower"
        columns = scan.facts.parameter_columns
        dictionary = talos_dictionary(task)
        deploy(scan.points, dictionary, columns, scan.rank_by, lower, model, archive, point, members)
    else:
        pack(scan.points, talos_dictionary(task), model, archive, members)
    logger.info("deployed %s", point)


def _members(arguments: argparse.Namespace, analysis: Analysis, point: str, model: Path, name: str) -> dict[str, bytes]:
    """Return what makes the archive one that can be applied on its own; nothing where the dataset is gone."""
    from jetloom import paths
    from jetloom.data.dataset import DESCRIPTION
    from jetloom.inference.applied.archive import recipe_members
    from jetloom.scan.chosen import choose, seen

    dataset = arguments.dataset or paths.dataset(analysis, arguments.task)
    if not (dataset / DESCRIPTION).is_file():
        logger.warning("%s: there is no dataset: the archive cannot be applied without the analysis", dataset)
        return {}
    run = model.parent.name.partition("f")[0]
    chosen = choose(analysis, arguments.task, point, arguments.scan, dataset, run)
    return recipe_members(name, chosen.recipe, seen(analysis, arguments.task, chosen.dataset), chosen.files)
