"""Building a dataset: HDF5 files of samples in; parts with inputs, labels and weights out.

Two streams: the first labels, weighs and splits the rows of all samples into the parts; the second, over the smaller
parts, fits what is fitted on training data alone and writes the final weights. Memory does not grow with the rows.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom import provenance
from jetloom.config.analysis import Analysis
from jetloom.config.samples import Sample
from jetloom.config.tasks import Task
from jetloom.cutflow import CutFlow
from jetloom.data import split as splitting
from jetloom.data.appearance import appearance
from jetloom.data.dataset import BLOCK_ROWS, DESCRIPTION
from jetloom.data.labels import UNLABELLED, assign_labels
from jetloom.data.moments import Moments, fit_quantiles
from jetloom.data.weights import Reweighting, event_weights, fit
from jetloom.errors import BudgetError, ConfigurationError, EmptySampleError, near_misses
from jetloom.expressions import column_name, evaluate, evaluate_mask, names_in
from jetloom.io import atomic
from jetloom.io.hdf5 import TableReader, TableWriter, check_file

logger = logging.getLogger(__name__)

Block = npt.NDArray[np.void]


def build(analysis: Analysis, task_name: str, files: dict[str, list[Path]], directory: Path) -> dict[str, Any]:
    """Build the dataset of a task.

    Parameters
    ----------
    analysis : Analysis
        The configuration.
    task_name : str
        The task.
    files : dict of str to list of Path
        HDF5 files of each sample that takes part.
    directory : Path
        Where the parts and ``dataset.json`` go.

    Returns
    -------
    dict
        The description, as written to ``dataset.json``.

    Raises
    ------
    BudgetError, EmptySampleError, ConfigurationError, CorruptFileError
        If too many files are bad, a sample or a class is empty, a variable does not exist, or a file cannot be read.
    """
    task = analysis.tasks[task_name]
    samples = {name: _sample_facts(name, analysis, files[name]) for name in analysis.task_samples(task_name)}
    losses = CutFlow()
    for left in directory.glob(".staging.*"):  # of a build that was killed
        shutil.rmtree(left, ignore_errors=True)
    staging = directory / f".staging.{os.getpid()}"
    staging.mkdir(parents=True, exist_ok=True)
    try:
        staged = {name: staging / f"{name}.h5" for name in splitting.part_names(task.split)}
        _stage(analysis, task, files, samples, staged, losses)
        views = [_fit_view(task, fold, staged) for fold in splitting.folds(task.split)]
        for stale in (DESCRIPTION, "fingerprint.txt"):  # nothing must describe parts that are being replaced
            (directory / stale).unlink(missing_ok=True)
        fingerprint, summary = _write_parts(task, views, staged, directory)
    except OSError as error:
        if atomic.no_room(error):
            from jetloom.errors import DiskFullError

            raise DiskFullError("cannot be written (no room)", path=directory) from error
        raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    description = {
        "task": task_name,
        **appearance(analysis, task_name),
        "inputs": _described_inputs(task, files),
        "spectators": _described_spectators(task, files),
        "parts": {name: [f"{PARTS}/{name}.h5"] for name in staged},
        "views": [view.description for view in views],
        "samples": samples,
        "counts": losses.as_json(),
        "summary": summary,
        "fingerprint": fingerprint,
        "digests": {name: provenance.file_digest(directory / PARTS / f"{name}.h5") for name in staged},
        "origin": provenance.origin(task.model_dump(mode="json", include=DATA_SETTINGS), _input_digests(files)),
    }
    atomic.write_json(directory / DESCRIPTION, description)
    atomic.write_text(directory / "fingerprint.txt", fingerprint + "\n")
    return description


FEWEST_EFFECTIVE = 20.0
"""Effective jets, (sum w)^2 / sum w^2, that a class of a part should have; below that one is warned."""

PART_COMPRESSION = "none"
"""A training reads its part in every epoch, at the speed of a raw file if nothing must be decompressed."""

PARTS = "parts"
"""Directory of the parts, below the dataset's."""

OWN_COLUMNS = {"label": "<i4", "event_weight": "<f4", "sample": "u1"}
"""Columns of the parts that are made here, besides the weights."""

EVENT = {"run_number": "<u4", "event_number": "<u8"}
"""Columns that say which event a jet is of."""

