"""Loss, terms and area of a network over blocks of jets, whatever the blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.streams.batch import Batch, Features, joined_rows, take_rows
from jetloom.errors import EmptySampleError
from jetloom.models.base import Model
from jetloom.statistics.meaning import WeightSums, doubt_of_mean
from jetloom.training.interruption import Interruption
from jetloom.training.steppers.base import Stepper


@dataclass(frozen=True)
class Scores:
    """Metrics of a part of the data: NaN where one means nothing, for the reason that ``doubts`` has by its name."""

    values: dict[str, float]
    doubts: dict[str, str]
    finite: bool = True
    """Whether the loss of each jet is a number: otherwise the training has diverged."""
    arrays: Mapping[str, Mapping[str, npt.NDArray[Any]]] = field(default_factory=dict)
    """What metrics of a whole part were made of, under ``main`` or ``control``."""

    @classmethod
    def of(
        cls,
        values: dict[str, float],
        doubts: dict[str, str],
        *,
        finite: bool = True,
        arrays: Mapping[str, Mapping[str, npt.NDArray[Any]]] | None = None,
    ) -> Scores:
        """Return metrics without those that are doubted; an empty reason is no doubt."""
        why = {name: doubt for name, doubt in doubts.items() if doubt and name in values}
        kept = {name: float("nan") if name in why else float(value) for name, value in values.items()}
        return cls(kept, why, finite, arrays or {})

    def beside(self, other: Scores) -> Scores:
        """Return these and others."""
        finite = self.finite and other.finite
        return Scores(self.values | other.values, self.doubts | other.doubts, finite, {**self.arrays, **other.arrays})


PARTS = {"val_": "validation part", "eval_": "test part"}


def scores(stepper: Stepper, model: Model, blocks: Iterator[Batch], prefix: str) -> Scores:
    """Evaluate a network on blocks of rows.

    Returns
    -------
    Scores
        ``loss`` and the metrics of the model's objective with the prefix: means weighted by row, over all rows
        together, and what is of the part as a whole, as ``auc``.

    Raises
    ------
    EmptySampleError
        If there are no rows.
    """
    objective, whole = model.objective, WeightSums()
    sums, ends = np.zeros(1 + len(objective.terms)), np.zeros((2, 0))
    kept: list[tuple[Features, npt.NDArray[Any], npt.NDArray[Any]]] = []
    for batch in blocks:
        real = batch.real
        values, outputs = stepper.evaluate(batch)
        found, of_jets = batch.weights[real].astype(np.float64), values[:, real].astype(np.float64)
        sums += of_jets @ found
        whole.add(found)
        if len(found):
            ends = extremes(ends, of_jets)
        if objective.of_parts:
            kept.append(
                (take_rows(batch.target, real), model.predictions(np.asarray(outputs))[real], batch.weights[real])
            )
    if not whole.jets:
        raise EmptySampleError("has no jet of the task's classes", where=PARTS.get(prefix, "data"))
    names = [f"{prefix}{name}" for name in ("loss", *objective.terms)]
    means = sums / whole.total if whole.total else np.full(len(sums), np.nan)
    row, few = dict(zip(names, means.tolist(), strict=True)), whole.doubt()
    doubts = {name: few or doubt_of_mean(row[name], *end) for name, end in zip(names, ends.T.tolist(), strict=True)}
    arrays: dict[str, dict[str, npt.NDArray[Any]]] = {}
    if kept:
        targets, *others = zip(*kept, strict=True)
        target, (predicted, weights) = joined_rows(targets), (np.concatenate(arrays) for arrays in others)
        found_of_part = objective.part_metrics(target, predicted, weights)
        if not isinstance(target, dict):
            arrays["main"] = {"target": target, "predicted": predicted, "weights": weights}
        for name in objective.of_parts:
            row[f"{prefix}{name}"], doubts[f"{prefix}{name}"] = found_of_part[name]
    finite = bool(np.isfinite(ends[:, 0]).all())
    return Scores.of(row, doubts if finite else {}, finite=finite, arrays=arrays)


def extremes(ends: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return lowest and highest values, shape (2, kinds), of those before and new ones of shape (kinds, n)."""
    new = np.stack([values.min(axis=1), values.max(axis=1)])
    return new if not ends.size else np.stack([np.minimum(ends[0], new[0]), np.maximum(ends[1], new[1])])


def stop_when(interruption: Interruption, blocks: Iterator[Batch], stop: Callable[[], Exception]) -> Iterator[Batch]:
    """Pass blocks on until there is a reason to stop, and raise then what ``stop`` gives."""
    for block in blocks:
        if interruption:
            raise stop()
        yield block
