"""One step of training, and prediction, on either backend; all that training changes can be saved and put back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.streams.batch import Batch, Features
from jetloom.errors import ConfigurationError
from jetloom.models.base import Model
from jetloom.models.updates import Batches, Update, is_plain, streams_of
from jetloom.training.optimizers import make_optimizer

Arrays = list[npt.NDArray[Any]]
Sums = npt.ArrayLike


@dataclass(frozen=True)
class Part:
    """An update of a network.

    Attributes
    ----------
    update : Update
    optimizer : keras.optimizers.Optimizer
    places : list of int
        The variables that it changes, as positions in the network's trainable ones.
    """

    update: Update
    optimizer: Any
    places: list[int]


class Stepper(ABC):
    """A network with its optimisers.

    Parameters
    ----------
    network : keras.Model
        The built network.
    model : Model
        The kind of network it is: its loss, its terms, its updates.
    parameters : Parameters
        The point's. With ``micro_batch`` gradients are computed over so many rows at a time, and the network's
        statistics of a batch, if it has any, are then those of a micro-batch.

    Attributes
    ----------
    parts : list of Part
        The updates of a step, in their order.
    logged : list of str
        The columns for the losses of the updates, if they are logged.
    """

    def __init__(self, network: Any, model: Model, parameters: Any) -> None:
        self.network, self.model, self.parameters = network, model, parameters
        self.micro_batch: int = parameters.micro_batch
        updates = model.updates(parameters)
        if self.micro_batch and not is_plain(updates):
            raise ConfigurationError(
                "gradients are added up over micro-batches for the model's own loss only, and it has other updates",
                where="parameters.micro_batch",
                advice="leave it out",
            )
        self.streams = streams_of(updates)
        self.parts = [self._part(update) for update in updates]
        self.logged = model.loss_columns(parameters)

    def _part(self, update: Update) -> Part:
        trainable = [id(variable) for variable in self.network.trainable_variables]
        variables = update.variables(self.network)
        optimizer = make_optimizer(self.parameters, update.optimizer, update.rate)
        optimizer.build(variables)
        return Part(update, optimizer, [trainable.index(id(variable)) for variable in variables])

    @abstractmethod
    def train(self, batches: Batches) -> Sums:
        """Make one step: each update in its order.

        The gradient of the model's own loss is that of the sum of weighted losses over the number of real rows (not
        over the sum of weights, which negative weights can bring to zero), or with the reduction ``sum`` of that sum,
        plus the loss of the batch and the network's penalties.

        Parameters
        ----------
        batches : mapping of str to Batch
            One of each of :attr:`streams`.

        Returns
        -------
        array, shape (1 + terms + logged updates,)
            Sums of the weighted losses and of the other weighted values over the batch ``main``; then the loss of each
            update, the mean if it is made several times. The step may still be under way: who looks at them waits.
        """

    @abstractmethod
    def evaluate(self, batch: Batch) -> tuple[npt.NDArray[np.float32], Any]:
        """Return the values of each row, shape (1 + terms, rows), and the network's outputs, as in application."""

    @abstractmethod
    def predict(self, features: Features) -> npt.NDArray[np.float32]:
        """Return the network's outputs for a batch, as in application (no dropout)."""

    def values(self, batch: Batch, outputs: Any) -> list[Any]:
        """Return the values of each row that are to be summed, the loss first."""
        return self.model.row_values(batch, outputs, self.parameters)

    def objective(self, batch: Batch, outputs: Any, mean: Any, penalties: Any, share: Any) -> Any:
        """Return what the model's own update makes smaller.

        Parameters
        ----------
        batch : Batch
        outputs : tensor
        mean : tensor
            The loss of the rows.
        penalties : tensor
            The network's.
        share : float or tensor
            Of the batch in a whole one: what is said once of a batch counts by so much.
        """
        if type(self.model).batch_loss is not Model.batch_loss:
            mean = mean + share * self.model.batch_loss(batch, outputs, self.parameters)
        return mean + share * penalties

    def pieces(self, batch: Batch) -> list[Batch]:
        """Return the micro-batches of a batch, of equally many rows; the last is filled up with its last row."""
        rows, size = len(batch), self.micro_batch
        places = [np.arange(start, start + size) for start in range(0, rows, size)]
        return [batch.take(np.minimum(index, rows - 1)).filled_from(index >= rows) for index in places]

    def sync(self) -> None:  # noqa: B027 - a backend whose variables are always current has nothing to do
        """Bring the variables of the network and the optimisers up to date."""

    def refresh(self) -> None:  # noqa: B027
        """Take over variables that were changed from outside."""

    def variables(self) -> list[Any]:
        """Return everything that training changes: weights, statistics, random states, optimisers."""
        return [*self.network.variables, *(variable for part in self.parts for variable in part.optimizer.variables)]

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
        """The learning rate of the training; that of an update is ``rate`` times as large."""
        self.sync()
        first = next((part for part in self.parts if part.update.rate == 1), self.parts[0])
        return float(np.asarray(first.optimizer.learning_rate)) / first.update.rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self.sync()
        for part in self.parts:
            part.optimizer.learning_rate = value * part.update.rate
        self.refresh()


def split(found: Any) -> tuple[Any, Any]:
    """Return what the loss of an update gave: the scalar, and the outputs for the batch ``main`` or None."""
    return found if isinstance(found, tuple) else (found, None)


def summed(sums: list[Any]) -> Any:
    """Return the sums over the rows that the updates of a step gave: the first that are there.

    Raises
    ------
    ConfigurationError
        If no update gave the outputs that they are made of.
    """
    for found in sums:
        if found is not None:
            return found
    raise ConfigurationError(
        "no update gives the network's outputs for the batch 'main', of which loss and terms are logged",
        where="model",
        advice="let the loss of one return both: return loss, outputs",
    )
