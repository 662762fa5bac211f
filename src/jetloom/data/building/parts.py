"""The second stream of a dataset: the parts with their final weights, their fingerprint and their summary."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from jetloom import provenance
from jetloom.config.tasks.task import Task
from jetloom.data.block import iter_blocks
from jetloom.data.building.collected import slot_tables
from jetloom.data.building.labels import UNLABELLED
from jetloom.data.building.part_writer import PartWriter
from jetloom.data.collections import Rows
from jetloom.data.fitting.view_fit import PARTS, FittedView
from jetloom.data.fitting.weights import require_weight
from jetloom.io import atomic
from jetloom.io.hdf5.tables import TableReader, check_file

logger = logging.getLogger(__name__)

FEWEST_EFFECTIVE = 20.0
"""Effective jets, (sum w)^2 / sum w^2, that a class of a part should have; below that one is warned."""

PART_COMPRESSION = "none"
"""A training reads its part in every epoch, at the speed of a raw file if nothing must be decompressed."""


def write_parts(
    task: Task, views: list[FittedView], staged: dict[str, Path], directory: Path
) -> tuple[str, list[dict[str, Any]]]:
    """Write the final parts with their weights; give the fingerprint and the summary by part and class."""
    settings: list[Any] = [task.inputs, list(task.labels), task.missing]
    if task.scaling != "standard":
        settings.append(task.scaling)
    if task.reads == "trees":  # of the trees' settings and the bins, what the rows alone do not say
        fitted = [view.description["binning"] for view in views]
        limits = [[found["momentum"], found["branching"], found.get("inputs")] for found in fitted]
        settings.append([task.binning.model_dump(exclude={"warn_above"}), limits, fitted[0]["trees"]])
    if task.target is not None:
        settings.append({"target": task.target})
    if task.operations or task.particles:
        settings.append([[view.description.get("categories") for view in views], task.particles])
    if task.weights.repeat_above is not None:
        settings.append([view.description["repetition"]["limit"] for view in views])
    if task.collections:
        settings.append([[name, one.inputs, one.slots, one.missing] for name, one in task.collections.items()])
        settings += [
            [one.model_dump() for one in found.transforms] for found in task.collections.values() if found.transforms
        ]
    digest, trees = hashlib.sha256(provenance.canonical_json(settings).encode()), hashlib.sha256()
    slots = {name: hashlib.sha256() for name in task.collections}
    summary: list[dict[str, Any]] = []
    for name, source in staged.items():
        with TableReader(source) as reader:
            weights = [(view.description["weight"], "<f4") for view in views]
            dtype = np.dtype([*reader.dtype("jets").descr, *weights])
            digest.update(f"{name} {dtype.descr}".encode())
            totals = _PartTotals(list(task.labels), views[0].description["weight"])
            with (
                atomic.publishing(directory / PARTS / f"{name}.h5", check_file) as part,
                PartWriter(part, dtype, task.reads == "trees", PART_COMPRESSION, slot_tables(task)) as writer,
            ):
                for block in iter_blocks(reader):
                    written = writer.append(block.with_rows(_weighted(block.rows, views, dtype)))
                    digest.update(written.rows.tobytes())
                    if written.branchings is not None:
                        trees.update(written.branchings.tobytes())
                    for key, state in slots.items():
                        state.update(written.collections[key].values.tobytes())
                    totals.add(written.rows)
            summary += totals.rows(name)
    _require_every_class(summary, task)
    if task.reads == "trees":
        digest.update(trees.digest())
    for state in slots.values():
        digest.update(state.digest())
    return digest.hexdigest(), summary


def _weighted(block: Rows, views: list[FittedView], dtype: np.dtype[Any]) -> Rows:
    """Return the final rows: those that were staged, and the weights of each view, 0 for jets of no class."""
    rows = np.zeros(len(block), dtype)
    for column in block.dtype.names or ():
        rows[column] = block[column]
    labelled = block["label"] != UNLABELLED
    for view in views:
        rows[view.description["weight"]][labelled] = view.reweighting.apply(block[labelled])
    return rows


class _PartTotals:
    """Jets and sums of weights of a part, by class."""

    def __init__(self, classes: list[str], weight: str) -> None:
        self.classes = classes
        self.weight = weight
        self.sums = np.zeros((5, len(classes)))

    def add(self, rows: Rows) -> None:
        """Add a block; jets of no class are left out."""
        rows = rows[rows["label"] != UNLABELLED]
        ones = np.ones(len(rows))
        weights = rows[self.weight].astype(np.float64)
        for index, values in enumerate((ones, rows["event_weight"], weights, rows["event_weight"] < 0, weights**2)):
            self.sums[index] += np.bincount(rows["label"], values, minlength=len(self.classes))

    def rows(self, part: str) -> Iterable[dict[str, Any]]:
        """Return one entry a class."""
        for name, (jets, event, final, negative, squares) in zip(self.classes, self.sums.T.tolist(), strict=True):
            yield {
                "part": part, "class": name, "jets": int(jets), "sum_of_event_weights": event,
                "sum_of_weights": final, "negative": int(negative),
                "effective_jets": final**2 / squares if squares else 0.0,
            }  # fmt: skip


def _require_every_class(summary: list[dict[str, Any]], task: Task) -> None:
    for entry in summary:
        require_weight(entry["part"], entry["class"], entry["jets"], entry["sum_of_weights"], task.weights)
        if entry["effective_jets"] < FEWEST_EFFECTIVE:
            alike = entry["effective_jets"] > 0.99 * entry["jets"]
            count = "" if alike else f" count as {entry['effective_jets']:.3g} because of their weights"
            logger.warning(
                "%s, class '%s': %d jets%s; metrics of so few mean little",
                entry["part"], entry["class"], entry["jets"], count or " only",
            )  # fmt: skip
