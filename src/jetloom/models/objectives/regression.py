"""Learning a variable: the network gives its value, in its own unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from jetloom.config.tasks.task import TARGET
from jetloom.data.block import Block
from jetloom.data.streams.batch import Batch, Features
from jetloom.data.view import DataFacts
from jetloom.models.objectives.metric import Metric
from jetloom.models.objectives.objective import Array, Judged, Objective
from jetloom.statistics.regression import bias, doubt_of_spread, resolution


class Regression(Objective):
    """The variable under ``target`` of the task. The network's output has the shape (rows, 1).

    What is to be learnt of a row is its ``value``, beside the ``scale``, the standard deviation over the training part:
    a loss of ``residuals`` knows no unit.
    """

    kind: ClassVar[str] = "regression"
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("deviation", "Mean |residual|", "lower"),
        Metric("bias", "|Bias|", "lower", "part"),
        Metric("resolution", "Resolution", "lower", "part"),
    )
    needs_target: ClassVar[bool] = True

    def target(self, jets: Block, features: Features, data: DataFacts) -> Features:  # noqa: ARG002
        """Return ``value`` and ``scale`` of each row, float32 of shape (rows,)."""
        assert data.target is not None
        value = np.ascontiguousarray(jets[TARGET])
        return {"value": value, "scale": np.full(len(value), data.target.std[0], np.float32)}

    def residuals(self, batch: Batch, outputs: Any) -> Any:
        """Return predicted less true value in standard deviations of the target, a tensor of shape (rows,)."""
        assert isinstance(batch.target, dict)
        return (outputs[:, 0] - batch.target["value"]) / batch.target["scale"]

    def row_metrics(self, batch: Batch, outputs: Any) -> Mapping[str, Any]:
        """Return the size of the residual, in the unit of the target."""
        from keras import ops

        assert isinstance(batch.target, dict)
        return {"deviation": ops.abs(outputs[:, 0] - batch.target["value"])}

    def part_metrics(self, target: Any, predicted: Array, weights: Array) -> Mapping[str, Judged]:
        """Return size of the mean and width of the residuals, in the unit of the target."""
        residuals = predicted[:, 0].astype(np.float64) - target["value"]
        doubt = doubt_of_spread(residuals, weights)
        return {"bias": (abs(bias(residuals, weights)), doubt), "resolution": (resolution(residuals, weights), doubt)}

    def columns(self, data: DataFacts) -> list[str]:  # noqa: ARG002
        """Return the name of the predicted value."""
        return ["predicted"]
