"""What a callback may look at, and change, beside the metrics of a validation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.collections import Rows
from jetloom.data.streams.batch import Batch
from jetloom.models.base import Model
from jetloom.training.callbacks.decision import GO_ON, Decision
from jetloom.training.steppers.base import Stepper


@dataclass(frozen=True)
class Predictions:
    """What a network says of the validation part.

    Attributes
    ----------
    rows : structured array, shape (n,)
        The rows of the dataset: inputs, ``label``, weights, spectators.
    values : dict of str to float32 array, shape (n,)
        ``loss`` and the terms of the model for each row.
    probabilities : float array, shape (n, classes), or None
        Of a classifier.
    """

    rows: Rows
    values: dict[str, npt.NDArray[np.float32]]
    probabilities: npt.NDArray[Any] | None


@dataclass(frozen=True)
class Validation:
    """The validation part as a training takes it.

    Attributes
    ----------
    blocks : callable
        Starts a pass over it, in batches.
    rows : callable
        Starts a pass over the rows of these batches, in the same order; those that only fill up are not among them.
    control : Validation or None
        The validation part of the control region.
    """

    blocks: Callable[[], Iterator[Batch]]
    rows: Callable[[], Iterator[Rows]]
    control: Validation | None = None

    def predictions(self, stepper: Stepper, model: Model) -> Predictions:
        """Predict all of it; it is in memory then."""
        values: list[npt.NDArray[np.float32]] = []
        given: list[npt.NDArray[Any]] = []
        for batch in self.blocks():
            real = batch.real
            found, outputs = stepper.evaluate(batch)
            values.append(found[:, real])
            if model.objective.kind == "classifier":
                given.append(model.predictions(np.asarray(outputs))[real])
        names = ("loss", *model.objective.terms)
        return Predictions(
            np.concatenate(list(self.rows())),
            dict(zip(names, np.concatenate(values, axis=1), strict=True)),
            np.concatenate(given) if given else None,
        )


class Context:
    """The training at a validation.

    Parameters
    ----------
    stepper : Stepper
    model : Model
    validation : Validation
    epoch : int
        The epoch under way, counted from 1.
    ends_epoch : bool
        Whether the validation is the one at the end of the epoch.
    arrays : mapping of str to mapping of str to array, optional
        What its metrics were made of.
    """

    def __init__(
        self,
        stepper: Stepper,
        model: Model,
        validation: Validation,
        epoch: int,
        ends_epoch: bool,
        arrays: Mapping[str, Mapping[str, npt.NDArray[Any]]] = MappingProxyType({}),
    ) -> None:
        self._stepper, self._model, self._validation = stepper, model, validation
        self.epoch, self.ends_epoch = epoch, ends_epoch
        self.arrays = arrays
        """What metrics of whole parts were made of: ``target``, ``predicted`` (of the control region ``outputs``) and
        ``weights``, under ``main`` and ``control``; empty where there are no such metrics."""
        self.decided: Decision = GO_ON
        """What the callbacks before have decided."""

    @property
    def network(self) -> Any:
        """The ``keras.Model``, its variables up to date."""
        self._stepper.sync()
        return self._stepper.network

    @property
    def parameters(self) -> Any:
        """The point's."""
        return self._stepper.parameters

    @property
    def learning_rate(self) -> float:
        """The learning rate, which holds until it is set anew; a schedule of rates sets its own in each epoch."""
        return self._stepper.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._stepper.learning_rate = value

    @cached_property
    def predictions(self) -> Predictions:
        """What the network says of each row of the validation part; computed when it is asked for, once."""
        return self._validation.predictions(self._stepper, self._model)
