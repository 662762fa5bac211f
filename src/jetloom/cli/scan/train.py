"""Train one point of a scan once, from its checkpoint if there is one."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jetloom.config.tasks import Task
    from jetloom.data.dataset import Dataset
    from jetloom.scan.points.space import Point

logger = logging.getLogger(__name__)


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
    import os

    from jetloom import paths
    from jetloom.cluster.attempts.resubmission import given_up
    from jetloom.cluster.driving.driver import SINCE
    from jetloom.cluster.schedulers.slurm import end_before
    from jetloom.config.load import find_task, load_analysis
    from jetloom.data.dataset import Dataset
    from jetloom.models.registry import find_model
    from jetloom.scan.attempts.attempt import deadline, recorded
    from jetloom.scan.attempts.failed import write_failed
    from jetloom.scan.initial_models import find_start
    from jetloom.scan.points.space import parse_run
    from jetloom.training.backends.backend import use_backend
    from jetloom.training.point import train_point
    from jetloom.training.request import Control, Request

    analysis = load_analysis(arguments.config)
    task = find_task(analysis, arguments.task)
    point = _point(arguments, task)
    repetition, fold = parse_run(arguments.run_name)
    directory = arguments.output or paths.scan(analysis, arguments.task) / point.name / arguments.run_name
    if (since := os.environ.get(SINCE)) and (
        reason := given_up(analysis, arguments.task, point.name, arguments.run_name, since)
    ):
        write_failed(analysis, arguments.task, point.name, arguments.run_name, reason)
        logger.info("given up: %s", reason)
        return
    end = deadline(arguments.minutes, analysis.cluster.margin)
    # Only Slurm begins a job again without a word to the driver, under the same number.
    asked = {"end_before": end_before} if "SLURM_JOB_ID" in os.environ else {}
    with recorded(directory, arguments.memory, arguments.minutes, arguments.gpus, **asked):
        if find_model(task.model).trainer == "network":
            # First of all: a job that has no card where it needs one is to end at once.
            use_backend(task.training.backend, task.training.threads, task.training.device)
        dataset = Dataset.open(arguments.dataset or paths.dataset(analysis, arguments.task))
        dataset.verify()
        start = find_start(analysis, arguments.task, dataset.fingerprint, fold)
        for words in start.warnings:
            logger.warning("the models that it starts from were not trained alike: %s", words)
        request = Request(
            task,
            point.parameters,
            dataset,
            directory,
            analysis.seed,
            repetition,
            fold,
            deadline=end,
            start=start.models,
            warnings=start.warnings,
            picture=_picture(task, dataset, fold),
            control=Control.of(analysis, arguments.task, arguments.control),
        )
        result = train_point(request)
    _say_end(result)


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


def _say_end(result: dict[str, Any]) -> None:
    """Log how a training ended."""
    from jetloom.statistics.meaning import KEY, said_of

    metrics = ", ".join(f"{name} {value:.4f}" for name, value in result["metrics"].items() if value is not None)
    if doubted := said_of([result.get(KEY, {})]):
        logger.warning("%s", doubted)
    logger.info("%s after %d epochs %s%s", result["status"], result["epochs"], metrics, result["reason"])


def _picture(task: Task, dataset: Dataset, fold: int | None) -> Callable[[Any], bytes] | None:
    """Return a function that draws the tree of the task's chosen jet with what a network says of it; None if none is.

    Raises
    ------
    ConfigurationError
        If the model is no density, or there is no such jet.
    """
    row = task.training.tensorboard_tree
    if row is None or not task.training.tensorboard:
        return None
    from jetloom.errors import ConfigurationError
    from jetloom.models.registry import find_model
    from jetloom.report.density.picture import picture_of

    model, view = find_model(task.model), dataset.view(fold)
    if model.objective.kind != "density":
        raise ConfigurationError(
            f"'{task.model}' gives no -log P of branchings", where="training.tensorboard_tree", advice="leave it out"
        )
    return picture_of(view, "validation", row, model, view.facts, dataset.description)
