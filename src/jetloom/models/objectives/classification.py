"""Telling classes apart: the network gives a probability of each class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jetloom.data.streams.batch import Batch
from jetloom.models.objectives.metric import Metric
from jetloom.models.objectives.objective import Array, Judged, Objective
from jetloom.statistics.classification import judged_area


class Classification(Objective):
    """The class of each row, by its probability."""

    kind: ClassVar[str] = "classifier"
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("accuracy", "Accuracy", "higher"),
        Metric("auc", "AUC", "higher", "part"),
    )
    ranked_by: ClassVar[str] = "val_auc"

    def row_metrics(self, batch: Batch, outputs: Any) -> Mapping[str, Any]:
        """Return where the most probable class is the true one."""
        from keras import ops

        return {
            "accuracy": ops.cast(ops.equal(ops.cast(ops.argmax(outputs, axis=-1), "int32"), batch.target), "float32")
        }

    def part_metrics(self, target: Any, predicted: Array, weights: Array) -> Mapping[str, Judged]:
        """Return the area under the ROC curve."""
        return {"auc": judged_area(target, predicted, weights)}
