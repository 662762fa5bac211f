"""The recurrence along the steps of a tree: initial states from the seed, then one step a branching.

All arrays have their features first: inputs (features, steps, rows), states (width, rows). The half of a step that sees
the inputs is one matrix product over all steps, before the loop; only the half that sees the state is inside.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from jetloom.models.junipr.affine import Affine, Seeds

GATES = {"simple": 1, "gru": 3, "lstm": 4}
"""Products that a step of each kind needs: GRU (update, reset, candidate), LSTM (input, forget, candidate, output)."""


@keras.saving.register_keras_serializable(package="jetloom")
class Recurrence(keras.layers.Layer):
    """SimpleRNN, GRU or LSTM, with the activation tanh.

    The GRU applies its reset gate after the recurrent product, and so has a bias of its own there, as Keras' GRU does.

    Parameters
    ----------
    kind : str
        ``simple``, ``gru`` or ``lstm``.
    seed_size, inputs : int
        Values of the seed, and of the input of a step.
    width : int
        Size of the state.
    seed : int
        Of the initial weights: Glorot uniform, orthogonal recurrent kernels, biases 0 (LSTM forget gate: 1).
    """

    def __init__(self, kind: str, seed_size: int, inputs: int, width: int, seed: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind, self.seed_size, self.inputs, self.width, self.seed = kind, seed_size, inputs, width, seed
        generator = np.random.default_rng(seed)
        seeds: Seeds = lambda: int(generator.integers(2**31))  # noqa: E731
        states = ("h", "c") if kind == "lstm" else ("h",)
        self.initial = [Affine(seed_size, width, seeds(), name=f"initial_{state}") for state in states]
        gates = GATES[kind]
        self.entry = Affine(inputs, gates * width, seeds(), name="entry")
        self.recurrent_kernel = self.add_weight(
            shape=(width, gates * width),
            initializer=keras.initializers.Orthogonal(seed=seeds()),
            name="recurrent_kernel",
        )
        self.recurrent_bias: Any = None
        if kind == "gru":
            self.recurrent_bias = self.add_weight(shape=(gates * width,), initializer="zeros", name="recurrent_bias")
        if kind == "lstm":
            self.entry.bias.assign(np.repeat(np.array([0, 1, 0, 0], np.float32), width))
        self.built = True

    def start(self, seed: Any) -> tuple[Any, ...]:
        """Return the initial states, each (width, rows), from scaled seeds (seed_size, rows)."""
        return tuple(ops.tanh(layer(seed)) for layer in self.initial)

    def step(self, states: tuple[Any, ...], product: Any) -> tuple[Any, ...]:
        """Return the next states from the present ones and the product of the inputs, (gates * width, rows)."""
        recurrent = ops.matmul(ops.transpose(self.recurrent_kernel), states[0])
        return _STEPS[self.kind](self, states, product, recurrent)

    def call(self, seed: Any, inputs: Any) -> Any:
        """Return the state before each step, shape (width, steps, rows).

        Parameters
        ----------
        seed : tensor of shape (seed_size, rows)
        inputs : tensor of shape (inputs, steps, rows)
            What the step from t to t + 1 sees stands at t; the last one is not used.
        """
        steps, rows = ops.shape(inputs)[1:]
        products = self.entry(ops.reshape(inputs, (self.inputs, steps * rows)))
        products = ops.transpose(ops.reshape(products, (-1, steps, rows)), (1, 0, 2))
        states = self.start(seed)
        following = _scan(self.step, states, products[:-1])
        return ops.transpose(ops.concatenate([states[0][None], following], axis=0), (1, 0, 2))

    def get_config(self) -> dict[str, Any]:
        """Return what is needed to make the layer again."""
        names = ("kind", "seed_size", "inputs", "width", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _simple(layer: Recurrence, states: tuple[Any, ...], product: Any, recurrent: Any) -> tuple[Any, ...]:  # noqa: ARG001
    return (ops.tanh(product + recurrent),)


def _gru(layer: Recurrence, states: tuple[Any, ...], product: Any, recurrent: Any) -> tuple[Any, ...]:
    size = layer.width
    recurrent = recurrent + layer.recurrent_bias[:, None]
    gates = ops.sigmoid(product[: 2 * size] + recurrent[: 2 * size])
    update, reset = gates[:size], gates[size:]
    candidate = ops.tanh(product[2 * size :] + reset * recurrent[2 * size :])
    return (update * states[0] + (1 - update) * candidate,)


def _lstm(layer: Recurrence, states: tuple[Any, ...], product: Any, recurrent: Any) -> tuple[Any, ...]:
    size, both = layer.width, product + recurrent
    enter, keep = ops.sigmoid(both[:size]), ops.sigmoid(both[size : 2 * size])
    cell = keep * states[1] + enter * ops.tanh(both[2 * size : 3 * size])
    return ops.sigmoid(both[3 * size :]) * ops.tanh(cell), cell


_STEPS = {"simple": _simple, "gru": _gru, "lstm": _lstm}


def _scan(step: Any, states: tuple[Any, ...], products: Any) -> Any:
    """Return the first state after each step, shape (steps, width, rows)."""
    if keras.backend.backend() == "tensorflow" and isinstance(products.shape[0], int):
        # The loop of Keras has no fixed number of turns there, which XLA needs. Unrolled, it compiles for minutes.
        import tensorflow as tf

        return tf.scan(step, products, initializer=states)[0]

    def body(carried: Any, product: Any) -> Any:
        new = step(carried, product)
        return new, new  # the backend TensorFlow wants outputs of the states' structure

    return ops.scan(body, states, products)[1][0]