DATA_SETTINGS = {"samples", "select", "labels", "inputs", "spectators", "missing", "weights", "split"}
"""The parts of a task's configuration that shape its dataset."""


def _input_digests(files: dict[str, list[Path]]) -> dict[str, str]:
    return {f"{sample}/{path.name}": provenance.file_digest(path) for sample, paths in files.items() for path in paths}


def _sample_facts(name: str, analysis: Analysis, files: list[Path]) -> dict[str, Any]:
    """Add up what the files of a sample say of themselves, and hold the bad ones against the budget."""
    facts: dict[str, Any] = {
        "title": analysis.samples[name].title or name, "files": len(files), "events": 0, "sum_of_weights": 0.0,
        "rows": 0, "skipped": [], "counts": [],
    }  # fmt: skip
    if not files:
        raise EmptySampleError("has no files", where=f"sample '{name}'", advice="name at least one HDF5 file of it")
    flow, sample = CutFlow(), analysis.samples[name]
    for path in files:
        with TableReader(path) as reader:
            if reader.attribute("status") == "skipped":
                facts["skipped"].append({"file": path.stem, "reason": reader.attribute("reason")})
                continue
            facts["events"] += reader.attribute("events")
            facts["sum_of_weights"] += reader.attribute("sum_of_weights")
            facts["rows"] += reader.rows["jets"]
            flow.merge(reader.attribute("counts"))
    facts["counts"] = flow.as_json()
    if sample.sum_of_weights is not None:
        facts["sum_of_weights"] = sample.sum_of_weights
    share, budget = len(facts["skipped"]) / len(files), analysis.conversion.budget.files
    if share > budget:
        first = facts["skipped"][0]
        bad = f"{len(facts['skipped'])} of {len(files)} files are bad"
        raise BudgetError(
            f"{bad}, the budget is {budget:.0%}; the first: {first['reason']}",
            where=f"sample '{name}'",
            advice="mend them, or raise conversion.budget.files",
        )
    if facts["rows"] == 0:
        raise EmptySampleError(
            f"no jet is left of {facts['events']} events in {len(files)} files",
            where=f"sample '{name}'",
            advice="loosen conversion.select or take the sample out",
        )
    return facts


