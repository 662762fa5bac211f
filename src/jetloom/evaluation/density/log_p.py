"""log P of jets under a density model: of each step of their trees and each of its heads, block by block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.data.streams.prefetch import prefetched
from jetloom.errors import BadValueError
from jetloom.inference.tree_batches import TreeOutputs

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from jetloom.data.block import Block
    from jetloom.data.view import DataFacts
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
        """Return the steps of one jet, shape (steps, 6)."""
        return self.values[self.offsets[jet] : self.offsets[jet + 1]]

    def sums(self) -> Floats:
        """Return log P of each jet by head, shape (jets, 6); the sum over heads is log P of the jet."""
        if not len(self):
            return np.zeros((0, len(HEADS)))
        return np.add.reduceat(self.values.astype(np.float64), self.offsets[:-1], axis=0)


class LogProbabilities:
    """log P of jets under a trained density.

    Parameters
    ----------
    network : Keras model
        Returns log P of shape (rows, steps, 6).
    model : Model
        The kind of network it is.
    facts : DataFacts
        Of the dataset that the network was trained on.
    """

    def __init__(self, network: Any, model: Model, facts: DataFacts) -> None:
        self.outputs = TreeOutputs(network, model, facts)

    def __call__(self, jets: Block) -> Steps:
        """Return log P of all steps of some jets, in their order.

        Raises
        ------
        BadValueError
            If the network gives another shape, or values that are not finite.
        """
        lengths = jets.lengths + 1
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        values = np.empty((int(offsets[-1]), len(HEADS)), np.float32)
        for index, output in self.outputs(jets):
            if output.ndim != 3 or output.shape[2] != len(HEADS) or output.shape[1] < lengths[index].max():
                raise BadValueError(
                    f"the model gave an output of shape {output.shape}, not log P of each step and head"
                )
            valid = np.arange(output.shape[1]) < lengths[index, None]
            values[places(offsets, index)] = output[valid]
        if not np.isfinite(values).all():
            raise BadValueError("the model gave a log P that is not finite")
        return Steps(values, offsets)

    def iter_blocks(self, blocks: Generator[Block, None, None]) -> Iterator[tuple[Block, Steps]]:
        """Return blocks of jets with log P of their steps; the next one is read meanwhile. Empty ones are left out."""
        for jets in prefetched(blocks, 1):
            if len(jets):
                yield jets, self(jets)


def places(offsets: Index, index: Index) -> Index:
    """Return where the steps of some jets lie in the flat array, one jet after the other."""
    lengths = np.diff(offsets)[index]
    ends = np.cumsum(lengths)
    return np.arange(int(lengths.sum())) + np.repeat(offsets[index] - (ends - lengths), lengths)
