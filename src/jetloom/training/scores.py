"""Loss, terms and area of a network over blocks of jets, whatever the blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import EmptySampleError
from jetloom.evaluation import metrics
from jetloom.models.base import Features, Model
from jetloom.training.interruption import Interruption
from jetloom.training.stepper import Stepper

Batch = tuple[Features, npt.NDArray[np.int32], npt.NDArray[np.float32]]
"""Features, labels and weights of some jets; rows of label -1 only fill the batch up."""

PARTS = {"val_": "validation part", "eval_": "test part"}


def scores(stepper: Stepper, model: Model, blocks: Iterator[Batch], prefix: str) -> dict[str, float]:
    """Evaluate a network on blocks of rows.

    Returns
    -------
    dict of str to float
        ``loss``, the model's terms and, for a classifier, ``auc`` with the prefix: means weighted by jet, over all rows
        together, and NaN if the weights sum to nothing.

    Raises
    ------
    EmptySampleError
        If there are no rows.
    """
    classifier, rows = model.objective == "classifier", 0
    sums, total = np.zeros(1 + len(model.terms)), 0.0
    kept: list[tuple[npt.NDArray[Any], ...]] = []
    for features, labels, weights in blocks:
        real = labels >= 0
        rows += int(real.sum())
        values, outputs = stepper.evaluate(features, labels)
        found = weights[real].astype(np.float64)
        sums += values[:, real].astype(np.float64) @ found
        total += float(found.sum())
        if classifier:
            kept.append((labels[real], model.probabilities(np.asarray(outputs))[real], weights[real]))
    if not rows:
        raise EmptySampleError("has no jet of the task's classes", where=PARTS.get(prefix, "data"))
    means = sums / total if total > 0 else np.full(len(sums), np.nan)
    row = {f"{prefix}{name}": float(value) for name, value in zip(("loss", *model.terms), means, strict=True)}
    if classifier:
        labels, probabilities, weights = (np.concatenate(arrays) for arrays in zip(*kept, strict=True))
        row[f"{prefix}auc"] = metrics.auc(labels, probabilities, weights)
    return row


def unless(interruption: Interruption, blocks: Iterator[Batch], stop: Callable[[], Exception]) -> Iterator[Batch]:
    """Pass blocks on until there is a reason to stop, and raise then what ``stop`` gives."""
    for block in blocks:
        if interruption:
            raise stop()
        yield block
