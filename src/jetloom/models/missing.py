"""What stands in the place of missing values, inside of a network."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


@keras.saving.register_keras_serializable(package="jetloom")
class FillMissing(keras.layers.Layer):
    """Put a fixed value of each column in the place of NaN.

    Parameters
    ----------
    values : list of float
        One value a column.
    """

    def __init__(self, values: list[float], **kwargs: Any) -> None:
        super().__init__(**{"trainable": False, **kwargs})  # a saved layer brings its own
        self.values = [float(value) for value in values]

    def call(self, inputs: Any) -> Any:
        """Replace NaN in inputs of shape (rows, columns)."""
        return keras.ops.where(keras.ops.isnan(inputs), np.array(self.values, np.float32), inputs)

    def get_config(self) -> dict[str, Any]:
        """Return what is needed to make the layer again."""
        return {**super().get_config(), "values": self.values}
