"""Batches of clustering trees of similar length: little of them is padding, and few shapes have to be compiled.

The jets of a buffer are shuffled and taken in blocks of some fifty batches; in a block those whose lengths round up to
the same number stand together, in their random order, and are cut into batches, whose order is shuffled in turn. So a
batch holds jets of about one length, and the lengths of consecutive batches are random.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.buffers import buffers
from jetloom.data.jets import Jets
from jetloom.data.prefetch import prefetched

FEW_STEPS, MANY_STEPS = 16, 48
BUFFER_ROWS = 1 << 15
BATCHES_IN_BLOCK = 50
AHEAD = 3
"""Batches that are made in advance."""

Arrays = tuple[Any, npt.NDArray[np.int32], npt.NDArray[np.float32]]
"""Features, labels and weights."""
Prepare = Callable[[Jets], Arrays]
Integers = npt.NDArray[np.int64]


def padded_steps(steps: Integers | int) -> Integers:
    """Round numbers of steps up, so that few shapes are compiled.

    They become multiples of 8 between 16 and 48, where most jets are, and of 16 elsewhere: less padding would be more
    shapes, each of which takes seconds to compile.

    Parameters
    ----------
    steps : int or int64 array
        A jet of n branchings has n + 1.
    """
    steps = np.asarray(steps, np.int64)
    multiple = np.where((steps > FEW_STEPS) & (steps <= MANY_STEPS), 8, 16)
    return -(-steps // multiple) * multiple


def by_length(lengths: Integers, order: Integers) -> Integers:
    """Put jets whose numbers of steps round up to the same number together; within, the order stays.

    Parameters
    ----------
    lengths : int64 array, shape (jets,)
        Branchings of each jet.
    order : int64 array
        Positions of some of the jets.
    """
    return order[np.argsort(padded_steps(lengths[order] + 1), kind="stable")]


def filled(jets: Jets, size: int, prepare: Prepare) -> Arrays:
    """Make a batch of ``size`` rows. Rows that are missing repeat the last jet, with label -1 and weight 0."""
    rows = len(jets)
    if rows == size:
        return prepare(jets)
    features, labels, weights = prepare(jets.take(np.minimum(np.arange(size), rows - 1)))
    labels, weights = labels.copy(), weights.copy()
    labels[rows:], weights[rows:] = -1, 0
    return features, labels, weights


def length_batches(blocks: Iterator[Jets], size: int, prepare: Prepare) -> Iterator[Arrays]:
    """Make batches of a fixed number of rows from blocks of jets, by length, for an evaluation of all of them."""

    def batches() -> Generator[Arrays, None, None]:
        for jets in blocks:
            ordered = jets.take(by_length(jets.lengths, np.arange(len(jets))))
            for start in range(0, len(jets), size):
                yield filled(ordered.take(slice(start, start + size)), size, prepare)

    return prefetched(batches(), AHEAD)


@dataclass(frozen=True)
class BucketStream:
    """The batches of some files of trees, in the order of an epoch.

    Parameters
    ----------
    files : list of Path
        HDF5 files with the tables ``jets`` and ``branchings``.
    batch_size : int
        Rows of a batch. The last one of an epoch is filled up, see :func:`filled`.
    seed : int
        Together with the epoch it decides the order.
    prepare : callable
        Turns jets into features, labels and weights; runs in a thread of its own.
    choose : callable
        Gives the positions of those of the jets that take part.
    jets : int
        How many take part.
    buffer_rows : int
        Rows that are shuffled together.
    """

    files: list[Path]
    batch_size: int
    seed: int
    prepare: Prepare
    choose: Callable[[Jets], Integers]
    jets: int
    buffer_rows: int = BUFFER_ROWS

    def sized(self, batch_size: int) -> BucketStream:
        """Give the same stream in batches of another size."""
        return replace(self, batch_size=batch_size)

    def steps(self) -> int:
        """Give the number of batches of an epoch."""
        return -(-self.jets // self.batch_size)

    def epoch(self, epoch: int, first_step: int = 0) -> Iterator[Arrays]:
        """Give the batches of an epoch, from ``first_step`` on: a function of seed and epoch alone."""
        return prefetched(self._batches(epoch, first_step), AHEAD)

    def _batches(self, epoch: int, first_step: int) -> Generator[Arrays, None, None]:
        size, left_out = min(self.batch_size, max(1, self.jets)), first_step
        for jets, batches in self._ordered(np.random.default_rng([self.seed, epoch])):
            for positions in batches[left_out:]:
                yield filled(jets.take(positions), size, self.prepare)
            left_out = max(0, left_out - len(batches))

    def _ordered(self, generator: np.random.Generator) -> Iterator[tuple[Jets, list[Integers]]]:
        """Give the jets of each buffer, and the positions of each batch in it, the batches in random order."""
        rest: Jets | None = None

        def chosen(jets: Jets, seed: int) -> tuple[Jets, Integers, int]:
            return jets, self.choose(jets), seed

        for jets, wanted, seed in buffers(self.files, self.buffer_rows, generator, chosen):
            if rest is not None and len(rest):
                wanted = np.concatenate([np.arange(len(rest)), wanted + len(rest)])
                jets = Jets.concatenate([rest, jets])
            own = np.random.default_rng(seed)
            order, lengths = own.permutation(wanted), jets.lengths
            full = len(order) - len(order) % self.batch_size
            rest = jets.take(order[full:])
            block = BATCHES_IN_BLOCK * self.batch_size
            parts = [by_length(lengths, order[start : min(start + block, full)]) for start in range(0, full, block)]
            if parts:
                placed, starts = np.concatenate(parts), own.permutation(np.arange(0, full, self.batch_size))
                yield jets, [placed[start : start + self.batch_size] for start in starts]
        if rest is not None and len(rest):
            yield rest, [np.arange(len(rest))]
