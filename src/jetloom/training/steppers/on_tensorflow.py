"""The step on TensorFlow: compiled graphs for training and prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jetloom.data.streams.batch import Batch, Features
from jetloom.models.graphs import Graphs
from jetloom.training.steppers.base import RowValues, Stepper, Sums


class TensorFlowStepper(Stepper):
    """See :class:`jetloom.training.steppers.base.Stepper`."""

    def __init__(
        self,
        network: Any,
        optimizer: Any,
        values: RowValues,
        micro_batch: int = 0,
        xla: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(network, optimizer, values, micro_batch, xla, reduction)
        variables = network.trainable_variables
        # Slots that gradients of micro-batches are added up in; they are zero between two steps.
        slots = [tf.Variable(tf.zeros_like(variable.value), trainable=False) for variable in variables if micro_batch]

        def gradients(batch: Batch, rows: Any, share: Any) -> Any:
            with tf.GradientTape() as tape:
                outputs = network(batch.features, training=True)
                sums = [tf.reduce_sum(batch.weights * value) for value in values(batch, outputs)]
                penalty = tf.add_n(network.losses) if network.losses else 0.0
                objective = sums[0] / rows + share * penalty
            return tape.gradient(objective, variables), tf.stack(sums)

        def train(features: Any, target: Any, weights: Any, real: Any) -> Any:
            rows = tf.reduce_sum(tf.cast(real, tf.float32)) if reduction == "mean" else 1.0
            found, sums = gradients(Batch(features, target, weights, real), rows, 1.0)
            optimizer.apply(found, variables)
            return sums

        def accumulate(features: Any, target: Any, weights: Any, real: Any, rows: Any, share: Any) -> Any:
            found, sums = gradients(Batch(features, target, weights, real), rows, share)
            for slot, gradient in zip(slots, found, strict=True):
                slot.assign_add(gradient)
            return sums

        def apply() -> None:
            optimizer.apply([tf.identity(slot) for slot in slots], variables)
            for slot in slots:
                slot.assign(tf.zeros_like(slot))

        def evaluate(*arrays: Any) -> Any:
            batch = Batch(*arrays)
            outputs = network(batch.features, training=False)
            return tf.stack(values(batch, outputs)), outputs

        self._train, self._accumulate = Graphs(train, xla), Graphs(accumulate, xla)
        self._evaluate = Graphs(evaluate, xla)
        self._predict = Graphs(lambda features: network(features, training=False), xla)
        self._apply = tf.function(apply, jit_compile=xla)

    def train(self, batch: Batch) -> Sums:
        """Make one step; see :meth:`jetloom.training.steppers.base.Stepper.train`."""
        if not 0 < self.micro_batch < len(batch):
            return np.asarray(self._train(*_arrays(batch)).numpy(), np.float64)
        pieces = self.pieces(batch)
        rows = np.float32(batch.real.sum() if self.reduction == "mean" else 1)
        share = np.float32(1 / len(pieces))
        sums = np.zeros(1)
        for piece in pieces:
            sums = sums + self._accumulate(*_arrays(piece), rows, share).numpy()
        self._apply()
        return sums

    def evaluate(self, batch: Batch) -> tuple[npt.NDArray[np.float32], Any]:
        """Return the values of each row and the outputs."""
        values, outputs = self._evaluate(*_arrays(batch))
        return values.numpy(), outputs

    def predict(self, features: Features) -> npt.NDArray[np.float32]:
        """Return the network's outputs for a batch."""
        outputs: npt.NDArray[np.float32] = self._predict(features).numpy()
        return outputs


def _arrays(batch: Batch) -> tuple[Any, ...]:
    """Return the arrays of a batch in the order in which a graph takes them."""
    return batch.features, batch.target, batch.weights, batch.real
