"""The first stream of a dataset: rows of all samples selected, labelled, weighed and shared out over the parts."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.analysis import Analysis
from jetloom.config.samples import Sample
from jetloom.config.tasks.task import TARGET, Task
from jetloom.cutflow import CutFlow
from jetloom.data.block import BLOCK_ROWS, BRANCHINGS, Block, iter_blocks
from jetloom.data.building import split as splitting
from jetloom.data.building.absence import Absence, absence, input_values
from jetloom.data.building.collected import Collector, collectors, slot_tables, sources
from jetloom.data.building.conditions import Conditions
from jetloom.data.building.labels import UNLABELLED, assign_labels, of_other_samples, unknown_labels
from jetloom.data.building.part_writer import PartWriter
from jetloom.data.building.variables import OWN_COLUMNS, check_variables, staged_dtype
from jetloom.data.collections import Rows
from jetloom.data.fitting.spread import LARGEST, Oversized
from jetloom.data.fitting.weights import event_weights
from jetloom.errors import EmptySampleError
from jetloom.expressions import column_name, evaluate_mask
from jetloom.io.hdf5.tables import TableReader

logger = logging.getLogger(__name__)

NOTABLE = 1.1
"""A sample that counts for so much more without the signs of its weights is told."""


def stage_rows(
    analysis: Analysis,
    task: Task,
    files: dict[str, list[Path]],
    samples: dict[str, dict[str, Any]],
    staged: dict[str, Path],
    losses: CutFlow,
) -> None:
    """Stream all samples once: select, label, weigh, and share the rows out over the parts."""
    dtype, oversized, trees, tables = staged_dtype(task), Oversized(), task.reads == "trees", slot_tables(task)
    reads = sources(task) | ({BRANCHINGS} if trees else set())
    conditions = Conditions(task, {name: facts["rows"] for name, facts in samples.items()})
    with ExitStack() as stack:
        parts = [stack.enter_context(PartWriter(path, dtype, trees, slots=tables)) for path in staged.values()]
        for index, (name, facts) in enumerate(samples.items()):
            sample = analysis.samples[name]
            facts["labelled_without"] = dict[str, int]()
            others = of_other_samples(task.labels, name)
            common = _majority(task, files[name], facts, sample.is_data, others)
            for path in _converted(files[name]):
                with TableReader(path) as reader:
                    check_variables(task, reader)
                    lacking = absence(task, reader, sample.is_data)
                    _tell(lacking, task, path)
                    source = _Source(
                        sample,
                        analysis.scale_of(name),
                        facts,
                        common,
                        lacking,
                        lacking.labels | others,
                        collectors(task, reader),
                    )
                    for read in iter_blocks(reader, reads=reads):
                        jets = read.with_rows(conditions.on(name, read.rows))
                        losses.saw("jets", len(jets))
                        staged_jets = _staged_jets(task, source, jets, dtype, losses)
                        staged_jets.rows["sample"] = index
                        oversized.look(task.inputs, staged_jets.rows, path)
                        for key, settings in task.collections.items():
                            slots = staged_jets.collections[key].values
                            oversized.look(settings.inputs, slots[slots["valid"]], path, key)
                        hashes = splitting.event_hash(
                            staged_jets["run_number"], staged_jets["event_number"], task.split.salt
                        )
                        found = splitting.assign_parts(hashes, task.split)
                        for part, writer in enumerate(parts):
                            writer.append(staged_jets.take(found == part))
            logger.info("%s: %d jets of %d files read", name, facts["rows"], facts["files"])
            for warning in [*_labelled_without(task, facts), *_without_signs(task, facts)]:
                facts["warnings"].append(warning)
                logger.warning("sample '%s': %s", name, warning)
    oversized.refuse()


@dataclass(frozen=True)
class _Source:
    """A file of a sample, and what is to be known of both while its jets are staged."""

    sample: Sample
    scale: float
    """Cross-section times luminosity."""
    facts: dict[str, Any]
    common: int
    """The class that jets of none get."""
    lacking: Absence
    without: set[str]
    """Classes that none of its rows has."""
    collectors: list[Collector]


def _converted(files: list[Path]) -> Iterator[Path]:
    """Return the files that were not skipped by the stages before."""
    for path in files:
        with TableReader(path) as reader:
            skipped = reader.attribute("status") == "skipped"
        if not skipped:
            yield path


def _tell(lacking: Absence, task: Task, path: Path) -> None:
    for text in task.inputs:
        if lacking.touches(text):
            logger.warning("%s: the input '%s' is missing in all of its jets", path, text)
    for text, passes in lacking.cuts.items():
        logger.warning("%s: the cut '%s' %s all of its jets", path, text, "passes" if passes else "fails")
    for name in sorted(lacking.labels):
        logger.warning("%s: no jet has the class '%s', which is not known there", path, name)


def _labelled_without(task: Task, facts: dict[str, Any]) -> Iterator[str]:
    """Tell of jets that have a class although what it is known by is missing in them."""
    for label, number in facts.pop("labelled_without").items():
        yield (
            f"{number} jets have the class '{label}' ({task.labels[label].when}) although a variable of it is missing "
            "in them; say with isnan(...) what becomes of those"
        )


def _without_signs(task: Task, facts: dict[str, Any]) -> Iterator[str]:
    """Tell of a sample that weighs more than it should beside others, because its negative weights lost their sign."""
    signed, used = facts.pop("signed_yield", 0.0), facts.get("yield", 0.0)
    if task.weights.negative != "keep" and used > NOTABLE * max(signed, 0.0):
        yield (
            f"weights.negative is '{task.weights.negative}': its jets count as {used:.3g} pb, and with their signs as "
            f"{signed:.3g} pb; beside other samples it counts for too much"
        )


def _majority(task: Task, files: list[Path], facts: dict[str, Any], is_data: bool, others: set[str]) -> int:
    """Count the classes of a sample's selected jets in a stream of their own; give the commonest, if it is asked for.

    Raises
    ------
    EmptySampleError
        If no jet of the sample has a class.
    """
    if task.unlabelled != "majority":
        return UNLABELLED
    counts = np.zeros(len(task.labels), np.int64)
    for path in _converted(files):
        with TableReader(path) as reader:
            check_variables(task, reader)
            lacking = absence(task, reader, is_data)
            for block in reader.blocks("jets", BLOCK_ROWS):
                kept = _selected(task, Block(block), None, lacking)
                labels = assign_labels(task.labels, _columns(kept.rows), len(kept), lacking.labels | others)
                counts += np.bincount(labels[labels != UNLABELLED], minlength=len(counts))
    if not counts.any():
        raise EmptySampleError(
            "no jet has a class, so none has the majority",
            where=f"sample '{facts['title']}'",
            advice="change the labels, or unlabelled",
        )
    facts["majority"] = list(task.labels)[int(counts.argmax())]
    return int(counts.argmax())


FRACTION_SALT = 1 << 32
"""Sets the choice of a fraction of the events apart from that of the parts; salts of the split are smaller."""


def _selected(task: Task, jets: Block, losses: CutFlow | None, lacking: Absence) -> Block:
    """Take the task's share of the events, apply its cuts, and count what each takes away."""
    rows, place = jets.rows, np.arange(len(jets))
    for reason in [f"a fraction of {task.fraction:g} of the events"] * (task.fraction < 1.0) + task.select:
        passed = _passed(task, rows, lacking, reason)
        if losses is not None:
            losses.add("dataset", "jets", reason, len(rows), int(passed.sum()))
        rows, place = rows[passed], place[passed]
    # What belongs to the jets is a hundred times as large as their rows, and copied once.
    return Block(rows, {name: one.take(place) for name, one in jets.collections.items()})


