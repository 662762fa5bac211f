"""What a trained network says of jets with trees: in batches of like length, which few shapes are compiled for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.data.streams.buckets import padded_steps
from jetloom.data.streams.prefetch import made
from jetloom.errors import BadValueError
from jetloom.models.forward import forward

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from jetloom.data.block import Block
    from jetloom.data.streams.batch import Features
    from jetloom.data.view import DataFacts
    from jetloom.models.base import Model

Index = npt.NDArray[np.int64]
Array = npt.NDArray[Any]

STEPS_AT_ONCE = {"jax": 1 << 13, "tensorflow": 1 << 14}
"""Steps of a batch, padding included, of a small network, by backend. What is computed of them has to fit into the
caches of a core: of four times as many, each takes twice as long on JAX. TensorFlow takes longer to begin a batch."""
SMALL = 20_000
"""Weights of a small network. Larger ones get fewer steps at once."""
LEAST_AT_ONCE = 1 << 12

BLOCK_ROWS = 1 << 15
"""Jets of a block: so many that few batches of it are not full."""
MAKERS = 2
"""Threads that make batches."""


def buckets(lengths: Index, most: int) -> Generator[tuple[Index, int], None, None]:
    """Put jets with trees of like length together.

    Parameters
    ----------
    lengths : array of int64, shape (n,)
        Steps of each jet.
    most : int
        Steps of a batch at most, padding included; at least one jet is in a batch.

    Yields
    ------
    index : array of int64
        The jets of a batch, in their order. Each jet is in one batch.
    rows : int
        Rows that the batch is to be filled up to: equally many for equal lengths, because another shape takes longer to
        compile than some rows for nothing take.
    """
    padded = padded_steps(lengths)
    for length in np.unique(padded):
        members = np.flatnonzero(padded == length)
        rows = 1 << max(0, int(most // length).bit_length() - 1)
        for first in range(0, len(members), rows):
            yield members[first : first + rows], rows


def steps_at_once(network: Any) -> int:
    """Return the number of steps of a batch, padding included, that a network is given at once."""
    import keras

    share = SMALL / max(SMALL, int(network.count_params()))
    return max(LEAST_AT_ONCE, int(share * STEPS_AT_ONCE[keras.backend.backend()]))


class TreeOutputs:
    """The outputs of a trained network for blocks of jets.

    Parameters
    ----------
    network : keras.Model
        What :func:`jetloom.inference.prediction.load_model` gave.
    model : Model
        The kind of network it is: it knows what the network takes.
    facts : DataFacts
        Of the dataset that the network was trained on.
    function : callable, optional
        What is computed of the features, if it is not the network's output; an array, or a dict of arrays.
    """

    def __init__(
        self, network: Any, model: Model, facts: DataFacts, function: Callable[..., Any] | None = None
    ) -> None:
        self.model, self.facts, self.most = model, facts, steps_at_once(network)
        self.function = forward(network, model.compile_xla) if function is None else function

    def __call__(self, jets: Block) -> Iterator[tuple[Index, Any]]:
        """Return the outputs of each jet of a block, batch by batch.

        Yields
        ------
        index : array of int64, shape (n,)
            Jets of the block.
        output : array, shape (n, ...), or dict of such arrays
            What the function gives for each of them.

        Raises
        ------
        BadValueError
            If it does not give something for each row.
        """
        waiting: list[tuple[Index, int, Any]] = []
        # A batch is made while one is computed, and its output looked at when the next one is under way.
        for index, rows, features in made(buckets(jets.lengths + 1, self.most), partial(self._batch, jets), MAKERS):
            waiting.append((index, rows, self.function(features)))
            if len(waiting) > 1:
                yield _finished(*waiting.pop(0))
        for last in waiting:
            yield _finished(*last)

    def in_order(self, jets: Block) -> Array:
        """Return the outputs of all jets of a block, which has some, one row each.

        Raises
        ------
        BadValueError
            If the shape of an output depends on the number of steps.
        """
        found: Array | None = None
        for index, output in self(jets):
            if found is None:
                found = np.empty((len(jets), *output.shape[1:]), output.dtype)
            elif output.shape[1:] != found.shape[1:]:
                shapes = f"{found.shape[1:]} and {output.shape[1:]}"
                raise BadValueError(f"the model gave outputs of shapes {shapes}, where each jet has one of its own")
            found[index] = output
        assert found is not None, "no jets"
        return found

    def _batch(self, jets: Block, bucket: tuple[Index, int]) -> tuple[Index, int, Features]:
        index, rows = bucket
        return index, rows, self.model.features(jets.pick(np.resize(index, rows)), self.facts)


def _finished(index: Index, rows: int, output: Any) -> tuple[Index, Any]:
    """Wait for an output, and leave out the rows that only filled the batch up."""
    if isinstance(output, dict):
        return index, {name: _finished(index, rows, one)[1] for name, one in output.items()}
    found = np.asarray(output)
    if found.shape[:1] != (rows,):
        raise BadValueError(f"the model gave an output of shape {found.shape} for a batch of {rows} jets")
    return index, found[: len(index)]
