"""A task's dataset: its parts in HDF5, and ``dataset.json`` that describes them."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.block import BLOCK_ROWS, Block, iter_blocks
from jetloom.data.description import Description
from jetloom.errors import ConfigurationError, CorruptFileError, MissingFileError
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.stored import read_content
from jetloom.provenance import file_digest

DESCRIPTION = "dataset.json"


@dataclass(frozen=True)
class View:
    """One way to use a dataset: which files train, validate and test, and what was fitted on the training part."""

    fold: int | None
    weight: str
    """Column of the weights."""
    files: dict[str, list[Path]]
    """Files of each role: train, validation, test."""
    inputs: list[str]
    """Columns of the model's inputs, in order."""
    classes: list[str]
    mean: npt.NDArray[np.float64]
    std: npt.NDArray[np.float64]
    missing: npt.NDArray[np.float64] | None
    """Values in the place of NaN, or None where no input is ever missing."""
    binning: dict[str, Any] | None = None
    """Scaling and bins of the trees, or None for a dataset without trees."""

    def rows(self, role: str, table: str = "jets") -> int:
        """Return the number of rows of a role: of its jets, or of another table."""
        total = 0
        for path in self.files[role]:
            with TableReader(path) as reader:
                total += reader.rows[table]
        return total

    def jet_rows(self, role: str) -> Iterator[npt.NDArray[np.void]]:
        """Read the rows of a role's jets from start to end without their trees, which are a hundred times as large."""
        for path in self.files[role]:
            with TableReader(path) as reader:
                yield from reader.blocks("jets", BLOCK_ROWS)

    def blocks(self, role: str, rows: int | None = None) -> Generator[Block, None, None]:
        """Read the jets of a role from start to end, in blocks of about ``rows``; by default memory is bounded."""
        for path in self.files[role]:
            with TableReader(path) as reader:
                yield from iter_blocks(reader, rows)


@dataclass(frozen=True)
class Dataset:
    """A dataset on disk."""

    directory: Path
    description: dict[str, Any]

    @classmethod
    def open(cls, directory: str | Path) -> Dataset:
        """Open a dataset.

        Raises
        ------
        MissingFileError, CorruptFileError
            If its description is not there or not whole.
        """
        path = Path(directory) / DESCRIPTION
        again = "run jetloom dataset again"
        return cls(Path(directory), read_content(path, Description, again, "run jetloom dataset first"))

    @property
    def classes(self) -> list[str]:
        """Names of the classes, in the order of the network's outputs."""
        return [entry["name"] for entry in self.description["classes"]]

    @property
    def fingerprint(self) -> str:
        """Digest of the content: other rows, labels, weights or inputs give another one."""
        return str(self.description["fingerprint"])

    def verify(self) -> None:
        """Hold the bytes of the parts against the digests that were taken when they were written.

        Raises
        ------
        MissingFileError, CorruptFileError
            If a part is not there or not as it was written.
        """
        for name, digest in self.description["digests"].items():
            for part in self.description["parts"][name]:
                path = self.directory / part
                if not path.is_file():
                    raise MissingFileError("there is no such file", path=path, advice="run jetloom dataset again")
                if file_digest(path) != digest:
                    raise CorruptFileError(
                        "is not as it was written (its digest differs)", path=path, advice="run jetloom dataset again"
                    )

    def view(self, fold: int | None = None) -> View:
        """Return the view of a fold; of the one split there is without cross-validation."""
        for entry in self.description["views"]:
            if entry["fold"] == fold:
                missing = entry["missing"]
                return View(
                    fold=fold,
                    weight=entry["weight"],
                    files={
                        role: [self.directory / name for name in entry[role]]
                        for role in ("train", "validation", "test")
                    },
                    inputs=[inputs["column"] for inputs in self.description["inputs"]],
                    classes=self.classes,
                    mean=np.array(entry["mean"]),
                    std=np.array(entry["std"]),
                    missing=None if missing is None else np.array(missing),
                    binning=entry.get("binning"),
                )
        raise ConfigurationError(f"has no fold {fold}", path=self.directory / DESCRIPTION)


def input_matrix(block: npt.NDArray[np.void], inputs: list[str]) -> npt.NDArray[np.float32]:
    """Return the inputs of structured rows as a matrix of shape (rows, inputs).

    The parts hold the inputs as the first fields, all float32, so that this is one strided copy.
    """
    width = 4 * len(inputs)
    names = block.dtype.names or ()
    if list(names[: len(inputs)]) == inputs and block.flags.c_contiguous:
        raw = block.view(np.uint8).reshape(len(block), block.dtype.itemsize)[:, :width]
        return np.ascontiguousarray(raw).view(np.float32)
    return np.stack([block[name] for name in inputs], axis=1).astype(np.float32)