def _passed(task: Task, rows: Rows, lacking: Absence, cut: str) -> npt.NDArray[np.bool_]:
    """Say which rows pass a cut of the task, or are of its share of the events, which is no cut."""
    if cut not in task.select:
        hashes = splitting.event_hash(rows["run_number"], rows["event_number"], FRACTION_SALT + task.split.salt)
        return splitting.uniform(hashes) < task.fraction
    decided = lacking.cuts.get(cut)
    return evaluate_mask(cut, _columns(rows), len(rows)) if decided is None else np.full(len(rows), decided)


def _staged_jets(task: Task, source: _Source, jets: Block, dtype: np.dtype[Any], losses: CutFlow) -> Block:
    """Select, label and weigh one block of a sample, and take what the task wants of its collections."""
    sample, facts, lacking = source.sample, source.facts, source.lacking
    jets = _selected(task, jets, losses, lacking)
    truth = assign_labels(task.labels, _columns(jets.rows), len(jets), source.without)
    for name, number in unknown_labels(task.labels, _columns(jets.rows), truth).items():
        facts["labelled_without"][name] = facts["labelled_without"].get(name, 0) + number
    facts["unlabelled"] = facts.get("unlabelled", 0) + int((truth == UNLABELLED).sum())
    if task.unlabelled == "drop":
        labelled = truth != UNLABELLED
        losses.add("dataset", "jets", "no class", len(jets), int(labelled.sum()))
        jets, truth = jets.take(labelled), truth[labelled]
    signed = float(jets["mc_event_weight"].sum(dtype=np.float64))
    if task.weights.negative == "drop" and task.weights.event:
        positive = (jets["mc_event_weight"] > 0) | sample.is_data
        losses.add("dataset", "jets", "weight not positive", len(jets), int(positive.sum()))
        jets, truth = jets.take(positive), truth[positive]
    if task.target is not None:
        known = np.isfinite(_target(task.target, jets.rows, lacking)) | (truth == UNLABELLED)
        losses.add("dataset", "jets", f"no target: {task.target}", len(jets), int(known.sum()))
        jets, truth = jets.take(known), truth[known]
    rows = _staged_rows(task, jets.rows, dtype, lacking)
    rows["true_label"] = truth
    rows["label"] = np.where(truth == UNLABELLED, source.common, truth)
    total = facts["sum_of_weights"] * task.fraction  # a share of the events has that share of the weights
    if total <= 0 and task.weights.event and not sample.is_data:
        raise EmptySampleError(f"its generator weights sum to {total:g}", where=f"sample '{facts['title']}'")
    rows["event_weight"] = event_weights(task.weights, jets["mc_event_weight"], source.scale, total, sample.is_data)
    facts["yield"] = facts.get("yield", 0.0) + float(rows["event_weight"].sum(dtype=np.float64))
    if task.weights.event and not sample.is_data:
        facts["signed_yield"] = facts.get("signed_yield", 0.0) + signed * source.scale / total
    trees = {} if jets.trees is None else {BRANCHINGS: jets.trees}
    return Block(rows, {**trees, **{one.name: one.of(jets, losses) for one in source.collectors}})


