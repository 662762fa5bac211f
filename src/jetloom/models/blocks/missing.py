"""What stands in the place of missing values, inside of a network."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt


def fill_missing(inputs: Any, values: npt.NDArray[np.floating]) -> Any:
    """Put a fixed value of each column in the place of NaN.

    It is made of operations that Keras itself saves and loads, so that a saved network needs no jetloom.

    Parameters
    ----------
    inputs : keras tensor, shape (rows, columns)
    values : array, shape (columns,)
    """
    return keras.ops.where(keras.ops.isnan(inputs), np.asarray(values, np.float32), inputs)


@keras.saving.register_keras_serializable(package="jetloom")
class FillMissing(keras.layers.Layer):
    """The same as a layer of jetloom's own: networks that were saved with it still load.

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
        return fill_missing(inputs, np.array(self.values))

    def get_config(self) -> dict[str, Any]:
        """Return what is needed to make the layer again."""
        return {**super().get_config(), "values": self.values}
