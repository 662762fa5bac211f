"""Batches of clustering trees of similar length: little of them is padding, and few shapes have to be compiled.

The jets of a buffer are shuffled and taken in blocks of some fifty batches; in a block those whose lengths round up to
the same number stand together, in their random order, and are cut into batches, whose order is shuffled in turn. So a
batch holds jets of about one length, and the lengths of consecutive batches are random.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jetloom.data.block import Block
from jetloom.data.streams.batch import Batch
from jetloom.data.streams.buffers import buffers
from jetloom.data.streams.prefetch import made, prefetched

FEW_STEPS, MANY_STEPS = 16, 48
BUFFER_ROWS = 1 << 15
BATCHES_IN_BLOCK = 50

Prepare = Callable[[Block], Batch]
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


def filled(jets: Block, positions: Integers, size: int, prepare: Prepare) -> Batch:
    """Make a batch of ``size`` rows. Rows that are missing repeat the last jet, and are not real."""
    rows = len(positions)
    if rows == size:
        return prepare(jets.pick(positions))
    return prepare(jets.pick(positions[np.minimum(np.arange(size), rows - 1)])).filled_from(rows)


def length_batches(blocks: Generator[Block, None, None], size: int, prepare: Prepare, threads: int) -> Iterator[Batch]:
    """Make batches of a fixed number of rows from blocks of jets, by length, for an evaluation of all of them."""

    def batches() -> Generator[tuple[Block, Integers], None, None]:
        for jets in prefetched(blocks, 1):
            placed = by_length(jets.lengths, np.arange(len(jets)))
            for start in range(0, len(jets), size):
                yield jets, placed[start : start + size]

    return made(batches(), lambda batch: filled(*batch, size, prepare), threads)


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
        Turns jets into a batch; runs in threads of its own.
    choose : callable
        Returns the positions of those of the jets that take part.
    jets : int
        How many take part.
    threads : int
        That prepare batches. Neither the batches nor their order depend on it.
    buffer_rows : int
        Rows that are shuffled together.
    """

    files: list[Path]
    batch_size: int
    seed: int
    prepare: Prepare
    choose: Callable[[Block], Integers]
    jets: int
    threads: int = 1
    buffer_rows: int = BUFFER_ROWS

    def sized(self, batch_size: int) -> BucketStream:
        """Return the same stream in batches of another size."""
        return replace(self, batch_size=batch_size)

    def steps(self) -> int:
        """Return the number of batches of an epoch."""
        return -(-self.jets // self.batch_size)

    def epoch(self, epoch: int, first_step: int = 0) -> Iterator[Batch]:
        """Return the batches of an epoch, from ``first_step`` on: a function of seed and epoch alone."""
        size = min(self.batch_size, max(1, self.jets))
        return made(self._batches(epoch, first_step), lambda batch: filled(*batch, size, self.prepare), self.threads)

    def _batches(self, epoch: int, first_step: int) -> Generator[tuple[Block, Integers], None, None]:
        """Return the jets of a buffer, and the positions of a batch in it."""
        left_out = first_step
        for jets, batches in prefetched(self._ordered(np.random.default_rng([self.seed, epoch])), 1):
            for positions in batches[left_out:]:
                yield jets, positions
            left_out = max(0, left_out - len(batches))

    def _ordered(self, generator: np.random.Generator) -> Generator[tuple[Block, list[Integers]], None, None]:
        """Return the jets of each buffer, and the positions of each batch in it, the batches in random order."""
        rest: list[Block] = []
        for parts, seed in buffers(self.files, self.buffer_rows, generator):
            # What was left of the buffer before has been chosen already, and is chosen again.
            jets, own = Block.concatenate([*rest, *parts]), np.random.default_rng(seed)
            order, lengths = own.permutation(self.choose(jets)), jets.lengths
            full = len(order) - len(order) % self.batch_size
            rest = [jets.take(order[full:])]
            block = BATCHES_IN_BLOCK * self.batch_size
            alike = [by_length(lengths, order[start : min(start + block, full)]) for start in range(0, full, block)]
            if alike:
                placed, starts = np.concatenate(alike), own.permutation(np.arange(0, full, self.batch_size))
                yield jets, [placed[start : start + self.batch_size] for start in starts]
        if rest and len(rest[0]):
            yield rest[0], [np.arange(len(rest[0]))]