def _stage(
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


@dataclass
class FittedView:
    """A view's description and the weights fitted on its training part."""

    description: dict[str, Any]
    reweighting: Reweighting


def _fit_view(task: Task, fold: int | None, staged: dict[str, Path]) -> FittedView:
    """Fit scaler, ranges and weights on the training part of one view."""
    roles = splitting.roles(task.split, fold)
    inputs = [column_name(text) for text in task.inputs]
    flattened = list(task.weights.flatten.variables) if task.weights.flatten else []
    columns = inputs + [name for name in flattened if name not in inputs]

    def training() -> Iterator[Block]:
        for name in roles["train"]:
            with TableReader(staged[name]) as reader:
                yield from reader.blocks("jets", BLOCK_ROWS)

    moments = Moments(len(columns))
    for block in training():
        moments.add(_matrix(block, columns))
    if moments.rows == 0:
        raise EmptySampleError("no jet is left", where="training part", advice="loosen the cuts or add files")
    size = len(inputs)
    for name, count in zip(inputs, moments.count[:size], strict=True):
        if count == 0:
            raise EmptySampleError("is NaN in every jet of the training part", where=f"input '{name}'")
    quantiles = fit_quantiles(
        lambda: ((_matrix(block, columns), None) for block in training()), moments.low, moments.high
    )
    low, high = (dict(zip(columns, ends, strict=True)) for ends in (moments.low, moments.high))
    reweighting = fit(training, list(task.labels), task.weights, low, high)
    filled = [task.missing.get(name, mean) for name, mean in zip(inputs, moments.mean[:size], strict=True)]
    description = {
        "fold": fold,
        "weight": "weight" if fold is None else f"weight_fold{fold}",
        **{role: [f"{PARTS}/{name}.h5" for name in names] for role, names in roles.items()},
        "mean": moments.mean[:size].tolist(),
        "std": moments.std[:size].tolist(),
        "low": quantiles.at(0.005)[:size].tolist(),
        "high": quantiles.at(0.995)[:size].tolist(),
        "missing": [float(value) for value in filled],
        "missing_share": moments.missing[:size].tolist(),
        "class_factors": reweighting.factors.tolist(),
    }
    return FittedView(description, reweighting)


def _matrix(block: Block, columns: list[str]) -> npt.NDArray[np.float32]:
    return np.stack([block[name] for name in columns], axis=1)


def _write_parts(
    task: Task, views: list[FittedView], staged: dict[str, Path], directory: Path
) -> tuple[str, list[dict[str, Any]]]:
    """Write the final parts with their weights; give the fingerprint and the summary by part and class."""
    settings = [task.inputs, list(task.labels), task.missing]
    digest = hashlib.sha256(provenance.canonical_json(settings).encode())
    summary: list[dict[str, Any]] = []
    for name, source in staged.items():
        with TableReader(source) as reader:
            weights = [(view.description["weight"], "<f4") for view in views]
            dtype = np.dtype([*reader.dtype("jets").descr, *weights])
            digest.update(f"{name} {dtype.descr}".encode())
            totals = _PartTotals(list(task.labels), views[0].description["weight"])
            with (
                atomic.publishing(directory / PARTS / f"{name}.h5", check_file) as part,
                TableWriter(part, {"jets": (dtype, None)}, PART_COMPRESSION) as writer,
            ):
                for block in reader.blocks("jets", BLOCK_ROWS):
                    rows = np.zeros(len(block), dtype)
                    for column in block.dtype.names or ():
                        rows[column] = block[column]
                    for view in views:
                        rows[view.description["weight"]] = view.reweighting.apply(block)
                    digest.update(rows.tobytes())
                    totals.add(rows)
                    writer.append(jets=rows)
            summary += totals.rows(name)
    _require_every_class(summary)
    return digest.hexdigest(), summary


class _PartTotals:
    """Jets and sums of weights of a part, by class."""

    def __init__(self, classes: list[str], weight: str) -> None:
        self.classes = classes
        self.weight = weight
        self.sums = np.zeros((5, len(classes)))

    def add(self, rows: Block) -> None:
        """Add a block."""
        ones = np.ones(len(rows))
        weights = rows[self.weight].astype(np.float64)
        for index, values in enumerate((ones, rows["event_weight"], weights, rows["event_weight"] < 0, weights**2)):
            self.sums[index] += np.bincount(rows["label"], values, minlength=len(self.classes))

    def rows(self, part: str) -> Iterable[dict[str, Any]]:
        """Give one entry a class."""
        for name, (jets, event, final, negative, squares) in zip(self.classes, self.sums.T.tolist(), strict=True):
            yield {
                "part": part, "class": name, "jets": int(jets), "sum_of_event_weights": event,
                "sum_of_weights": final, "negative": int(negative),
                "effective_jets": final**2 / squares if squares else 0.0,
            }  # fmt: skip


def _require_every_class(summary: list[dict[str, Any]]) -> None:
    for entry in summary:
        if entry["jets"] == 0:
            raise EmptySampleError(
                f"has no jet of class '{entry['class']}'",
                where=f"part '{entry['part']}'",
                advice="add files, loosen cuts, or change the labels",
            )
        if not entry["sum_of_weights"] > 0:
            raise EmptySampleError(
                f"the weights of class '{entry['class']}' sum to {entry['sum_of_weights']:g}",
                where=f"part '{entry['part']}'",
                advice="add files or change weights.negative: no metric is defined with such weights",
            )
        if entry["effective_jets"] < FEWEST_EFFECTIVE:
            logger.warning(
                "%s, class '%s': %d jets count as %.3g because of their weights; metrics of so few mean little",
                entry["part"], entry["class"], entry["jets"], entry["effective_jets"],
            )  # fmt: skip


def _described_inputs(task: Task, files: dict[str, list[Path]]) -> list[dict[str, str]]:
    titles = _titles(files)
    return [{"column": column_name(text), "expression": text, "title": titles.get(text, text)} for text in task.inputs]


def _described_spectators(task: Task, files: dict[str, list[Path]]) -> list[dict[str, str]]:
    titles = _titles(files)
    return [{"column": name, "title": titles.get(name, name)} for name in task.spectators]


def _titles(files: dict[str, list[Path]]) -> dict[str, str]:
    """Give the axis titles of the jets' variables, from the first file."""
    with TableReader(next(iter(files.values()))[0]) as reader:
        titles: dict[str, str] = reader.attribute("titles").get("jets", {})
    return titles
