"""A task's dataset: its parts in HDF5, and ``dataset.json`` that describes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jetloom.config.tasks.task import TARGET
from jetloom.data.description import Description
from jetloom.data.view import Columns, DataFacts, View
from jetloom.errors import ConfigurationError, CorruptFileError, MissingFileError
from jetloom.io.stored import read_content
from jetloom.provenance import file_digest

DESCRIPTION = "dataset.json"


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
                names = [inputs["column"] for inputs in self.description["inputs"]]
                fitted = entry.get("collections", {})
                collections = {
                    name: _columns([inputs["column"] for inputs in one["inputs"]], fitted[name], one["slots"])
                    for name, one in self.description.get("collections", {}).items()
                }
                target = entry.get("target")
                facts = DataFacts(
                    _columns(names, entry),
                    self.classes,
                    collections,
                    None if target is None else _columns([TARGET], {**target, "missing": None}),
                    entry.get("categories", {}),
                    self.description.get("particles", []),
                    entry.get("binning"),
                )
                roles = ("train", "validation", "test")
                files = {role: [self.directory / name for name in entry[role]] for role in roles}
                repetition = entry.get("repetition") or {}
                limit, extra = repetition.get("limit"), repetition.get("extra", {})
                return View(fold, entry["weight"], files, facts, limit, extra)
        raise ConfigurationError(f"has no fold {fold}", path=self.directory / DESCRIPTION)


def _columns(names: list[str], fitted: dict[str, Any], slots: int | None = None) -> Columns:
    """Return columns with what was fitted of them."""
    missing = fitted["missing"]
    return Columns(
        names,
        np.array(fitted["mean"]),
        np.array(fitted["std"]),
        None if missing is None else np.array(missing),
        slots,
    )
