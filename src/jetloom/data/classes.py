"""The classes of jets that take part: those that a task names, and never the jets of no class."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jetloom.data.block import Block
from jetloom.data.dataset import Dataset
from jetloom.data.view import View
from jetloom.errors import ConfigurationError, near_misses


class Classes:
    """Some classes of a dataset.

    Parameters
    ----------
    dataset : Dataset
    names : list of str
        The classes; all, if it is empty.

    Raises
    ------
    ConfigurationError
        If the dataset has no such class.
    """

    def __init__(self, dataset: Dataset, names: list[str]) -> None:
        self.dataset = dataset
        self.names = names or dataset.classes
        for name in self.names:
            if name not in dataset.classes:
                raise ConfigurationError(
                    f"the dataset has no class '{name}'",
                    where="classes",
                    advice=near_misses(name, dataset.classes),
                )
        self.indices = [dataset.classes.index(name) for name in self.names]

    def choose(self, jets: Block) -> npt.NDArray[np.int64]:
        """Return the positions of the jets of these classes, in their order."""
        return np.flatnonzero(np.isin(jets["label"], self.indices))

    def of(self, jets: Block) -> Block:
        """Return the jets of these classes."""
        chosen = self.choose(jets)
        return jets if len(chosen) == len(jets) else jets.take(chosen)

    def count(self, view: View, role: str) -> int:
        """Return how many jets of these classes a role of the dataset has."""
        parts = {path.stem for path in view.files[role]}
        return sum(
            entry["jets"]
            for entry in self.dataset.description["summary"]
            if entry["part"] in parts and entry["class"] in self.names
        )
