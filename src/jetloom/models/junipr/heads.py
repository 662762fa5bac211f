"""The heads of the network: whether the jet ends, which particle branches, and how; on all steps at once.

Arrays have their features or classes first and all steps of all jets second: (features, steps * rows). A head gives
logits; :func:`picked` turns them into the logarithm of the probability of what happened.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from jetloom.models.junipr.affine import Affine

LIMIT = 75.0
"""Logits are held within this on both sides. So a softmax needs no search for the largest one, which would cost as much
as the rest of it, and any probability is above e^-155."""

NEVER = -1e30
"""A logit whose probability is exactly 0, and whose gradients are numbers."""


def picked(logits: Any, index: Any, allowed: Any = None) -> Any:
    """Return the log probability of one class each: a softmax along the last axis but one.

    Parameters
    ----------
    logits : tensor of shape (..., classes, n)
        Of a :class:`Head`, and so within :data:`LIMIT`.
    index : int32 tensor of shape (..., n)
    allowed : bool tensor of shape (classes, n), optional
        All others have probability 0.
    """
    numbers = ops.arange(ops.shape(logits)[-2], dtype="int32")[:, None]
    chosen = ops.sum(ops.where(numbers == index[..., None, :], logits, 0.0), axis=-2)
    possible = logits if allowed is None else ops.where(allowed, logits, NEVER)
    return chosen - ops.log(ops.sum(ops.exp(possible), axis=-2))


def hidden_layers(heads: Sequence[Head], inputs: Any) -> list[Any]:
    """Return the hidden layers of several heads, (hidden, n) each, by one product: many small ones take longer.

    Parameters
    ----------
    heads : sequence of Head
        Each sees the first of the inputs, as many as it has.
    inputs : tensor of shape (inputs, n)
    """
    most = max(head.inputs for head in heads)
    kernels = [ops.pad(head.first.kernel, ((0, most - head.inputs), (0, 0))) for head in heads]
    biases = ops.concatenate([head.first.bias for head in heads])
    product = ops.matmul(ops.transpose(ops.concatenate(kernels, axis=1)), inputs[:most]) + biases[:, None]
    ends = list(itertools.accumulate(head.hidden for head in heads))
    found: list[Any] = ops.split(ops.relu(product), ends[:-1], axis=0)
    return found


@keras.saving.register_keras_serializable(package="jetloom")
class Head(keras.layers.Layer):
    """A hidden layer (relu) and a layer of logits.

    Parameters
    ----------
    inputs, hidden, classes : int
        Sizes.
    seed : int
        Of the initial weights.
    """

    def __init__(self, inputs: int, hidden: int, classes: int, seed: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inputs, self.hidden, self.classes, self.seed = inputs, hidden, classes, seed
        first, second = np.random.default_rng(seed).integers(2**31, size=2)
        self.first = Affine(inputs, hidden, int(first), name="hidden")
        self.second = Affine(hidden, classes, int(second), name="logits")
        self.built = True

    def call(self, x: Any, most: Any = None) -> Any:
        """Return the logits of inputs, (inputs, n): shape (classes, n); only the first ``most`` if that is given."""
        return self.logits(ops.relu(self.first(x)), most)

    def logits(self, hidden: Any, most: Any = None) -> Any:
        """Return the logits of what :func:`hidden_layers` gives; only the first ``most`` if that is given."""
        if most is None:
            logits = self.second(hidden)
        else:
            kernel, bias = self.second.kernel[:, :most], self.second.bias[:most]
            logits = ops.matmul(ops.transpose(kernel), hidden) + bias[:, None]
        return ops.clip(logits, -LIMIT, LIMIT)

    def get_config(self) -> dict[str, Any]:
        """Return what is needed to make the layer again."""
        names = ("inputs", "hidden", "classes", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
