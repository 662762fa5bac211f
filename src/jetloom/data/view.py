"""One way to use a dataset: its files by role, and what a model is told of them."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.block import BLOCK_ROWS, Block, iter_blocks
from jetloom.data.collections import Rows
from jetloom.io.hdf5.tables import TableReader

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Columns:
    """Columns that a model reads, in order, and what was fitted of them on the training part."""

    names: list[str]
    mean: Floats
    std: Floats
    missing: Floats | None
    """Values in the place of NaN, or None where none is ever missing."""
    slots: int | None = None
    """How many places a row has for a collection; None of the columns of the rows themselves."""


@dataclass(frozen=True)
class DataFacts:
    """What a model is told of the data it is built for."""

    rows: Columns
    """The inputs."""
    classes: list[str]
    """In the order of the network's outputs."""
    collections: Mapping[str, Columns] = field(default_factory=dict)
    """Columns of what belongs to the rows, by collection: of filled slots alone; trees are not among them."""
    target: Columns | None = None
    """The variable that is to be learnt, by mean and standard deviation on the training part; None without one."""
    categories: Mapping[str, list[float]] = field(default_factory=dict)
    """Of inputs that are kinds, the values that there are."""
    particles: list[list[str]] = field(default_factory=list)
    """Inputs that are four-momenta: the columns of E, px, py and pz of each particle."""
    trees: dict[str, Any] | None = None
    """Scaling and bins of the trees, as :mod:`jetloom.data.fitting.binning` fitted them; None without trees."""


@dataclass(frozen=True)
class View:
    """One way to use a dataset: which files train, validate and test, and what was fitted on the training part."""

    fold: int | None
    weight: str
    """Column of the weights."""
    files: dict[str, list[Path]]
    """Files of each role: train, validation, test."""
    facts: DataFacts
    limit: float | None = None
    """Rows whose weight is above it train several times; None: each once."""
    extra: Mapping[str, int] = field(default_factory=dict)
    """By class, how many rows come by that."""

    def rows(self, role: str, table: str = "jets") -> int:
        """Return the number of rows of a role: of its jets, or of another table."""
        total = 0
        for path in self.files[role]:
            with TableReader(path) as reader:
                total += reader.rows[table]
        return total

    def jet_rows(self, role: str) -> Iterator[Rows]:
        """Read the rows of a role's jets from start to end without their trees, which are a hundred times as large."""
        for path in self.files[role]:
            with TableReader(path) as reader:
                yield from reader.blocks("jets", BLOCK_ROWS)

    def blocks(self, role: str, rows: int | None = None, reads: Set[str] | None = None) -> Generator[Block, None, None]:
        """Read the jets of a role from start to end, in blocks of about ``rows``; by default memory is bounded.

        With ``reads`` only these of the collections that belong to the jets are read.
        """
        for path in self.files[role]:
            with TableReader(path) as reader:
                yield from iter_blocks(reader, rows, reads)
