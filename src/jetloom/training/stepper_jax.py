"""The step on JAX: a pure function of the state, compiled once; the state stays on the device between steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from jetloom.models.base import Features
from jetloom.training.stepper import Stepper


class JaxStepper(Stepper):
    """See :class:`jetloom.training.stepper.Stepper`."""

    def __init__(self, network: Any, optimizer: Any, loss: Callable[[Any, Any], Any]) -> None:
        super().__init__(network, optimizer, loss)

        def objective(trainable: Any, others: Any, features: Any, labels: Any, weights: Any) -> Any:
            outputs, others, penalties = network.stateless_call(
                trainable, others, features, training=True, return_losses=True
            )
            total = jnp.sum(weights * loss(labels, outputs))
            right = jnp.sum(weights * (jnp.argmax(outputs, axis=-1) == labels))
            return total / weights.shape[0] + sum(penalties, jnp.float32(0)), (others, jnp.stack([total, right]))

        def train(state: Any, features: Any, labels: Any, weights: Any) -> Any:
            trainable, others, moments = state
            gradient = jax.value_and_grad(objective, has_aux=True)
            (_, (others, sums)), gradients = gradient(trainable, others, features, labels, weights)
            trainable, moments = optimizer.stateless_apply(moments, gradients, trainable)
            return (trainable, others, moments), sums

        def predict(state: Any, features: Any) -> Any:
            return network.stateless_call(state[0], state[1], features, training=False)[0]

        self._train = jax.jit(train, donate_argnums=0)
        self._predict = jax.jit(predict)
        self.refresh()

    def refresh(self) -> None:
        """Take over the variables' values. They are copied, because a step gives its old state's memory away."""
        groups = (
            self.network.trainable_variables,
            self.network.non_trainable_variables,
            self.optimizer.variables,
        )
        self._state: Any = tuple([jnp.array(variable.value, copy=True) for variable in group] for group in groups)

    def sync(self) -> None:
        """Write the state back to the variables."""
        groups = (
            self.network.trainable_variables,
            self.network.non_trainable_variables,
            self.optimizer.variables,
        )
        for variables, values in zip(groups, self._state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(jnp.array(value, copy=True))

    def train(
        self, features: Features, labels: npt.NDArray[np.int32], weights: npt.NDArray[np.float32]
    ) -> tuple[float, float]:
        """Make one step; see :meth:`jetloom.training.stepper.Stepper.train`."""
        self._state, sums = self._train(self._state, features, labels, weights)
        total, right = np.asarray(sums)
        return float(total), float(right)

    def predict(self, features: Features) -> npt.NDArray[np.float32]:
        """Give the network's outputs for a batch."""
        return np.asarray(self._predict(self._state, features))