def _staged_rows(task: Task, block: Rows, dtype: np.dtype[Any], lacking: Absence) -> Rows:
    """Return the rows of a part for a block of a sample, without what is made of them."""
    rows = np.zeros(len(block), dtype)
    columns = _columns(block)
    for text in task.inputs:
        values = np.nan if lacking.touches(text) else input_values(text, columns, len(block))
        rows[column_name(text)] = np.where(np.isfinite(values), values, np.float32(np.nan))
    for name in (dtype.names or ())[len(task.inputs) :]:
        if name in columns and name not in OWN_COLUMNS and not (name == TARGET and task.target is not None):
            rows[name] = np.nan if name in lacking.variables else columns[name]
    if task.target is not None:
        rows[TARGET] = _target(task.target, block, lacking)
    return rows


def _target(text: str, block: Rows, lacking: Absence) -> npt.NDArray[np.float32]:
    """Return the target of each row: NaN where it is not a number, and where it is too large to be one."""
    if lacking.touches(text):
        return np.full(len(block), np.nan, np.float32)
    values = input_values(text, _columns(block), len(block))
    return np.where(np.abs(values) <= LARGEST, values, np.float32(np.nan))


def _columns(block: Rows) -> dict[str, npt.NDArray[Any]]:
    return {name: block[name] for name in block.dtype.names or ()}
