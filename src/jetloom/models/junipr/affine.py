"""A dense layer whose inputs lie along the first axis, so that what follows it reduces over contiguous memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="jetloom")
class Affine(keras.layers.Layer):
    """``kernel^T x + bias`` for x of shape (inputs, n).

    Parameters
    ----------
    inputs, units : int
        Rows of what it takes and of what it gives.
    seed : int
        Of the initial kernel (Glorot uniform); the bias starts at 0.
    """

    def __init__(self, inputs: int, units: int, seed: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inputs, self.units, self.seed = inputs, units, seed
        self.kernel = self.add_weight(
            shape=(inputs, units), initializer=keras.initializers.GlorotUniform(seed=seed), name="kernel"
        )
        self.bias = self.add_weight(shape=(units,), initializer="zeros", name="bias")
        self.built = True

    def call(self, x: Any) -> Any:
        """Return the result, shape (units, n)."""
        return ops.matmul(ops.transpose(self.kernel), x) + self.bias[:, None]

    def get_config(self) -> dict[str, Any]:
        """Return what is needed to make the layer again."""
        return {**super().get_config(), "inputs": self.inputs, "units": self.units, "seed": self.seed}


Seeds = Callable[[], int]
"""Returns another seed at each call."""
