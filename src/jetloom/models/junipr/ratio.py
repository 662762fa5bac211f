"""The last layer of binary JUNIPR: two log probabilities of a jet become two logits."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="jetloom")
class RatioLogits(keras.layers.Layer):
    """Sum log P over steps and heads, and divide by length and temperature.

    Parameters
    ----------
    temperature : float
        The temperature, or where it starts.
    learned : bool
        Whether its logarithm is a weight.
    by_length : bool
        Whether the sum is divided by the number of constituents.
    """

    def __init__(self, temperature: float, learned: bool, by_length: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.temperature, self.learned, self.by_length = temperature, learned, by_length
        if learned:
            start = keras.initializers.Constant(math.log(temperature))
            self.log_temperature = self.add_weight(shape=(), initializer=start, name="log_temperature")
        self.built = True

    def call(self, inputs: list[Any]) -> Any:
        """Return the logits, shape (rows, 2), from log P of both classes, (rows, steps, heads), and lengths (rows,)."""
        first, second, length = inputs
        logits = ops.stack([ops.sum(first, axis=(1, 2)), ops.sum(second, axis=(1, 2))], axis=1)
        if self.by_length:
            logits = logits / (ops.cast(length, logits.dtype)[:, None] + 1)
        return logits * ops.exp(-self.log_temperature) if self.learned else logits / self.temperature

    def compute_output_spec(self, inputs: list[Any]) -> Any:
        """Return the shape of the output."""
        return keras.KerasTensor((inputs[0].shape[0], 2), dtype="float32")

    def get_config(self) -> dict[str, Any]:
        """Return what is needed to make the layer again."""
        names = ("temperature", "learned", "by_length")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
