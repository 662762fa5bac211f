"""A batch: what a step of training or of an evaluation is made with, one row a jet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Features = npt.NDArray[Any] | dict[str, npt.NDArray[Any]]
"""What a network takes, or what it is to learn: one array, or arrays by name; each with one row a jet."""
Index = npt.NDArray[np.integer] | npt.NDArray[np.bool_] | slice


@dataclass(frozen=True)
class Batch:
    """Some rows. Inside a step its arrays are tensors of the backend.

    Attributes
    ----------
    features : array, or dict of arrays by the names of the network's inputs
        What the network takes.
    target : array, or dict of arrays
        What is to be learnt of each row: of a classifier the index of the true class, int32 of shape (rows,).
    weights : float32 array, shape (rows,)
        How much each row counts; may be negative.
    real : bool array, shape (rows,)
        False: the row only fills the batch up to a shape that is compiled already. It repeats another row, has
        weight 0, and counts in no mean.
    """

    features: Features
    target: Features
    weights: npt.NDArray[np.float32]
    real: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, features: Features, target: Features, weights: npt.NDArray[np.float32]) -> Batch:
        """Return a batch all of whose rows are real."""
        return cls(features, target, weights, np.ones(len(weights), np.bool_))

    def __len__(self) -> int:
        """Return the number of rows, those included that only fill up."""
        return len(self.weights)

    def take(self, index: Index) -> Batch:
        """Return some of the rows."""
        return Batch(
            take_rows(self.features, index), take_rows(self.target, index), self.weights[index], self.real[index]
        )

    def filled_from(self, place: int | npt.NDArray[np.bool_]) -> Batch:
        """Return the same rows, of which some only fill up: those from a row on, or those that a mask names."""
        fills = np.arange(len(self)) >= place if isinstance(place, int) else place
        return Batch(
            self.features, self.target, np.where(fills, np.float32(0), self.weights), np.where(fills, False, self.real)
        )

    @staticmethod
    def concatenate(parts: Sequence[Batch]) -> Batch:
        """Put batches with the same arrays one behind the other."""
        return Batch(
            joined_rows([part.features for part in parts]),
            joined_rows([part.target for part in parts]),
            np.concatenate([part.weights for part in parts]),
            np.concatenate([part.real for part in parts]),
        )


def take_rows(arrays: Features, index: Index) -> Features:
    """Return some rows of an array, or of arrays by name."""
    if isinstance(arrays, dict):
        return {name: array[index] for name, array in arrays.items()}
    found: npt.NDArray[Any] = arrays[index]
    return found


def joined_rows(parts: Sequence[Features]) -> Features:
    """Return arrays, or arrays by name, one behind the other."""
    first = parts[0]
    if isinstance(first, dict):
        return {name: np.concatenate([part[name] for part in parts]) for name in first}
    return np.concatenate([part for part in parts if not isinstance(part, dict)])
