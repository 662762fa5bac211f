"""Train one point of a scan once, from its checkpoint if there is one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jetloom.config.tasks.task import Task
    from jetloom.scan.points.space import Point
    from jetloom.training.request import Request


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", required=True, help="configuration of the analysis")
    parser.add_argument("--task", required=True, help="name of the task")
    parser.add_argument("--point", help="name of the point, see jetloom check; may be left out if there is only one")
    parser.add_argument("--run-name", default="r0", help="repetition and fold: r0, r1, ..., r0f2 (default: r0)")
    parser.add_argument("--dataset", type=Path, help="directory of the dataset; results/<analysis>/datasets/<task>")
    parser.add_argument("--control", type=Path, help="directory of the dataset of the control region, if it has one")
    parser.add_argument(
        "--output", type=Path, help="directory of the result; results/<analysis>/scans/<task>/<point>/<run>"
    )
    parser.add_argument("--memory", type=int, metavar="MB", help="memory that the job asked for, for the ledger")
    parser.add_argument("--minutes", type=int, help="wall time of the job: a checkpoint is left before its end")
    parser.add_argument("--gpus", type=int, help="GPUs that the job asked for, for the ledger")


def run(arguments: argparse.Namespace) -> None:
    """Train, and log how it ended."""
    from jetloom import paths
    from jetloom.cluster.bundles.training import Asked, Trainings
    from jetloom.config.load import load_analysis
    from jetloom.scan.attempts.attempt import deadline
    from jetloom.scan.bundles.membership import Training

    analysis = load_analysis(arguments.config)
    trainings = Trainings(analysis, arguments.task, arguments.dataset, arguments.control)
    training = Training(_point(arguments, trainings.task).name, arguments.run_name)
    directory = arguments.output or paths.training(analysis, arguments.task, *training)

    def request() -> Request:
        trainings.dataset.verify()
        return trainings.request(training, directory)

    asked = Asked(arguments.memory, arguments.minutes, arguments.gpus)
    trainings.train(request, directory, asked, deadline(arguments.minutes, analysis.cluster.margin))


def _point(arguments: argparse.Namespace, task: Task) -> Point:
    """Return the point that the options name; its run must be one of the scan.

    Raises
    ------
    ConfigurationError
        If there is no such point or run, or none is named and there are several.
    """
    from jetloom.errors import ConfigurationError
    from jetloom.scan.points.space import find_point, points, runs

    if arguments.point is None:
        if len(found := points(task)) > 1:
            raise ConfigurationError(f"the scan has {len(found)} points", where="--point", advice="name one of them")
        point = found[0]
    else:
        point = find_point(task, arguments.point)
    if arguments.run_name not in runs(task):
        raise ConfigurationError(
            f"no such run '{arguments.run_name}'", where="--run-name", advice=f"known: {', '.join(runs(task))}"
        )
    return point
