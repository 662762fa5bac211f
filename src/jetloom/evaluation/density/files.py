"""``predictions.h5`` of a density model: log P of each jet of the test part, and of each step of its tree.

Of the validation part it holds log P of each jet by head, by which the heads of a ratio can be weighed.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import StaleError
from jetloom.evaluation.density.log_p import HEADS, LogProbabilities, Steps
from jetloom.evaluation.statistics.bootstrap import KEYS
from jetloom.inference.tree_batches import BLOCK_ROWS
from jetloom.io.atomic import publishing
from jetloom.io.hdf5.tables import TableReader, TableWriter, check_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jetloom.data.block import Block
    from jetloom.data.view import View
    from jetloom.evaluation.statistics.bootstrap import Draws

Rows = npt.NDArray[np.void]
Floats = npt.NDArray[np.float64]

COLUMNS = [f"log_p_{head}" for head in HEADS]
STEP = np.dtype([(head, "<f4") for head in HEADS])
"""A row of ``steps``: log P of each head."""
VALIDATION = np.dtype(
    [("label", "<i4"), ("weight", "<f4"), ("event_number", "<u8"), *((name, "<f4") for name in COLUMNS)]
)
"""A row of ``validation``: a jet of the validation part, and log P of it by head."""


def write_predictions(
    log_p: LogProbabilities, view: View, spectators: Sequence[str], path: Path, fingerprint: str, draws: Draws
) -> Rows:
    """Predict test and validation part, all classes, in the order of the dataset; write both, give the test rows."""
    fields = [("label", "<i4"), ("true_label", "<i4"), ("weight", "<f4"), ("event_weight", "<f4")]
    fields += [("run_number", "<u4"), ("event_number", "<u8"), ("sample", "u1")]
    fields += [(name, "<f4") for name in (*spectators, "log_p", *COLUMNS)]
    fields += [("n_branchings", "<i4"), ("first_step", "<i8")]
    dtype, kept, first = np.dtype(fields), [np.zeros(0, np.dtype(fields))], 0
    tables: dict[str, tuple[np.dtype[Any], int | None]] = {"jets": (dtype, None), "steps": (STEP, None)}
    tables["validation"] = VALIDATION, None
    with publishing(path, check_file) as part, TableWriter(part, tables) as writer:
        writer.attributes = {
            "classes": view.facts.classes,
            "fold": view.fold,
            "dataset": fingerprint,
            "heads": list(HEADS),
        }
        writer.attributes |= {"bootstrap": asdict(draws)}
        for jets, steps in log_p.iter_blocks(view.blocks("test", BLOCK_ROWS)):
            rows = _rows(dtype, jets, steps, view.weight, spectators)
            rows["first_step"] = first + steps.offsets[:-1]
            first += int(steps.offsets[-1])
            writer.append(jets=rows, steps=steps.values.view(STEP)[:, 0])
            kept.append(rows)
        for jets, steps in log_p.iter_blocks(view.blocks("validation", BLOCK_ROWS)):
            writer.append(validation=_validation(jets, steps, view.weight))
    return np.concatenate(kept)


def _rows(dtype: np.dtype[Any], jets: Block, steps: Steps, weight: str, spectators: Sequence[str]) -> Rows:
    rows = np.zeros(len(jets), dtype)
    for name in ("label", "true_label", "event_weight", *KEYS, *spectators):
        rows[name] = jets[name]
    rows["weight"] = jets[weight]
    sums = steps.sums()
    for place, name in enumerate(COLUMNS):
        rows[name] = sums[:, place]
    rows["log_p"] = sums.sum(axis=1)
    rows["n_branchings"] = jets.lengths
    return rows


def _validation(jets: Block, steps: Steps, weight: str) -> Rows:
    rows, sums = np.zeros(len(jets), VALIDATION), steps.sums()
    rows["label"], rows["weight"], rows["event_number"] = jets["label"], jets[weight], jets["event_number"]
    for place, name in enumerate(COLUMNS):
        rows[name] = sums[:, place]
    return rows


def by_head(rows: Rows) -> Floats:
    """Return log P by head of rows of ``jets`` or ``validation``, shape (n, 6), in the order of HEADS."""
    return np.stack([rows[name] for name in COLUMNS], axis=1).astype(np.float64)


def read_validation(path: Path) -> Rows:
    """Read the rows of the validation part, :data:`VALIDATION`.

    Raises
    ------
    StaleError
        If the file is of an older jetloom, which wrote none.
    """
    with TableReader(path) as reader:
        if "validation" not in reader.rows:
            raise StaleError("says nothing of the validation part", path=path, advice="evaluate it again")
        return reader.read("validation")


def read_steps(path: Path, rows: Sequence[int]) -> Steps:
    """Read log P of the steps of some jets of ``predictions.h5``, in the order asked for."""
    with TableReader(path) as reader:
        jets = [reader.read("jets", row, row + 1)[0] for row in rows]
        starts = [(int(jet["first_step"]), int(jet["n_branchings"]) + 1) for jet in jets]
        parts = [reader.read("steps", first, first + count) for first, count in starts]
    values = [np.ascontiguousarray(part).view(np.float32).reshape(-1, len(HEADS)) for part in parts]
    lengths = [len(value) for value in values]
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
    return Steps(np.concatenate([np.zeros((0, len(HEADS)), np.float32), *values]), offsets)
