"""Layers that lwtnn has and Keras has not, so that networks with them can be trained, saved and exported."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="jetloom")
class Maxout(keras.layers.Layer):
    """The largest of several linear functions, for each of its outputs.

    Parameters
    ----------
    units : int
        How many values it gives.
    pieces : int
        Of how many linear functions the largest is taken.
    """

    def __init__(self, units: int, pieces: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.pieces = units, pieces

    def build(self, shape: Any) -> None:
        """Make the weights: (pieces, inputs, units) and (pieces, units)."""
        self.kernel = self.add_weight(shape=(self.pieces, shape[-1], self.units), name="kernel")
        self.bias = self.add_weight(shape=(self.pieces, self.units), initializer="zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        """Return the largest, shape (..., units)."""
        return ops.max(ops.einsum("...i,pio->...po", inputs, self.kernel) + self.bias, axis=-2)

    def compute_output_shape(self, shape: Any) -> Any:
        """Return the shape of what it gives."""
        return (*shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """Return what is needed to make the layer again."""
        return {**super().get_config(), "units": self.units, "pieces": self.pieces}


@keras.saving.register_keras_serializable(package="jetloom")
class Highway(keras.layers.Layer):
    """A dense layer that lets a share of its inputs pass: ``c * f(x) + (1 - c) * x`` with a learnt share c.

    Parameters
    ----------
    activation : str
        Of the dense layer f.
    """

    def __init__(self, activation: str = "linear", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activation

    def build(self, shape: Any) -> None:
        """Make the weights: two kernels (inputs, inputs), two biases."""
        size = shape[-1]
        self.kernel = self.add_weight(shape=(size, size), name="kernel")
        self.carry_kernel = self.add_weight(shape=(size, size), name="carry_kernel")
        self.bias = self.add_weight(shape=(size,), initializer="zeros", name="bias")
        # At the start most of the input passes.
        self.carry_bias = self.add_weight(
            shape=(size,), initializer=keras.initializers.Constant(-2.0), name="carry_bias"
        )

    def call(self, inputs: Any) -> Any:
        """Return the mixture, of the shape of the inputs."""
        share = ops.sigmoid(ops.matmul(inputs, self.carry_kernel) + self.carry_bias)
        changed = keras.activations.get(self.activation)(ops.matmul(inputs, self.kernel) + self.bias)
        return share * changed + (1 - share) * inputs

    def compute_output_shape(self, shape: Any) -> Any:
        """Return the shape of what it gives."""
        return shape

    def get_config(self) -> dict[str, Any]:
        """Return what is needed to make the layer again."""
        return {**super().get_config(), "activation": self.activation}
