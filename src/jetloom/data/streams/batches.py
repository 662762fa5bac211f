"""Batches of jets streamed from HDF5: a shuffle that crosses files, a pure function of seed and epoch."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.block import Jets
from jetloom.data.streams.buffers import blocks_of, buffers
from jetloom.data.streams.prefetch import prefetched

BUFFER_ROWS = 1 << 16

Arrays = npt.NDArray[Any] | dict[str, npt.NDArray[Any]]
"""An array, or arrays by name, with one row a jet."""


def count_rows(arrays: Arrays) -> int:
    """Return the number of rows of an array, or of arrays by name."""
    return len(next(iter(arrays.values()))) if isinstance(arrays, dict) else len(arrays)


def take_rows(arrays: Arrays, index: npt.NDArray[np.int64] | slice) -> Arrays:
    """Return some rows of an array, or of arrays by name."""
    if isinstance(arrays, dict):
        return {name: array[index] for name, array in arrays.items()}
    found: npt.NDArray[Any] = arrays[index]
    return found


def _joined(first: Arrays, second: Arrays) -> Arrays:
    if isinstance(first, dict) and isinstance(second, dict):
        return {name: np.concatenate([array, second[name]]) for name, array in first.items()}
    return np.concatenate([first, second])


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
        Turns a buffer of jets into a tuple of arrays, or of arrays by name, with equally many rows (inputs, labels,
        weights).
    buffer_rows : int
        Rows that are shuffled together.
    choose : callable, optional
        Returns those of the jets that take part; all, if it is not given.
    jets : int, optional
        How many take part; all rows, if it is not given.
    """

    files: list[Path]
    batch_size: int
    seed: int
    prepare: Callable[[Jets], tuple[Any, ...]]
    buffer_rows: int = BUFFER_ROWS
    choose: Callable[[Jets], Jets] = lambda jets: jets
    jets: int | None = None

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

    def epoch(self, epoch: int, first_step: int = 0) -> Iterator[tuple[Any, ...]]:
        """Return the batches of an epoch, from ``first_step`` on.

        The order depends on seed and epoch alone, so that training goes on after an interruption just where it was.
        """
        generator = np.random.default_rng([self.seed, epoch])
        rows_left_out = first_step * self.batch_size
        rest: tuple[Any, ...] | None = None
        for arrays in prefetched(self._shuffled(generator), 1):
            if rest is not None and count_rows(rest[0]):
                arrays = tuple(_joined(*pair) for pair in zip(rest, arrays, strict=True))
            rows = count_rows(arrays[0])
            skipped = min(rows_left_out, rows - rows % self.batch_size)
            rows_left_out -= skipped
            whole = rows - rows % self.batch_size
            for start in range(skipped, whole, self.batch_size):
                yield tuple(take_rows(array, slice(start, start + self.batch_size)) for array in arrays)
            rest = tuple(take_rows(array, slice(whole, None)) for array in arrays)
        if rest is not None and count_rows(rest[0]) and rows_left_out == 0:
            yield rest

    def _shuffled(self, generator: np.random.Generator) -> Generator[tuple[Any, ...], None, None]:
        """Return what is made of the jets of each buffer, in random order."""
        for parts, seed in buffers(self.files, self.buffer_rows, generator):
            jets = self.choose(Jets.concatenate(parts))
            order = np.random.default_rng(seed).permutation(len(jets))
            yield tuple(take_rows(array, order) for array in self.prepare(jets))
