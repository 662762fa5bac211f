"""Buffers of jets, drawn at random from all files in blocks of neighbouring rows.

A row read alone from HDF5 costs ninety times a row read in a block. So blocks of neighbouring rows are drawn at random
from all files into a buffer, and the rows of the buffer are shuffled by who takes it: as good as a full shuffle when
the buffer holds many blocks, at the speed of reading in order, and in the memory of two buffers.
"""

from __future__ import annotations

from collections.abc import Generator, Set
from pathlib import Path

import numpy as np

from jetloom.data.block import Block, read_block
from jetloom.io.hdf5.tables import TableReader

BLOCKS_IN_BUFFER = 64


def blocks_of(files: list[Path], buffer_rows: int) -> list[tuple[int, int, int]]:
    """Return all blocks of all files, as (file, first row, last row)."""
    block = max(1, buffer_rows // BLOCKS_IN_BUFFER)
    blocks = []
    for index, path in enumerate(files):
        with TableReader(path) as reader:
            rows = reader.count("jets")
        blocks += [(index, start, min(start + block, rows)) for start in range(0, rows, block)]
    return blocks


def buffers(
    files: list[Path], buffer_rows: int, generator: np.random.Generator, reads: Set[str] | None = None
) -> Generator[tuple[list[Block], int], None, None]:
    """Draw the blocks in random order, and give each buffer full of them.

    Parameters
    ----------
    files : list of Path
        HDF5 files with a table ``jets``.
    buffer_rows : int
        Rows of a buffer.
    generator : numpy.random.Generator
        Decides the order.
    reads : set of str, optional
        The collections to read with the jets; all that the files have, if it is not given.

    Yields
    ------
    blocks : list of Block
    seed : int
        For what is decided by chance in this buffer.
    """
    blocks = blocks_of(files, buffer_rows)
    order = generator.permutation(len(blocks))
    groups = [order[start : start + BLOCKS_IN_BUFFER] for start in range(0, len(order), BLOCKS_IN_BUFFER)]
    seeds = generator.integers(0, 2**63, len(groups))
    readers = [TableReader(path) for path in files]
    try:
        for group, seed in zip(groups, seeds.tolist(), strict=True):
            # In the order of the disk: the rows are shuffled afterwards anyway.
            chosen = sorted(blocks[index] for index in group)
            yield [read_block(readers[file], start, stop, reads) for file, start, stop in chosen], seed
    finally:
        for reader in readers:
            reader.close()
