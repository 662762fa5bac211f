"""What is fitted on the training part of a view: scaler, ranges, weights."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.tasks.task import TARGET, Task
from jetloom.data.block import BLOCK_ROWS, BRANCHINGS, Block, iter_blocks
from jetloom.data.building import split as splitting
from jetloom.data.building.conditions import Conditions
from jetloom.data.building.labels import UNLABELLED
from jetloom.data.collections import Rows
from jetloom.data.fitting.binning import fit_binning
from jetloom.data.fitting.categories import fit_categories
from jetloom.data.fitting.moments import Moments, fit_quantiles
from jetloom.data.fitting.repetition import fit_repetition
from jetloom.data.fitting.slots_fit import fit_slots
from jetloom.data.fitting.spread import scaling_of
from jetloom.data.fitting.weights import Reweighting, fit
from jetloom.errors import EmptySampleError
from jetloom.expressions import column_name
from jetloom.io.hdf5.tables import TableReader

logger = logging.getLogger(__name__)

PARTS = "parts"
"""Directory of the parts, below the dataset's."""


@dataclass
class FittedView:
    """A view's description and the weights fitted on its training part."""

    description: dict[str, Any]
    reweighting: Reweighting


def fit_view(task: Task, fold: int | None, staged: dict[str, Path], trees: dict[str, Any]) -> FittedView:
    """Fit scaler, ranges, weights and the bins of trees on the training part of one view.

    Parameters
    ----------
    task : Task
        The configuration.
    fold : int or None
        The fold of a cross-validation.
    staged : dict of str to Path
        The parts as they were staged.
    trees : dict
        Settings that the trees were made with, if there are some.
    """
    roles = splitting.roles(task.split, fold)
    inputs = [column_name(text) for text in task.inputs]
    columns = inputs + [name for name in task.weights.variables if name not in inputs]

    def training() -> Iterator[Rows]:
        for name in roles["train"]:
            with TableReader(staged[name]) as reader:
                for block in reader.blocks("jets", BLOCK_ROWS):
                    yield block[block["label"] != UNLABELLED]

    moments = Moments(len(columns))
    for block in training():
        moments.add(_matrix(block, columns))
    if moments.rows == 0:
        raise EmptySampleError("no jet is left", where="training part", advice="loosen the cuts or add files")
    size = len(inputs)
    _require_values(inputs, moments)
    scaled = scaling_of(task.scaling, inputs, moments, lambda: (_matrix(block, inputs) for block in training()))
    quantiles = fit_quantiles(
        lambda: ((_matrix(block, columns), None) for block in training()), moments.low, moments.high
    )
    low, high = (dict(zip(columns, ends, strict=True)) for ends in (moments.low, moments.high))
    values = len(Conditions(task, dict.fromkeys(next(iter(task.conditions.values()), {}), 1)).values)
    reweighting = fit(training, list(task.labels), task.weights, low, high, values if task.conditions else 0)
    filled = [task.missing.get(name, mean) for name, mean in zip(inputs, scaled["mean"], strict=True)]
    description = {
        "fold": fold,
        "weight": "weight" if fold is None else f"weight_fold{fold}",
        **{role: [f"{PARTS}/{name}.h5" for name in names] for role, names in roles.items()},
        **scaled,
        "low": quantiles.at(0.005)[:size].tolist(),
        "high": quantiles.at(0.995)[:size].tolist(),
        "missing": [float(value) for value in filled],
        "missing_share": moments.missing[:size].tolist(),
        "class_factors": reweighting.factors.tolist(),
        "flattening": {
            name: [low[name], *inner.tolist(), high[name]]
            for name, inner in zip(reweighting.variables, reweighting.edges, strict=True)
        },
    }
    description |= _fit_on_demand(task, training, staged, roles["train"], reweighting, trees)
    return FittedView(description, reweighting)


def _fit_on_demand(
    task: Task,
    training: Callable[[], Iterator[Rows]],
    staged: dict[str, Path],
    trained: Sequence[str],
    reweighting: Reweighting,
    trees: dict[str, Any],
) -> dict[str, Any]:
    """Fit what only some tasks ask for: categories, repeated rows, a target, the bins of trees, slots."""
    found: dict[str, Any] = {}
    if task.operations:
        others = [path for name, path in staged.items() if name not in trained]
        found |= fit_categories(task, training, partial(_rows_of, others))
    if task.weights.repeat_above is not None:
        found["repetition"] = fit_repetition(training, reweighting.apply, task.weights.repeat_above, list(task.labels))
    if task.target is not None:
        found["target"] = _fit_target(training())
    jets = partial(_training_jets, [staged[name] for name in trained])
    if task.reads == "trees":
        found["binning"] = fit_binning(task.binning, partial(jets, {BRANCHINGS}), trees)
    if task.collections:
        found["collections"] = {name: fit_slots(task, name, partial(jets, {name})) for name in task.collections}
    return found


def _require_values(inputs: Sequence[str], moments: Moments) -> None:
    """Refuse an input that the training part has no value of."""
    for name, count in zip(inputs, moments.count[: len(inputs)], strict=True):
        if count == 0:
            raise EmptySampleError("is NaN in every jet of the training part", where=f"input '{name}'")


def _fit_target(blocks: Iterator[Rows]) -> dict[str, Any]:
    moments = Moments(1)
    for block in blocks:
        moments.add(_matrix(block, [TARGET]))
    return {"mean": moments.mean.tolist(), "std": moments.std.tolist()}


def _training_jets(files: list[Path], reads: Set[str]) -> Iterator[Block]:
    for path in files:
        with TableReader(path) as reader:
            for jets in iter_blocks(reader, reads=reads):
                yield jets.take(jets["label"] != UNLABELLED)


def _rows_of(files: list[Path]) -> Iterator[Rows]:
    for path in files:
        with TableReader(path) as reader:
            yield from reader.blocks("jets", BLOCK_ROWS)


def _matrix(block: Rows, columns: list[str]) -> npt.NDArray[np.float32]:
    return np.stack([block[name] for name in columns], axis=1)
