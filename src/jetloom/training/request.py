"""What is asked of one training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from jetloom import paths, provenance
from jetloom.config.analysis import Analysis
from jetloom.config.tasks.task import Task
from jetloom.data.dataset import Dataset
from jetloom.models.base import Model
from jetloom.models.registry import find_model


@dataclass(frozen=True)
class Control:
    """The control region of a training: the task that owns its dataset, whose classes take part, and the dataset."""

    task: Task
    dataset: Dataset

    @classmethod
    def of(cls, analysis: Analysis, name: str, directory: Path | None = None) -> Control | None:
        """Return the control region of a task; None for one without.

        Parameters
        ----------
        analysis : Analysis
        name : str
            The task.
        directory : Path, optional
            The dataset, if it lies elsewhere than in the results of the analysis.

        Raises
        ------
        MissingFileError, CorruptFileError
            If the dataset is not there or not whole.
        """
        control = analysis.tasks[name].control
        if control is None:
            return None
        dataset = Dataset.open(directory or paths.dataset(analysis, control))
        dataset.verify()
        return cls(analysis.tasks[control], dataset)


@dataclass(frozen=True)
class Request:
    """One training of one point.

    Attributes
    ----------
    task : Task
        The configuration of the task.
    parameters : dict
        All parameters of the model, as the scan resolved them.
    dataset : Dataset
        The task's dataset.
    directory : Path
        Where the results and the checkpoint go.
    seed, repetition : int
        Together with the parameters and the fold they decide every random number.
    fold : int or None
        The fold of a cross-validation.
    deadline : float, optional
        Time (of ``time.monotonic``) by which the training is to have left a checkpoint and ended.
    start : mapping of str to Path, optional
        Saved models that the network starts from, by class; the one to go on from as ``start``.
    warnings : sequence of str
        What is to be said of these in the result.
    picture : callable, optional
        Draws something of the network, as a PNG, for TensorBoard after each epoch.
    control : Control, optional
        The control region.
    shorter : mapping of int to Path
        Checkpoints of trainings that have fewer epochs and differ in nothing else, by their epochs.
    """

    task: Task
    parameters: dict[str, Any]
    dataset: Dataset
    directory: Path
    seed: int
    repetition: int
    fold: int | None
    deadline: float | None = None
    start: Mapping[str, Path] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    picture: Callable[[Any], bytes] | None = None
    control: Control | None = None
    shorter: Mapping[int, Path] = field(default_factory=dict)

    @cached_property
    def model(self) -> Model:
        """The model of the task."""
        return find_model(self.task.model)

    def settings(self) -> Any:
        """Return the checked parameters, with attributes."""
        return self.model.parameters.model_validate(self.parameters)

    def board(self) -> Path | None:
        """Return the directory of TensorBoard's events; None if none are asked for."""
        return self.directory / "tensorboard" if self.task.training.tensorboard else None

    def seeds(self) -> tuple[int, int]:
        """Return two seeds: of the model, and of the order of the data."""
        # Not of the number of epochs: a training that goes on for more of them is the same one.
        named = {name: value for name, value in self.model.identity(self.parameters).items() if name != "epochs"}
        key = int(provenance.digest(named, 15), 16)
        fold = 0 if self.fold is None else self.fold + 1
        seeds = np.random.SeedSequence([self.seed, key, self.repetition, fold])
        first, second = (int(value) for value in seeds.generate_state(2))
        return first, second
