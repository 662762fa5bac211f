"""One step of training, and prediction, on either backend; all that training changes can be saved and put back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.models.base import Features

Arrays = list[npt.NDArray[Any]]


class Stepper(ABC):
    """A network with its optimiser.

    Parameters
    ----------
    network : keras.Model
        The built network.
    optimizer : keras.optimizers.Optimizer
        Its optimiser.
    loss : callable
        Labels and outputs to the loss of each row.
    """

    def __init__(self, network: Any, optimizer: Any, loss: Callable[[Any, Any], Any]) -> None:
        self.network = network
        self.optimizer = optimizer
        self.loss = loss
        optimizer.build(network.trainable_variables)

    @abstractmethod
    def train(
        self, features: Features, labels: npt.NDArray[np.int32], weights: npt.NDArray[np.float32]
    ) -> tuple[float, float]:
        """Make one step.

        The gradient is that of the sum of weighted losses over the number of rows (not over the sum of weights, which
        negative weights can bring to zero), plus the network's own penalties.

        Returns
        -------
        (float, float)
            Sum of weighted losses, and sum of the weights of the rows that were classified rightly.
        """

    @abstractmethod
    def predict(self, features: Features) -> npt.NDArray[np.float32]:
        """Give the network's outputs for a batch, as in application (no dropout)."""

    def sync(self) -> None:  # noqa: B027 - a backend whose variables are always current has nothing to do
        """Bring the variables of the network and the optimiser up to date."""

    def refresh(self) -> None:  # noqa: B027
        """Take over variables that were changed from outside."""

    def variables(self) -> list[Any]:
        """Give everything that training changes: weights, statistics, random states, optimiser."""
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


def make_stepper(network: Any, optimizer: Any, loss: Callable[[Any, Any], Any]) -> Stepper:
    """Give the stepper of the backend that Keras runs on."""
    import keras

    if keras.backend.backend() == "jax":
        from jetloom.training.stepper_jax import JaxStepper

        return JaxStepper(network, optimizer, loss)
    from jetloom.training.stepper_tensorflow import TensorFlowStepper

    return TensorFlowStepper(network, optimizer, loss)
