"""The forward pass of a trained network, compiled once for each shape of its input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jetloom.data.streams.batch import Features

Forward = Callable[[Features], Any]
"""Features to the outputs, an array of the backend. It may still be under way: who looks at it waits."""


def forward(network: Any, xla: bool) -> Forward:
    """Compile the forward pass of a network that is trained no more, as in application (no dropout).

    Parameters
    ----------
    network : keras.Model
    xla : bool
        Compile with XLA on TensorFlow, too; on JAX it always is.
    """
    import keras

    if keras.backend.backend() == "jax":
        import jax
        import jax.numpy as jnp

        # Copies, because Keras gives the memory of the variables away when it trains or predicts itself.
        state = [
            [jnp.array(variable.value, copy=True) for variable in group]
            for group in (network.trainable_variables, network.non_trainable_variables)
        ]
        call = jax.jit(lambda state, features: network.stateless_call(*state, features, training=False)[0])
        return lambda features: call(state, features)
    from jetloom.models.graphs import Graphs

    return Graphs(lambda features: network(features, training=False), xla)
