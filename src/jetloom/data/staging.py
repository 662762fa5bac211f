"""The first stream of a dataset: rows of all samples selected, labelled, weighed and shared out over the parts."""

from __future__ import annotations

import logging
import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.analysis import Analysis
from jetloom.config.samples import Sample
from jetloom.config.tasks import Task
from jetloom.cutflow import CutFlow
from jetloom.data import split as splitting
from jetloom.data.dataset import BLOCK_ROWS
from jetloom.data.labels import UNLABELLED, assign_labels
from jetloom.data.weights import event_weights
from jetloom.errors import ConfigurationError, EmptySampleError, near_misses
from jetloom.expressions import column_name, evaluate, evaluate_mask, names_in
from jetloom.io.hdf5 import TableReader, TableWriter

logger = logging.getLogger(__name__)

Block = npt.NDArray[np.void]

OWN_COLUMNS = {"label": "<i4", "event_weight": "<f4", "sample": "u1"}
"""Columns of the parts that are made here, besides the weights."""

EVENT = {"run_number": "<u4", "event_number": "<u8"}
"""Columns that say which event a jet is of."""


def stage_rows(
    analysis: Analysis,
    task: Task,
    files: dict[str, list[Path]],
    samples: dict[str, dict[str, Any]],
    staged: dict[str, Path],
    losses: CutFlow,
) -> None:
    """Stream all samples once: select, label, weigh, and share the rows out over the parts."""
    dtype = _staged_dtype(task)
    with ExitStack() as stack:
        writers = [stack.enter_context(TableWriter(path, {"jets": (dtype, None)})) for path in staged.values()]
        for index, (name, facts) in enumerate(samples.items()):
            for path in files[name]:
                with TableReader(path) as reader:
                    if reader.attribute("status") == "skipped":
                        continue
                    _check_variables(task, reader)
                    for block in reader.blocks("jets", BLOCK_ROWS):
                        losses.saw("jets", len(block))
                        rows = _staged_rows(task, analysis.samples[name], facts, block, dtype, losses)
                        rows["sample"] = index
                        hashes = splitting.event_hash(rows["run_number"], rows["event_number"], task.split.salt)
                        parts = splitting.assign_parts(hashes, task.split)
                        for part, writer in enumerate(writers):
                            writer.append(jets=rows[parts == part])
            logger.info("%s: %d jets of %d files read", name, facts["rows"], facts["files"])


def _staged_dtype(task: Task) -> np.dtype[Any]:
    """Inputs first, so that a block of them is one strided view, then what plots and bookkeeping need."""
    inputs = [column_name(text) for text in task.inputs]
    twice = sorted({column for column in inputs if inputs.count(column) > 1})
    if twice:
        raise ConfigurationError(f"two inputs have the column name '{twice[0]}'", where="inputs")
    flattened = list(task.weights.flatten.variables) if task.weights.flatten else []
    others = [name for name in dict.fromkeys([*task.spectators, *flattened]) if name not in [*inputs, *EVENT]]
    for where, names in {"inputs": inputs, "spectators": others}.items():
        for name in names:
            if name in OWN_COLUMNS or name in EVENT or re.fullmatch(r"weight(_fold\d+)?", name):
                raise ConfigurationError(f"'{name}' is the name of a column that the dataset makes itself", where=where)
    return np.dtype(
        [(name, "<f4") for name in inputs] + [*OWN_COLUMNS.items(), *EVENT.items()] + [(name, "<f4") for name in others]
    )


def _check_variables(task: Task, reader: TableReader) -> None:
    known = set(reader.dtype("jets").names or ())
    columns = {column_name(text): text for text in task.inputs}
    flattened = list(task.weights.flatten.variables) if task.weights.flatten else []
    for name in [*task.spectators, *flattened]:
        if name in columns and name in known and columns[name].strip() != name:
            raise ConfigurationError(
                f"the input '{columns[name]}' would take the name of the variable '{name}'", where="inputs"
            )
    labels = [label.when for label in task.labels.values()]
    expressions = [*task.inputs, *task.select, *task.spectators, *labels, *(set(flattened) - set(columns))]
    for text in expressions:
        for name in sorted(names_in(text) - known):
            raise ConfigurationError(
                f"'{text}': no variable '{name}'", path=reader.path, where="jets", advice=near_misses(name, known)
            )


def _staged_rows(
    task: Task, sample: Sample, facts: dict[str, Any], block: Block, dtype: np.dtype[Any], losses: CutFlow
) -> Block:
    """Select, label and weigh one block of a sample."""
    for text in task.select:
        kept = block[evaluate_mask(text, _columns(block), len(block))]
        losses.add("dataset", "jets", text, len(block), len(kept))
        block = kept
    labels = assign_labels(task.labels, _columns(block), len(block))
    labelled = labels != UNLABELLED
    losses.add("dataset", "jets", "no class", len(block), int(labelled.sum()))
    block, labels = block[labelled], labels[labelled]
    if task.weights.negative == "drop" and task.weights.event:
        positive = (block["mc_event_weight"] > 0) | sample.is_data
        losses.add("dataset", "jets", "weight not positive", len(block), int(positive.sum()))
        block, labels = block[positive], labels[positive]
    rows = np.zeros(len(block), dtype)
    columns = _columns(block)
    for text in task.inputs:
        values = np.asarray(evaluate(text, columns), np.float32)
        rows[column_name(text)] = np.where(np.isfinite(values), values, np.float32(np.nan))
    for name in (dtype.names or ())[len(task.inputs) :]:
        if name in columns and name not in OWN_COLUMNS:
            rows[name] = columns[name]
    rows["label"] = labels
    total = facts["sum_of_weights"]
    if total <= 0 and task.weights.event and not sample.is_data:
        raise EmptySampleError(f"its generator weights sum to {total:g}", where=f"sample '{facts['title']}'")
    rows["event_weight"] = event_weights(
        task.weights, block["mc_event_weight"], sample.cross_section, total, sample.is_data
    )
    return rows


def _columns(block: Block) -> dict[str, npt.NDArray[Any]]:
    return {name: block[name] for name in block.dtype.names or ()}
