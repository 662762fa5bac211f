"""The interface of an objective: what a model learns of a row, by which numbers it is judged, and what it predicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from jetloom.data.block import Block
from jetloom.data.streams.batch import Batch, Features
from jetloom.data.view import DataFacts
from jetloom.models.objectives.metric import Metric

Array = npt.NDArray[Any]
Judged = tuple[float, str]
"""A number, and why it means nothing; an empty reason is no doubt."""


class Objective:
    """What a model learns. One of a user's own is a subclass in the file of the model that has it.

    It holds no state: a model has it as a class attribute, ``objective = Mine()``.
    """

    kind: ClassVar[str] = "own"
    """Which page of the report shows it: ``classifier``, ``density``, ``regression``; others have none."""
    metrics: ClassVar[tuple[Metric, ...]] = ()
    """What is known besides the loss."""
    ranked_by: ClassVar[str] = "val_loss"
    """The metric that ranks points unless the configuration says otherwise."""

    needs_target: ClassVar[bool] = False
    """Whether it learns the variable under ``target`` of the task."""

    control_variables: ClassVar[tuple[str, ...]] = ()
    """The columns of the control region's dataset that its metrics need."""

    def target(self, jets: Block, features: Features, data: DataFacts) -> Features:  # noqa: ARG002
        """Return what is to be learnt of each row, one array or arrays by name: by default the index of its class.

        Parameters
        ----------
        jets : Block
            Some rows of a dataset.
        features : array, or arrays by name
            What the network takes of them.
        data : DataFacts
            What the model is told of the dataset.
        """
        return np.ascontiguousarray(jets["label"])

    def row_metrics(self, batch: Batch, outputs: Any) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the metrics of ``rows`` by name: tensors of shape (rows,), written with ``keras.ops``.

        Parameters
        ----------
        batch : Batch
            Of tensors.
        outputs : tensor
            What the network gives.
        """
        return {}

    def part_metrics(self, target: Any, predicted: Array, weights: Array) -> Mapping[str, Judged]:  # noqa: ARG002
        """Return the metrics of a ``part`` by name, each with the reason why it means nothing, if there is one.

        Parameters
        ----------
        target : array, or arrays by name
            What :meth:`target` gave of all rows.
        predicted : array, shape (rows, ...)
            What :meth:`jetloom.models.base.Model.predictions` makes of the network's outputs.
        weights : float array, shape (rows,)
        """
        return {}

    def control_metrics(
        self,
        target: Array,  # noqa: ARG002
        outputs: Array,  # noqa: ARG002
        weights: Array,  # noqa: ARG002
        variables: Mapping[str, Array],  # noqa: ARG002
        parameters: Any,  # noqa: ARG002
    ) -> Mapping[str, Judged]:
        """Return the metrics of the ``control`` region by name, of its validation or its test part.

        Parameters
        ----------
        target : int array, shape (rows,)
            The class of each row, as the task of the control region has it.
        outputs : array, shape (rows, ...)
            What the network gives.
        weights : float array, shape (rows,)
        variables : mapping of str to array of shape (rows,)
            Those of :attr:`control_variables`.
        parameters : Parameters
            The point's.
        """
        return {}

    def columns(self, data: DataFacts) -> list[str]:
        """Return what a model predicts of a row, one name a column: by default the score of each class."""
        return [f"score_{name}" for name in data.classes]

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the metrics of rows, as they are logged beside the loss."""
        return tuple(metric.name for metric in self.metrics if metric.of == "rows")

    @property
    def of_parts(self) -> tuple[str, ...]:
        """Names of the metrics of a whole part."""
        return tuple(metric.name for metric in self.metrics if metric.of == "part")

    @property
    def of_control(self) -> tuple[str, ...]:
        """Names of the metrics of the control region."""
        return tuple(metric.name for metric in self.metrics if metric.of == "control")
