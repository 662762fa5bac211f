"""The step on TensorFlow: one compiled graph for training, one for prediction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jetloom.models.base import Features
from jetloom.training.stepper import Stepper


class TensorFlowStepper(Stepper):
    """See :class:`jetloom.training.stepper.Stepper`."""

    def __init__(self, network: Any, optimizer: Any, loss: Callable[[Any, Any], Any]) -> None:
        super().__init__(network, optimizer, loss)
        variables = network.trainable_variables

        def train(features: Any, labels: Any, weights: Any) -> Any:
            with tf.GradientTape() as tape:
                outputs = network(features, training=True)
                total = tf.reduce_sum(weights * loss(labels, outputs))
                penalty = tf.add_n(network.losses) if network.losses else 0.0
                objective = total / tf.cast(tf.shape(weights)[0], tf.float32) + penalty
            optimizer.apply(tape.gradient(objective, variables), variables)
            right = tf.cast(tf.equal(tf.argmax(outputs, axis=-1, output_type=tf.int32), labels), tf.float32)
            return tf.stack([total, tf.reduce_sum(weights * right)])

        # Shapes with an open number of rows: the last, smaller batch needs no second graph.
        shape = tf.TensorSpec([None, *network.inputs[0].shape[1:]], network.inputs[0].dtype)
        rows = [tf.TensorSpec([None], tf.int32), tf.TensorSpec([None], tf.float32)]
        self._train = tf.function(train, input_signature=[shape, *rows])
        self._predict = tf.function(lambda features: network(features, training=False), input_signature=[shape])

    def train(
        self, features: Features, labels: npt.NDArray[np.int32], weights: npt.NDArray[np.float32]
    ) -> tuple[float, float]:
        """Make one step; see :meth:`jetloom.training.stepper.Stepper.train`."""
        total, right = self._train(features, labels, weights).numpy()
        return float(total), float(right)

    def predict(self, features: Features) -> npt.NDArray[np.float32]:
        """Give the network's outputs for a batch."""
        outputs: npt.NDArray[np.float32] = self._predict(features).numpy()
        return outputs
