"""Batches of jets streamed from HDF5: a shuffle that crosses files, a pure function of seed and epoch."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Set
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from jetloom.data.block import Block
from jetloom.data.streams.batch import Batch
from jetloom.data.streams.buffers import blocks_of, buffers
from jetloom.data.streams.prefetch import prefetched

BUFFER_ROWS = 1 << 16


@dataclass(frozen=True)
class BatchStream:
    """The batches of some files, in the order of an epoch.

    Parameters
    ----------
    files : list of Path
        HDF5 files with a table ``jets``.
    batch_size : int
        Rows of a batch; the last one of an epoch may be smaller.
    seed : int
        Together with the epoch it decides the order.
    prepare : callable
        Turns a buffer of jets into a batch of all of them.
    buffer_rows : int
        Rows that are shuffled together.
    choose : callable, optional
        Returns those of the jets that take part; all, if it is not given.
    jets : int, optional
        How many take part; all rows, if it is not given.
    reads : set of str, optional
        The collections that are read with the jets; all that the files have, if it is not given.
    """

    files: list[Path]
    batch_size: int
    seed: int
    prepare: Callable[[Block], Batch]
    buffer_rows: int = BUFFER_ROWS
    choose: Callable[[Block], Block] = lambda jets: jets
    jets: int | None = None
    reads: Set[str] | None = None

    def rows(self) -> int:
        """Return the number of rows of an epoch."""
        if self.jets is not None:
            return self.jets
        return sum(stop - start for _, start, stop in blocks_of(self.files, self.buffer_rows))

    def sized(self, batch_size: int) -> BatchStream:
        """Return the same stream in batches of another size."""
        return replace(self, batch_size=batch_size)

    def steps(self) -> int:
        """Return the number of batches of an epoch."""
        return -(-self.rows() // self.batch_size)

    def epoch(self, epoch: int, first_step: int = 0) -> Iterator[Batch]:
        """Return the batches of an epoch, from ``first_step`` on.

        The order depends on seed and epoch alone, so that training goes on after an interruption just where it was.
        """
        generator = np.random.default_rng([self.seed, epoch])
        rows_left_out = first_step * self.batch_size
        rest: Batch | None = None
        for new in prefetched(self._shuffled(generator), 1):
            buffer = Batch.concatenate([rest, new]) if rest else new
            whole = len(buffer) - len(buffer) % self.batch_size
            skipped = min(rows_left_out, whole)
            rows_left_out -= skipped
            for start in range(skipped, whole, self.batch_size):
                yield buffer.take(slice(start, start + self.batch_size))
            rest = buffer.take(slice(whole, None))
        if rest and rows_left_out == 0:
            yield rest

    def _shuffled(self, generator: np.random.Generator) -> Generator[Batch, None, None]:
        """Return a batch of the jets of each buffer, in random order."""
        for parts, seed in buffers(self.files, self.buffer_rows, generator, self.reads):
            jets = self.choose(Block.concatenate(parts))
            order = np.random.default_rng(seed).permutation(len(jets))
            yield self.prepare(jets).take(order)
