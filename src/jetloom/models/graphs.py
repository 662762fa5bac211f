"""Functions of a batch as graphs of TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    places : sequence of int
        Which of its arguments are features.
    any_rows : bool
        Rows may be any number, of arrays by name, too: for networks whose other shapes never change.
    """

    def __init__(
        self, function: Callable[..., Any], xla: bool, places: Sequence[int] = (0,), any_rows: bool = False
    ) -> None:
        # Not rewritten by AutoGraph: code for both backends has no use for it, and errors keep their class and line.
        self._function = tf.function(function, jit_compile=xla, autograph=False)
        self._graphs: dict[Any, Any] = {}
        self._places, self._any_rows = places, any_rows and not xla

    def __call__(self, *arguments: Any) -> Any:
        """Compute the function; its graph is made when a shape comes for the first time."""
        key = tuple([_shape(arguments[place], self._any_rows) for place in self._places])
        if key not in self._graphs:
            fixed = isinstance(arguments[0], dict) and not self._any_rows
            specs = tf.nest.map_structure(lambda array: _spec(array, fixed), arguments)
            self._graphs[key] = self._function.get_concrete_function(*specs)
        # Written out, because a general walk over the arguments takes a tenth of a small step.
        return self._graphs[key](*[_constant(argument) for argument in arguments])


def _shape(features: Features, any_rows: bool) -> Any:
    """Return what a graph is made for."""
    if isinstance(features, dict):
        return tuple([(name, array.shape[1:] if any_rows else array.shape) for name, array in features.items()])
    return features.shape[1:]


def _constant(arrays: Any) -> Any:
    if isinstance(arrays, dict):
        return {name: tf.constant(array) for name, array in arrays.items()}
    return tf.constant(arrays)


def _spec(array: Any, fixed: bool) -> tf.TensorSpec:
    """Return the shape to compile for: that of the array, or with any number of rows."""
    return tf.TensorSpec(array.shape if fixed or not array.ndim else [None, *array.shape[1:]], array.dtype)
