"""One training as a verb does it: its request from the configuration, its attempt in the ledger, its result."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from jetloom import paths
from jetloom.cluster.schedulers.slurm import end_before
from jetloom.config.analysis import Analysis
from jetloom.config.load import find_task
from jetloom.config.tasks.task import Task
from jetloom.data.dataset import Dataset
from jetloom.errors import ConfigurationError
from jetloom.models.registry import find_model
from jetloom.scan.attempts.attempt import recorded
from jetloom.scan.attempts.identity import job_id, scheduler_job
from jetloom.scan.bundles.membership import Training
from jetloom.scan.initial_models import Start, find_start
from jetloom.scan.points.space import parse_run, points
from jetloom.scan.result_file import is_result_of
from jetloom.training.checkpoint import CHECKPOINT
from jetloom.training.identity import identity
from jetloom.training.lengthened import EPOCHS
from jetloom.training.request import Control, Request

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """What a job asked for, for the ledger. None: nothing."""

    memory: int | None = None
    """In MB."""
    minutes: int | None = None
    gpus: int | None = None


class Trainings:
    """The trainings of a task, with what they share read once.

    Parameters
    ----------
    analysis : Analysis
        The configuration.
    name : str
        The task.
    directory, control : Path, optional
        Of the dataset, and of that of the control region, if they are not where the workflow has them.
    """

    def __init__(
        self, analysis: Analysis, name: str, directory: Path | None = None, control: Path | None = None
    ) -> None:
        self.analysis, self.name, self._control_directory = analysis, name, control
        self.task: Task = find_task(analysis, name)
        self._directory = directory or paths.dataset(analysis, name)
        self._starts: dict[int | None, Start] = {}

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset that they are trained on."""
        return Dataset.open(self._directory)

    @cached_property
    def control(self) -> Control | None:
        """The control region; None if the task has none."""
        return Control.of(self.analysis, self.name, self._control_directory)

    @cached_property
    def _parameters(self) -> dict[str, dict[str, Any]]:
        return {point.name: point.parameters for point in points(self.task)}

    def request(self, training: Training, directory: Path | None = None) -> Request:
        """Return what is asked of one training.

        Raises
        ------
        JetloomError
            If there is no dataset, or a model that it starts from is not there or not of this dataset.
        """
        repetition, fold = parse_run(training.run)
        start = self._start(fold)
        return Request(
            self.task,
            self._parameters[training.point],
            self.dataset,
            directory or paths.training(self.analysis, self.name, *training),
            self.analysis.seed,
            repetition,
            fold,
            start=start.models,
            warnings=start.warnings,
            control=self.control,
            shorter=self._shorter(training),
        )

    def _shorter(self, training: Training) -> dict[int, Path]:
        """Return the checkpoints of points that differ from a training's in fewer epochs alone, by their epochs."""
        own = self._parameters[training.point]
        if EPOCHS not in own:
            return {}
        found = {}
        for name, parameters in self._parameters.items():
            if parameters[EPOCHS] < own[EPOCHS] and parameters | {EPOCHS: own[EPOCHS]} == own:
                directory = paths.training(self.analysis, self.name, name, training.run)
                found[parameters[EPOCHS]] = directory / CHECKPOINT
        return found

    def _start(self, fold: int | None) -> Start:
        if fold not in self._starts:
            self._starts[fold] = find_start(self.analysis, self.name, self.dataset.fingerprint, fold)
        return self._starts[fold]

    def identity(self, training: Training) -> str:
        """Return the digest of all that decides a training's numbers."""
        return identity(self.request(training))

    def is_done(self, training: Training) -> bool:
        """Say whether a training's result is there, whole, and of what the configuration says now."""
        directory = paths.training(self.analysis, self.name, *training)
        return is_result_of(directory, self.identity(training))

    def use_backend(self) -> None:
        """Choose backend and device, if these are networks: a job without the card that it needs ends at once.

        Raises
        ------
        WrongResourceError
            If a GPU is asked for, and there is none that can be used.
        """
        from jetloom.training.backends.backend import use_backend

        if find_model(self.task.model).trainer == "network":
            use_backend(self.task.training.backend, self.task.training.threads, self.task.training.device)

    def train(self, request: Callable[[], Request], directory: Path, asked: Asked, deadline: float | None) -> None:
        """Train once, with a line in the ledger, and log how it ended.

        Parameters
        ----------
        request : callable
            Returns what is asked; it is called when the attempt has begun, so that its errors have their line, too.
        directory : Path
            Of the result.
        asked : Asked
            What the job asked for.
        deadline : float or None
            Time (of ``time.monotonic``) by which it leaves a checkpoint and ends.
        """
        from jetloom.training.point import train_point

        # Only Slurm begins a job again without a word to the driver, under the same number.
        again = {"end_before": end_before} if "SLURM_JOB_ID" in os.environ and job_id() == scheduler_job() else {}
        with recorded(directory, asked.memory, asked.minutes, asked.gpus, **again):
            self.use_backend()
            found = request()
            for words in found.warnings:
                logger.warning("the models that it starts from were not trained alike: %s", words)
            picture = _picture(self.task, found.dataset, found.fold)
            result = train_point(replace(found, deadline=deadline, picture=picture))
        _say_end(result)


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
    from jetloom.report.density.picture import picture_of

    model, view = find_model(task.model), dataset.view(fold)
    if model.objective.kind != "density":
        raise ConfigurationError(
            f"'{task.model}' gives no -log P of branchings", where="training.tensorboard_tree", advice="leave it out"
        )
    return picture_of(view, "validation", row, model, view.facts, dataset.description)
