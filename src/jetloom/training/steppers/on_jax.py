"""The step on JAX: a pure function of the state, compiled once a shape; the state stays on the device between steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import numpy.typing as npt

from jetloom.data.streams.batch import Batch, Features
from jetloom.models.base import Model
from jetloom.models.updates import MAIN, Batches
from jetloom.training.steppers.base import Part, Stepper, Sums, split, summed

jax.tree_util.register_dataclass(Batch, ["features", "target", "weights", "real"], [])

Gradient = Callable[[Any, Any, Any], tuple[Any, Any, Any, Any]]
"""Trainable variables, the others and batches to gradients, the others, sums over rows or None, and the loss."""


class JaxStepper(Stepper):
    """See :class:`jetloom.training.steppers.base.Stepper`."""

    def __init__(self, network: Any, model: Model, parameters: Any) -> None:
        super().__init__(network, model, parameters)
        gradients = [self._of_model(part) if part.update.loss is None else self._of_update(part) for part in self.parts]

        def train(state: Any, batches: Any) -> Any:
            trainable, others, moments = state
            sums, losses, moments = [], [], list(moments)
            for place, (part, gradient) in enumerate(zip(self.parts, gradients, strict=True)):
                found = []
                for _ in range(part.update.repeat):
                    mine = [trainable[index] for index in part.places]
                    slopes, others, of_rows, loss = gradient(trainable, others, batches)
                    mine, moments[place] = part.optimizer.stateless_apply(moments[place], slopes, mine)
                    trainable = _with(trainable, part, mine)
                    found.append(loss)
                    sums.append(of_rows)
                losses.append(sum(found) / len(found))
            of_rows = summed(sums)
            return (trainable, others, moments), jnp.append(of_rows, jnp.stack(losses)) if self.logged else of_rows

        def predict(state: Any, features: Any) -> Any:
            return network.stateless_call(state[0], state[1], features, training=False)[0]

        def evaluate(state: Any, batch: Batch) -> Any:
            outputs = predict(state, batch.features)
            return jnp.stack(self.values(batch, outputs)), outputs

        self._train = jax.jit(train, donate_argnums=0)
        self._predict = jax.jit(predict)
        self._evaluate = jax.jit(evaluate)
        self.refresh()

    def _of_model(self, part: Part) -> Gradient:
        """Return the gradient of the model's own loss."""

        def objective(mine: Any, trainable: Any, others: Any, batch: Batch, rows: Any, share: float) -> Any:
            outputs, others, penalties = self.network.stateless_call(
                _with(trainable, part, mine), others, batch.features, training=True, return_losses=True
            )
            sums = [jnp.sum(batch.weights * value) for value in self.values(batch, outputs)]
            loss = self.objective(batch, outputs, sums[0] / rows, sum(penalties, jnp.float32(0)), share)
            return loss, (others, jnp.stack(sums))

        gradient = jax.value_and_grad(objective, has_aux=True)

        def pieces(mine: Any, trainable: Any, others: Any, batch: Batch, rows: Any) -> Any:
            """Add up the gradients of micro-batches, which lie along the first axis."""
            share = 1.0 / batch.real.shape[0]

            def piece(total: Any, one: Any) -> Any:
                slopes, others, sums, loss = total
                (more, (others, new)), found = gradient(mine, trainable, others, one, rows, share)
                return (jax.tree.map(jnp.add, slopes, found), others, sums + new, loss + more), None

            first = jax.tree.map(lambda array: array[0], batch)
            shapes = jax.eval_shape(lambda: gradient(mine, trainable, others, first, rows, share))
            like = (shapes[1], shapes[0][1][1], shapes[0][0])
            zeros = jax.tree.map(lambda shape: jnp.zeros(shape.shape, shape.dtype), like)
            return jax.lax.scan(piece, (zeros[0], others, *zeros[1:]), batch)[0]

        def found(trainable: Any, others: Any, batches: Any) -> Any:
            batch, mine = batches[MAIN], [trainable[index] for index in part.places]
            mean = self.parameters.reduction == "mean"
            rows = jnp.sum(batch.real).astype(jnp.float32) if mean else jnp.float32(1)
            if batch.real.ndim > 1:
                return pieces(mine, trainable, others, batch, rows)
            (loss, (others, sums)), slopes = gradient(mine, trainable, others, batch, rows, 1.0)
            return slopes, others, sums, loss

        return found

    def _of_update(self, part: Part) -> Gradient:
        """Return the gradient of an update's own loss."""
        assert part.update.loss is not None
        own = part.update.loss
        network = self.network

        def objective(mine: Any, trainable: Any, others: Any, batches: Batches) -> Any:
            changing = [*network.trainable_variables, *network.non_trainable_variables]
            held = [*_with(trainable, part, mine), *others]
            with keras.StatelessScope(state_mapping=list(zip(changing, held, strict=True))) as scope:
                loss, outputs = split(own(network, {name: batches[name] for name in part.update.streams}))
                others = [scope.get_current_value(variable) for variable in network.non_trainable_variables]
                sums = None
                if outputs is not None:
                    values = self.values(batches[MAIN], outputs)
                    sums = jnp.stack([jnp.sum(batches[MAIN].weights * value) for value in values])
            return loss, (others, sums)

        gradient = jax.value_and_grad(objective, has_aux=True)

        def found(trainable: Any, others: Any, batches: Any) -> Any:
            mine = [trainable[index] for index in part.places]
            (loss, (others, sums)), slopes = gradient(mine, trainable, others, batches)
            return slopes, others, sums, loss

        return found

    def refresh(self) -> None:
        """Take over the variables' values. They are copied, because a step gives its old state's memory away."""
        self._state: Any = jax.tree.map(lambda variable: jnp.array(variable.value, copy=True), self._groups())

    def sync(self) -> None:
        """Write the state back to the variables."""
        for variable, value in zip(jax.tree.leaves(self._groups()), jax.tree.leaves(self._state), strict=True):
            variable.assign(jnp.array(value, copy=True))

    def _groups(self) -> tuple[Any, ...]:
        """Return the variables as the state has them: those that can be trained, the others, each optimiser's."""
        moments = [list(part.optimizer.variables) for part in self.parts]
        return list(self.network.trainable_variables), list(self.network.non_trainable_variables), moments

    def train(self, batches: Batches) -> Sums:
        """Make one step; see :meth:`jetloom.training.steppers.base.Stepper.train`."""
        if 0 < self.micro_batch < len(batches[MAIN]):
            # Side by side along a new first axis.
            batches = {MAIN: jax.tree.map(lambda *arrays: np.stack(arrays), *self.pieces(batches[MAIN]))}
        self._state, sums = self._train(self._state, dict(batches))
        found: Sums = sums
        return found

    def evaluate(self, batch: Batch) -> tuple[npt.NDArray[np.float32], Any]:
        """Return the values of each row and the outputs."""
        values, outputs = self._evaluate(self._state, batch)
        return np.asarray(values), outputs

    def predict(self, features: Features) -> npt.NDArray[np.float32]:
        """Return the network's outputs for a batch."""
        return np.asarray(self._predict(self._state, features))


def _with(trainable: list[Any], part: Part, mine: list[Any]) -> list[Any]:
    """Return the values of all variables that can be trained, with new ones of those that an update changes."""
    new = dict(zip(part.places, mine, strict=True))
    return [new.get(index, value) for index, value in enumerate(trainable)]
