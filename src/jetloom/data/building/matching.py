"""Matching the spectra of the classes by drawing jets: what a class has more of in a bin than the others is left out.

Which jets are left out follows from a hash of their run, their event and the matched variables: it is the same on every
machine and does not depend on the order of files. What is drawn is fitted on the training part, and applied to all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.tasks.task import Task
from jetloom.config.tasks.weights import Weights
from jetloom.cutflow import CutFlow
from jetloom.data.block import BLOCK_ROWS, iter_blocks, slots_in
from jetloom.data.building import split as splitting
from jetloom.data.building.labels import UNLABELLED
from jetloom.data.building.part_writer import PartWriter
from jetloom.data.collections import Rows
from jetloom.data.fitting.moments import Moments
from jetloom.data.fitting.spectra import SEEDS, spectra_before
from jetloom.data.fitting.weights import bin_index, spectra, spectrum_edges
from jetloom.errors import EmptySampleError
from jetloom.io.hdf5.tables import TableReader

logger = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
Blocks = Callable[[], Iterable[Rows]]

DRAWN = 0x6D61746368
"""Sets the numbers that decide the drawing apart from those that decide the split."""


def match_parts(task: Task, staged: dict[str, Path], losses: CutFlow) -> dict[str, Any]:
    """Leave jets out of staged parts until the spectra of the classes are alike.

    Parameters
    ----------
    task : Task
        The configuration; ``weights.match`` says in which variables.
    staged : dict of str to Path
        The parts, which are written anew.
    losses : CutFlow
        Takes the count of what is left out, by class.

    Returns
    -------
    dict
        ``edges`` of the bins of each variable, ``acceptance`` of each class in the bins (the last is that of jets
        whose variable is NaN), and the ``spectra`` of the training part before, in finer bins; of trees also those of
        their energy and mass.

    Raises
    ------
    EmptySampleError
        If a class has no jets, or no bin has jets of all classes.
    """
    assert task.weights.match is not None
    variables, classes = task.weights.match.variables, list(task.labels)
    # The parts of a cross-validation are shared by its folds, so the drawing is as well: it is fitted on all of them.
    training = splitting.part_names(task.split) if task.split.folds else ["train"]

    def blocks() -> Iterator[Rows]:
        for name in training:
            with TableReader(staged[name]) as reader:
                for block in reader.blocks("jets", BLOCK_ROWS):
                    yield block[block["label"] != UNLABELLED]

    seeds = SEEDS if task.reads == "trees" else ()
    low, high, rarest = _survey(blocks, classes, list(dict.fromkeys([*variables, *seeds])))
    edges = spectrum_edges(blocks, rarest, variables, low, high)
    sums, _ = spectra(blocks, len(classes), list(variables), edges)
    accepted = acceptance(sums, task.weights)
    bins = dict(zip(variables, edges, strict=True))
    facts = {
        "edges": {name: inner.tolist() for name, inner in bins.items()},
        "acceptance": accepted.tolist(),
        "spectra": spectra_before(blocks, len(classes), bins, seeds, low, high),
    }
    counts = np.zeros((2, len(classes)), np.int64)
    for path in staged.values():
        counts += _redraw(path, task, list(variables), edges, accepted)
    for label, (before, after) in zip(classes, counts.T.tolist(), strict=True):
        losses.add("dataset", "jets", f"spectrum matched, {label}", before, after)
        logger.info("matching, %s: %d of %d jets drawn", label, after, before)
    return facts


def _redraw(
    path: Path, task: Task, variables: list[str], edges: list[Floats], accepted: Floats
) -> npt.NDArray[np.int64]:
    """Write a part anew with the jets that are drawn; give the numbers of each class before and after."""
    counts = np.zeros((2, len(task.labels)), np.int64)
    drawn = path.with_name(f"{path.stem}.drawn.h5")
    with (
        TableReader(path) as reader,
        PartWriter(drawn, reader.dtype("jets"), task.reads == "trees", slots=slots_in(reader)) as writer,
    ):
        for jets in iter_blocks(reader):
            kept = draw(jets.rows, variables, edges, accepted, task.split.salt)
            for row, labels in zip(counts, (jets["label"], jets["label"][kept]), strict=True):
                row += np.bincount(labels[labels != UNLABELLED], minlength=len(row))
            writer.append(jets.take(kept))
    drawn.replace(path)
    return counts


def acceptance(sums: Floats, rule: Weights) -> Floats:
    """Return the share of jets that each class keeps in each bin: what the rarest class has, over what it has.

    Without event weights these are numbers of jets, and the classes become equally large. With event weights each
    spectrum is normalised first: else cross-sections decided which class is rare, and `equalise` settles those.

    Parameters
    ----------
    sums : float64 array of shape (classes, bins)
        Sums of event weights of the training part.
    rule : Weights
        The configuration.
    """
    sums = np.maximum(sums, 0.0)
    if rule.event:
        sums = sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-300)
    shares: Floats = np.where(sums > 0, sums.min(axis=0) / np.where(sums > 0, sums, 1.0), 0.0)
    if not shares.any():
        raise EmptySampleError("the spectra of the classes have no bin in common", where="weights.match")
    return shares


def draw(rows: Rows, variables: list[str], edges: list[Floats], accepted: Floats, salt: int) -> npt.NDArray[np.bool_]:
    """Say which jets are kept, shape (n,); jets of no class are."""
    state = splitting.event_hash(rows["run_number"], rows["event_number"], salt)
    for name in variables:
        state = splitting.event_hash(np.ascontiguousarray(rows[name]).view(np.uint32), state, DRAWN)
    labelled = rows["label"] != UNLABELLED
    index = bin_index(rows, variables, edges)
    share = np.where(labelled, accepted[np.maximum(rows["label"], 0), index], 1.0)
    kept: npt.NDArray[np.bool_] = splitting.uniform(state) < share
    return kept


def _survey(blocks: Blocks, classes: list[str], variables: list[str]) -> tuple[dict[str, float], dict[str, float], int]:
    """Return the extremes of the variables, and the class with the fewest jets."""
    moments, counts = Moments(len(variables)), np.zeros(len(classes), np.int64)
    for block in blocks():
        moments.add(np.stack([block[name] for name in variables], axis=1))
        counts += np.bincount(block["label"], minlength=len(classes))
    for name, count in zip(classes, counts, strict=True):
        if not count:
            raise EmptySampleError("has no jet in the training part", where=f"class '{name}'")
    low, high = (dict(zip(variables, ends.tolist(), strict=True)) for ends in (moments.low, moments.high))
    return low, high, int(counts.argmin())
