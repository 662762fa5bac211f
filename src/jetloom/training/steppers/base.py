"""One step of training, and prediction, on either backend; all that training changes can be saved and put back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.streams.batch import Batch, Features

Arrays = list[npt.NDArray[Any]]
Sums = npt.ArrayLike


RowValues = Callable[[Batch, Any], list[Any]]
"""Batch and outputs to the loss and the other values of each row, tensors of shape (rows,)."""


class Stepper(ABC):
    """A network with its optimiser.

    Parameters
    ----------
    network : keras.Model
        The built network.
    optimizer : keras.optimizers.Optimizer
        Its optimiser.
    values : callable
        Batch and outputs to the values of each row that are to be summed, the loss first.
    micro_batch : int
        Rows over which a gradient is computed at a time; 0: all of a batch. The network's statistics of a batch, if it
        has any, are then those of a micro-batch.
    xla : bool
        Compile with XLA on TensorFlow, too.
    reduction : str
        ``mean`` or ``sum``, see :meth:`train`.
    """

    def __init__(
        self,
        network: Any,
        optimizer: Any,
        values: RowValues,
        micro_batch: int = 0,
        xla: bool = False,
        reduction: str = "mean",
    ) -> None:
        self.network = network
        self.optimizer = optimizer
        self.values = values
        self.micro_batch = micro_batch
        self.xla = xla
        self.reduction = reduction
        optimizer.build(network.trainable_variables)

    @abstractmethod
    def train(self, batch: Batch) -> Sums:
        """Make one step.

        The gradient is that of the sum of weighted losses over the number of real rows (not over the sum of weights,
        which negative weights can bring to zero), or with the reduction ``sum`` of that sum, plus the network's
        penalties.

        Returns
        -------
        array, shape (1 + terms,)
            Sums of the weighted losses and of the other weighted values. The step may still be under way: who looks at
            them waits.
        """

    @abstractmethod
    def evaluate(self, batch: Batch) -> tuple[npt.NDArray[np.float32], Any]:
        """Return the values of each row, shape (1 + terms, rows), and the network's outputs, as in application."""

    @abstractmethod
    def predict(self, features: Features) -> npt.NDArray[np.float32]:
        """Return the network's outputs for a batch, as in application (no dropout)."""

    def pieces(self, batch: Batch) -> list[Batch]:
        """Return the micro-batches of a batch, of equally many rows; the last is filled up with its last row."""
        rows, size = len(batch), self.micro_batch
        places = [np.arange(start, start + size) for start in range(0, rows, size)]
        return [batch.take(np.minimum(index, rows - 1)).filled_from(index >= rows) for index in places]

    def sync(self) -> None:  # noqa: B027 - a backend whose variables are always current has nothing to do
        """Bring the variables of the network and the optimiser up to date."""

    def refresh(self) -> None:  # noqa: B027
        """Take over variables that were changed from outside."""

    def variables(self) -> list[Any]:
        """Return everything that training changes: weights, statistics, random states, optimiser."""
        return [*self.network.variables, *self.optimizer.variables]

    def arrays(self) -> Arrays:
        """Take out the state."""
        self.sync()
        return [np.asarray(variable) for variable in self.variables()]

    def load(self, arrays: Arrays) -> None:
        """Put back a state that :meth:`arrays` gave."""
        for variable, array in zip(self.variables(), arrays, strict=True):
            variable.assign(array)
        self.refresh()

    @property
    def learning_rate(self) -> float:
        """The optimiser's learning rate."""
        self.sync()
        return float(np.asarray(self.optimizer.learning_rate))

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self.sync()
        self.optimizer.learning_rate = value
        self.refresh()
