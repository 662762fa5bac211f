"""The step on JAX: a pure function of the state, compiled once a shape; the state stays on the device between steps."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from jetloom.data.streams.batch import Batch, Features
from jetloom.training.steppers.base import RowValues, Stepper, Sums

jax.tree_util.register_dataclass(Batch, ["features", "target", "weights", "real"], [])


class JaxStepper(Stepper):
    """See :class:`jetloom.training.steppers.base.Stepper`."""

    def __init__(
        self,
        network: Any,
        optimizer: Any,
        values: RowValues,
        micro_batch: int = 0,
        xla: bool = True,
        reduction: str = "mean",
    ) -> None:
        super().__init__(network, optimizer, values, micro_batch, xla, reduction)

        def objective(trainable: Any, others: Any, batch: Batch, rows: Any, share: float) -> Any:
            outputs, others, penalties = network.stateless_call(
                trainable, others, batch.features, training=True, return_losses=True
            )
            sums = [jnp.sum(batch.weights * value) for value in values(batch, outputs)]
            return sums[0] / rows + share * sum(penalties, jnp.float32(0)), (others, jnp.stack(sums))

        gradient = jax.value_and_grad(objective, has_aux=True)

        def whole(trainable: Any, others: Any, batch: Batch, rows: Any) -> Any:
            (_, (others, sums)), gradients = gradient(trainable, others, batch, rows, 1.0)
            return gradients, others, sums

        def pieces(trainable: Any, others: Any, batch: Batch, rows: Any) -> Any:
            """Add up the gradients of micro-batches, which lie along the first axis."""
            share = 1.0 / batch.real.shape[0]

            def piece(total: Any, part: Any) -> Any:
                before, others, sums = total
                (_, (others, new)), gradients = gradient(trainable, others, part, rows, share)
                return (jax.tree.map(jnp.add, before, gradients), others, sums + new), None

            first = jax.tree.map(lambda array: array[0], batch)
            shapes = jax.eval_shape(lambda: gradient(trainable, others, first, rows, share))
            zeros = jax.tree.map(lambda shape: jnp.zeros(shape.shape, shape.dtype), (shapes[1], shapes[0][1][1]))
            return jax.lax.scan(piece, (zeros[0], others, zeros[1]), batch)[0]

        def train(state: Any, batch: Batch) -> Any:
            trainable, others, moments = state
            rows = jnp.sum(batch.real).astype(jnp.float32) if reduction == "mean" else jnp.float32(1)
            gradients, others, sums = (whole if batch.real.ndim == 1 else pieces)(trainable, others, batch, rows)
            trainable, moments = optimizer.stateless_apply(moments, gradients, trainable)
            return (trainable, others, moments), sums

        def predict(state: Any, features: Any) -> Any:
            return network.stateless_call(state[0], state[1], features, training=False)[0]

        def evaluate(state: Any, batch: Batch) -> Any:
            outputs = predict(state, batch.features)
            return jnp.stack(values(batch, outputs)), outputs

        self._train = jax.jit(train, donate_argnums=0)
        self._predict = jax.jit(predict)
        self._evaluate = jax.jit(evaluate)
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

    def train(self, batch: Batch) -> Sums:
        """Make one step; see :meth:`jetloom.training.steppers.base.Stepper.train`."""
        if 0 < self.micro_batch < len(batch):
            # Side by side along a new first axis.
            batch = jax.tree.map(lambda *arrays: np.stack(arrays), *self.pieces(batch))
        self._state, sums = self._train(self._state, batch)
        found: Sums = sums
        return found

    def evaluate(self, batch: Batch) -> tuple[npt.NDArray[np.float32], Any]:
        """Return the values of each row and the outputs."""
        values, outputs = self._evaluate(self._state, batch)
        return np.asarray(values), outputs

    def predict(self, features: Features) -> npt.NDArray[np.float32]:
        """Return the network's outputs for a batch."""
        return np.asarray(self._predict(self._state, features))
