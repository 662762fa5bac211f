"""Functions of a batch as graphs of TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from jetloom.data.streams.batch import Features


class Graphs:
    """A function of a batch as graphs, one for each shape of its input; of an array, rows may be any number.

    A network on padded sequences is faster in a graph that knows its shapes, and XLA needs them; there are few, because
    lengths and numbers of rows are rounded up.

    Parameters
    ----------
    function : callable
        Of features, and perhaps of further arrays, or dicts of them, with a value a row.
    xla : bool
        Compile with XLA.
    """

    def __init__(self, function: Callable[..., Any], xla: bool) -> None:
        self._function = tf.function(function, jit_compile=xla)
        self._graphs: dict[Any, Any] = {}

    def __call__(self, features: Features, *rows: Any) -> Any:
        """Compute the function; its graph is made when a shape comes for the first time."""
        fixed = isinstance(features, dict)
        if isinstance(features, dict):
            key: Any = tuple((name, array.shape) for name, array in features.items())
        else:
            key = features.shape[1:]
        if key not in self._graphs:
            specs = tf.nest.map_structure(lambda array: _spec(array, fixed), (features, *rows))
            self._graphs[key] = self._function.get_concrete_function(*specs)
        # Written out, because a general walk over the arguments takes a tenth of a small step.
        return self._graphs[key](_constant(features), *(_constant(row) for row in rows))


def _constant(arrays: Any) -> Any:
    if isinstance(arrays, dict):
        return {name: tf.constant(array) for name, array in arrays.items()}
    return tf.constant(arrays)


def _spec(array: Any, fixed: bool) -> tf.TensorSpec:
    """Return the shape to compile for: that of the array, or with any number of rows."""
    return tf.TensorSpec(array.shape if fixed or not array.ndim else [None, *array.shape[1:]], array.dtype)
