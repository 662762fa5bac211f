"""Batches streamed from HDF5: a shuffle that crosses files, read in whole blocks, a pure function of seed and epoch.

A row read alone from HDF5 costs ninety times a row read in a block. So blocks of neighbouring rows are drawn at random
from all files into a buffer, and the rows of the buffer are shuffled: as good as a full shuffle when the buffer
holds many blocks, at the speed of reading in order, and in the memory of two buffers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.jets import Jets, read_jets
from jetloom.io.hdf5 import TableReader

BUFFER_ROWS = 1 << 16
BLOCKS_IN_BUFFER = 64


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
        Turns a buffer of jets into a tuple of arrays with equally many rows (inputs, labels, weights).
    buffer_rows : int
        Rows that are shuffled together.
    """

    files: list[Path]
    batch_size: int
    seed: int
    prepare: Callable[[Jets], tuple[Any, ...]]
    buffer_rows: int = BUFFER_ROWS

    def rows(self) -> int:
        """Give the number of rows of all files."""
        return sum(stop - start for _, start, stop in self._blocks())

    def steps(self) -> int:
        """Give the number of batches of an epoch."""
        return -(-self.rows() // self.batch_size)

    def epoch(self, epoch: int, first_step: int = 0) -> Iterator[tuple[npt.NDArray[Any], ...]]:
        """Give the batches of an epoch, from ``first_step`` on.

        The order depends on seed and epoch alone, so that training goes on after an interruption just where it was.
        """
        generator = np.random.default_rng([self.seed, epoch])
        rows_left_out = first_step * self.batch_size
        rest: tuple[npt.NDArray[Any], ...] | None = None
        for arrays in self._buffers(generator):
            if rest is not None and len(rest[0]):
                arrays = tuple(np.concatenate(pair) for pair in zip(rest, arrays, strict=True))
            rows = len(arrays[0])
            skipped = min(rows_left_out, rows - rows % self.batch_size)
            rows_left_out -= skipped
            whole = rows - rows % self.batch_size
            for start in range(skipped, whole, self.batch_size):
                yield tuple(array[start : start + self.batch_size] for array in arrays)
            rest = tuple(array[whole:] for array in arrays)
        if rest is not None and len(rest[0]) and rows_left_out == 0:
            yield rest

    def _blocks(self) -> list[tuple[int, int, int]]:
        """All blocks of all files, as (file, first row, last row)."""
        block = max(1, self.buffer_rows // BLOCKS_IN_BUFFER)
        blocks = []
        for index, path in enumerate(self.files):
            with TableReader(path) as reader:
                rows = reader.rows["jets"]
            blocks += [(index, start, min(start + block, rows)) for start in range(0, rows, block)]
        return blocks

    def _buffers(self, generator: np.random.Generator) -> Iterator[tuple[npt.NDArray[Any], ...]]:
        """Draw the blocks in random order, gather them, and shuffle; the next buffer is read while this one is used."""
        blocks = self._blocks()
        order = generator.permutation(len(blocks))
        groups = [order[start : start + BLOCKS_IN_BUFFER] for start in range(0, len(order), BLOCKS_IN_BUFFER)]
        readers = [TableReader(path) for path in self.files]

        def load(group: npt.NDArray[np.int64], seed: int) -> tuple[npt.NDArray[Any], ...]:
            # In the order of the disk: the rows are shuffled afterwards anyway.
            chosen = sorted(blocks[index] for index in group)
            jets = Jets.concatenate([read_jets(readers[file], start, stop) for file, start, stop in chosen])
            shuffle = np.random.default_rng(seed).permutation(len(jets))
            return tuple(array[shuffle] for array in self.prepare(jets))

        try:
            seeds = generator.integers(0, 2**63, len(groups))
            with ThreadPoolExecutor(1) as pool:
                waiting = None
                for group, seed in zip(groups, seeds.tolist(), strict=True):
                    following = pool.submit(load, group, seed)
                    if waiting is not None:
                        yield waiting.result()
                    waiting = following
                if waiting is not None:
                    yield waiting.result()
        finally:
            for reader in readers:
                reader.close()
