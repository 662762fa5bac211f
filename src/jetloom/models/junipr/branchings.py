"""How a mother branches: heads for the bins of z, theta, delta and phi, in this order, in one of three forms.

* ``factorised``: four networks, each sees the values of the variables before its own (JUNIPR of 2019).
* ``joint``: one softmax over the bins of all four, index ((z G + theta) G + phi) G + delta (arXiv:1804.09720).
* ``unique``: one network with four softmaxes; given the state and the mother, the variables are independent.

The columns of ``bins`` and of ``values`` are those of the files, (z, theta, phi, delta), along the first axis.
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from typing import Any

import keras
import numpy as np
from keras import ops

from jetloom.models.junipr.heads import Head, picked
from jetloom.models.junipr.parameters import ORDER


class Branchings(keras.layers.Layer):
    """What the three forms have in common.

    Parameters
    ----------
    inputs, hidden : int
        Values that the state and the mother are, and size of the hidden layer.
    granularity : int
        Bins of a variable.
    padding : int
        1 if there is a class more, which the reference implementation uses for padding; it is never right here.
    seed : int
        Of the initial weights.
    """

    def __init__(self, inputs: int, hidden: int, granularity: int, padding: int, seed: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inputs, self.hidden, self.granularity, self.padding, self.seed = inputs, hidden, granularity, padding, seed
        self.make()
        self.built = True

    @abstractmethod
    def make(self) -> None:
        """Make the networks."""

    @property
    @abstractmethod
    def heads(self) -> list[Head]:
        """The networks. They see the first of: state and mother, and the variables before the last, in ``ORDER``."""

    @abstractmethod
    def log_p(self, hidden: list[Any], bins: Any) -> Any:
        """Return the log probabilities of the bins, shape (4, n), in :data:`ORDER`.

        Parameters
        ----------
        hidden : list of tensors of shape (hidden, n)
            The hidden layers of :attr:`heads`.
        bins : int32 tensor of shape (4, n)
        """

    @abstractmethod
    def logits(self, position: int, x: Any, values: Any, bins: Any) -> Any:
        """Return logits of the variable ``ORDER[position]``, given the ones before it; shape (classes, n).

        Parameters
        ----------
        position : int
        x : tensor of shape (inputs, n)
            State and mother.
        values : tensor of shape (4, n)
            What a network sees of the variables before its own.
        bins : int32 tensor of shape (4, n)
        """

    def get_config(self) -> dict[str, Any]:
        """Return what is needed to make the layer again."""
        names = ("inputs", "hidden", "granularity", "padding", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable(package="jetloom")
class Factorised(Branchings):
    """Four networks."""

    def make(self) -> None:
        """Make the networks."""
        seeds = np.random.default_rng(self.seed).integers(2**31, size=4)
        classes = self.granularity + self.padding
        self.networks = [
            Head(self.inputs + position, self.hidden, classes, int(seeds[position]), name=name)
            for position, name in enumerate(("z", "theta", "delta", "phi"))
        ]

    @property
    def heads(self) -> list[Head]:
        """The four networks."""
        return self.networks

    def log_p(self, hidden: list[Any], bins: Any) -> Any:
        """Return the log probabilities of the bins; see :meth:`Branchings.log_p`."""
        return ops.stack(
            [picked(head.logits(hidden[k]), bins[ORDER[k]]) for k, head in enumerate(self.networks)], axis=0
        )

    def logits(self, position: int, x: Any, values: Any, bins: Any) -> Any:  # noqa: ARG002
        """Return the logits of one variable; see :meth:`Branchings.logits`."""
        seen = [values[column][None] for column in ORDER[:position]]
        return self.networks[position](ops.concatenate([x, *seen], axis=0))


@keras.saving.register_keras_serializable(package="jetloom")
class Joint(Branchings):
    """One softmax over all bins together."""

    def make(self) -> None:
        """Make the network."""
        self.network = Head(self.inputs, self.hidden, self.granularity**4 + self.padding, self.seed, name="joint")

    @property
    def heads(self) -> list[Head]:
        """The network."""
        return [self.network]

    def log_p(self, hidden: list[Any], bins: Any) -> Any:
        """Return the log probabilities of the bins: quotients of sums over the bins that are left at each variable."""
        logits = self.network.logits(hidden[0])
        left, sums = self._cells(logits), [ops.logsumexp(logits, axis=0)]
        for column in ORDER:
            left = _chosen(left, column, bins[column])
            sums.append(_total(left))
        return ops.stack([after - before for before, after in itertools.pairwise(sums)], axis=0)

    def logits(self, position: int, x: Any, values: Any, bins: Any) -> Any:  # noqa: ARG002
        """Return the logits of one variable; see :meth:`Branchings.logits`."""
        logits = self.network(x)
        left = self._cells(logits)
        for column in ORDER[:position]:
            left = _chosen(left, column, bins[column])
        column = ORDER[position]
        found = ops.logsumexp(left, axis=tuple(axis for axis in range(4) if axis != column))
        return ops.concatenate([found, logits[-1:]], axis=0) if self.padding and position == 0 else found

    def _cells(self, logits: Any) -> Any:
        size = self.granularity
        return ops.reshape(logits[: size**4], (size, size, size, size, -1))


def _chosen(left: Any, axis: int, index: Any) -> Any:
    """Keep one bin along an axis, a length of 1 stays."""
    shape = [1] * 4
    shape[axis] = -1
    numbers = ops.reshape(ops.arange(left.shape[axis], dtype="int32"), (*shape, 1))
    return ops.sum(ops.where(numbers == index, left, 0.0), axis=axis, keepdims=True)


def _total(left: Any) -> Any:
    return ops.logsumexp(left, axis=(0, 1, 2, 3))


@keras.saving.register_keras_serializable(package="jetloom")
class Unique(Branchings):
    """One network with four softmaxes, in the order of the columns."""

    def make(self) -> None:
        """Make the network."""
        self.network = Head(self.inputs, self.hidden, 4 * (self.granularity + self.padding), self.seed, name="unique")

    @property
    def heads(self) -> list[Head]:
        """The network."""
        return [self.network]

    def log_p(self, hidden: list[Any], bins: Any) -> Any:
        """Return the log probabilities of the bins; see :meth:`Branchings.log_p`."""
        classes = self.granularity + self.padding
        found = picked(ops.reshape(self.network.logits(hidden[0]), (4, classes, -1)), bins)
        return ops.stack([found[column] for column in ORDER], axis=0)

    def logits(self, position: int, x: Any, values: Any, bins: Any) -> Any:  # noqa: ARG002
        """Return the logits of one variable; see :meth:`Branchings.logits`."""
        classes = self.granularity + self.padding
        return self.network(x)[ORDER[position] * classes :][:classes]


FORMS: dict[str, type[Branchings]] = {"factorised": Factorised, "joint": Joint, "unique": Unique}
