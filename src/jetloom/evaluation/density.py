"""log P of jets under a density model: of each step of their trees and each of its heads, block by block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.data.buckets import STEPS_MULTIPLE
from jetloom.errors import BadValueError
from jetloom.models.base import DataFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jetloom.data.dataset import View
    from jetloom.data.jets import Jets
    from jetloom.models.base import Model

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

HEADS = ("end", "mother", "z", "theta", "delta", "phi")
"""The factors of the probability of a step, in the order of the network's outputs."""

HEAD_TITLES = {
    "end": "End of the tree",
    "mother": "Mother",
    "z": "$z$",
    "theta": r"$\theta$",
    "delta": r"$\delta$",
    "phi": r"$\phi$",
}

STEPS_AT_ONCE = 1 << 17
"""Steps of a batch, padding included, of a small network."""
SMALL = 10_000
"""Weights of a small network. Larger ones get fewer steps at once, which bounds the memory of a batch."""

LENGTHS = STEPS_MULTIPLE
"""Networks take trees padded to multiples of this many steps, so trees of like length go together."""


@dataclass(frozen=True)
class Steps:
    """log P of the steps of some trees; one of n branchings has n + 1 steps.

    Attributes
    ----------
    values : float32 array, shape (m, 6)
        log P by head, in the order of :data:`HEADS`, one jet after the other.
    offsets : int64 array, shape (jets + 1,)
        The steps of jet i are ``values[offsets[i]:offsets[i + 1]]``.
    """

    values: npt.NDArray[np.float32]
    offsets: Index

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def of(self, jet: int) -> npt.NDArray[np.float32]:
        """Give the steps of one jet, shape (steps, 6)."""
        return self.values[self.offsets[jet] : self.offsets[jet + 1]]

    def sums(self) -> Floats:
        """Give log P of each jet by head, shape (jets, 6); the sum over heads is log P of the jet."""
        if not len(self):
            return np.zeros((0, len(HEADS)))
        return np.add.reduceat(self.values.astype(np.float64), self.offsets[:-1], axis=0)


def buckets(lengths: Index, steps: int) -> Iterator[tuple[Index, int]]:
    """Put jets with trees of like length together.

    Parameters
    ----------
    lengths : array of int64, shape (n,)
        Steps of each jet.
    steps : int
        Steps of a batch at most, padding included; at least one jet is in a batch.

    Yields
    ------
    index : array of int64
        The jets of a batch, in their order. Each jet is in one batch.
    rows : int
        A power of two, not less: to how many rows the batch should be filled up, so that few shapes are compiled.
    """
    padded = -(-lengths // LENGTHS) * LENGTHS
    for length in np.unique(padded):
        members = np.flatnonzero(padded == length)
        most = 1 << max(0, int(steps // length).bit_length() - 1)
        for first in range(0, len(members), most):
            index = members[first : first + most]
            yield index, 1 << (len(index) - 1).bit_length()


def steps_at_once(network: Any) -> int:
    """Give the number of steps of a batch, padding included, that a network is given at once."""
    share = SMALL / max(SMALL, int(network.count_params()))
    return max(1 << 12, int(share * STEPS_AT_ONCE))


def log_probabilities(network: Any, model: Model, jets: Jets, facts: DataFacts) -> Steps:
    """Give log P of all steps of some jets, in their order.

    Parameters
    ----------
    network : Keras model
        Gives log P of shape (rows, steps, 6).
    model : Model
        The kind of network it is.
    jets : Jets
        With their branchings.
    facts : DataFacts
        Of the dataset that the network was trained on.

    Raises
    ------
    BadValueError
        If the network gives another shape, or values that are not finite.
    """
    lengths = jets.lengths + 1
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    values = np.empty((int(offsets[-1]), len(HEADS)), np.float32)
    for index, rows in buckets(lengths, steps_at_once(network)):
        filled = jets.take(np.resize(index, rows))
        output = np.asarray(network.predict_on_batch(model.features(filled, facts)))
        if output.ndim != 3 or output.shape[::2] != (rows, len(HEADS)) or output.shape[1] < lengths[index].max():
            raise BadValueError(f"the model gave an output of shape {output.shape}, not log P of each step and head")
        valid = np.arange(output.shape[1]) < lengths[index, None]
        values[places(offsets, index)] = output[: len(index)][valid]
    if not np.isfinite(values).all():
        raise BadValueError("the model gave a log P that is not finite")
    return Steps(values, offsets)


def places(offsets: Index, index: Index) -> Index:
    """Give where the steps of some jets lie in the flat array, one jet after the other."""
    lengths = np.diff(offsets)[index]
    ends = np.cumsum(lengths)
    return np.arange(int(lengths.sum())) + np.repeat(offsets[index] - (ends - lengths), lengths)


def predict_steps(network: Any, model: Model, view: View, role: str) -> Iterator[tuple[Jets, Steps]]:
    """Give the jets of a role of the dataset with log P of their steps, in blocks, in the dataset's order."""
    facts = DataFacts.of(view)
    for jets in view.blocks(role):
        if len(jets):
            yield jets, log_probabilities(network, model, jets, facts)
