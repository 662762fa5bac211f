"""The step on TensorFlow: compiled graphs for training and prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jetloom.data.block import BRANCHINGS
from jetloom.data.streams.batch import Batch, Features
from jetloom.models.base import Model
from jetloom.models.graphs import Graphs
from jetloom.models.updates import MAIN, Batches
from jetloom.training.steppers.base import Part, Stepper, Sums, split, summed


class TensorFlowStepper(Stepper):
    """See :class:`jetloom.training.steppers.base.Stepper`."""

    def __init__(self, network: Any, model: Model, parameters: Any) -> None:
        super().__init__(network, model, parameters)
        xla = model.compile_xla
        whole = parameters.reduction == "sum"
        # Slots that gradients of micro-batches are added up in; they are zero between two steps.
        first = self.parts[0]
        variables = self._of(first)
        slots = [tf.Variable(tf.zeros_like(one.value), trainable=False) for one in variables if self.micro_batch]

        def train(*arrays: Any) -> Any:
            streams = zip(self.streams, range(0, len(arrays), 4), strict=True)
            batches = {name: Batch(*arrays[start : start + 4]) for name, start in streams}
            sums, losses = [], []
            for part in self.parts:
                found = []
                for _ in range(part.update.repeat):
                    if part.update.loss is None:
                        rows = 1.0 if whole else tf.reduce_sum(tf.cast(batches[MAIN].real, tf.float32))
                        slopes, of_rows, loss = self._of_model(part, batches[MAIN], rows, 1.0)
                    else:
                        slopes, of_rows, loss = self._of_update(part, batches)
                    part.optimizer.apply(slopes, self._of(part))
                    found.append(loss)
                    sums.append(of_rows)
                losses.append(tf.add_n(found) / len(found))
            return self._noted(summed(sums), losses)

        def accumulate(features: Any, target: Any, weights: Any, real: Any, rows: Any, share: Any) -> Any:
            batch = Batch(features, target, weights, real)
            found, sums, loss = self._of_model(first, batch, rows, share)
            for slot, gradient in zip(slots, found, strict=True):
                slot.assign_add(gradient)
            return self._noted(sums, [loss])

        def apply() -> None:
            first.optimizer.apply([tf.identity(slot) for slot in slots], variables)
            for slot in slots:
                slot.assign(tf.zeros_like(slot))

        def evaluate(*arrays: Any) -> Any:
            batch = Batch(*arrays)
            outputs = network(batch.features, training=False)
            return tf.stack(self.values(batch, outputs)), outputs

        # Slots are as many for all rows: one graph serves a last batch, too, and a recurrent network's takes long.
        free = BRANCHINGS not in model.reads
        self._train = Graphs(train, xla, range(0, 4 * len(self.streams), 4), free)
        self._accumulate, self._evaluate = Graphs(accumulate, xla, (0,), free), Graphs(evaluate, xla, (0,), free)
        self._predict = Graphs(lambda features: network(features, training=False), xla, (0,), free)
        self._apply = tf.function(apply, jit_compile=xla, autograph=False)

    def _of(self, part: Part) -> list[Any]:
        """Return the variables that an update changes."""
        return [self.network.trainable_variables[index] for index in part.places]

    def _noted(self, sums: Any, losses: list[Any]) -> Any:
        """Return what is told of a step."""
        return tf.concat([sums, tf.stack(losses)], axis=0) if self.logged else sums

    def _of_model(self, part: Part, batch: Batch, rows: Any, share: Any) -> tuple[Any, Any, Any]:
        """Return the gradients of the model's own loss, the sums over the rows, and the loss."""
        with tf.GradientTape() as tape:
            outputs = self.network(batch.features, training=True)
            sums = [tf.reduce_sum(batch.weights * value) for value in self.values(batch, outputs)]
            penalty = tf.add_n(self.network.losses) if self.network.losses else 0.0
            objective = self.objective(batch, outputs, sums[0] / rows, penalty, share)
        return tape.gradient(objective, self._of(part)), tf.stack(sums), objective

    def _of_update(self, part: Part, batches: Batches) -> tuple[Any, Any, Any]:
        """Return the gradients of an update's own loss, the sums over the rows of the main batch or None, the loss."""
        assert part.update.loss is not None
        with tf.GradientTape() as tape:
            loss, outputs = split(part.update.loss(self.network, {name: batches[name] for name in part.update.streams}))
        sums = None
        if outputs is not None:
            batch = batches[MAIN]
            sums = tf.stack([tf.reduce_sum(batch.weights * value) for value in self.values(batch, outputs)])
        return tape.gradient(loss, self._of(part), unconnected_gradients=tf.UnconnectedGradients.ZERO), sums, loss

    def train(self, batches: Batches) -> Sums:
        """Make one step; see :meth:`jetloom.training.steppers.base.Stepper.train`."""
        batch = batches[MAIN]
        if not 0 < self.micro_batch < len(batch):
            arrays = [array for name in self.streams for array in _arrays(batches[name])]
            return np.asarray(self._train(*arrays).numpy(), np.float64)
        pieces = self.pieces(batch)
        rows = np.float32(batch.real.sum() if self.parameters.reduction == "mean" else 1)
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
