"""Applying a model to files: read, cut, held against what trained, predicted, written, each loss counted."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom import provenance
from jetloom.cutflow import CutFlow
from jetloom.errors import BadValueError, ConfigurationError
from jetloom.inference.applied.files import Given, Outputs, Part, Wanted
from jetloom.inference.applied.networks import OTHER, TEST, Networks
from jetloom.inference.applied.outputs import Chunk
from jetloom.inference.applied.pieces import Piece, Pieces
from jetloom.inference.applied.rows import STAGE, Preparation, output_names
from jetloom.inference.applied.seen import Seen

logger = logging.getLogger(__name__)

EXAMPLES = 3
"""Events that a refusal names."""


def apply(
    networks: Networks, seen: Seen | None, given: Iterable[Given], wanted: Wanted, directory: Path
) -> dict[str, Any]:
    """Apply a model to files, and write all columns with what it says of each row.

    Parameters
    ----------
    networks : Networks
        The model.
    seen : Seen or None
        The events that trained it; None with folds, where the right network never saw an event.
    given : iterable of Given
    wanted : Wanted
    directory : Path
        Where the files go. They appear whole and all together, or not at all.

    Returns
    -------
    dict
        The record: the model, what was lost by reason, and the files with their entries.

    Raises
    ------
    BadValueError
        If events of a file took part in the training.
    ConfigurationError
        If what is wanted is not possible.
    """
    _check_wanted(networks, wanted)
    files = list(given)
    with ExitStack() as stack:
        outputs = Outputs(stack, list(networks.recipe.task.labels), wanted, directory, files)
        work = _Work(networks, seen, wanted, outputs)
        for file in files:
            with file.open() as trees:
                for pieces in trees:
                    work.do(file, pieces)
        record = work.record()
        outputs.finish(record)
    return record | {"files": outputs.entries()}


def _check_wanted(networks: Networks, wanted: Wanted) -> None:
    if networks.in_folds and wanted.part in ("train", "test"):
        raise ConfigurationError(
            f"there is no part '{wanted.part}' with folds: each event is applied by the fold that never saw it",
            where="part",
            advice="leave it out",
        )
    if wanted.friend and (wanted.format == "hdf5" or wanted.by != "input"):
        raise ConfigurationError("a friend is a tree for each tree of an input", where="friend",
                                 advice="write ROOT files, one an input")  # fmt: skip


class _Work:
    """Applies the model to one tree after the other."""

    def __init__(self, networks: Networks, seen: Seen | None, wanted: Wanted, outputs: Outputs) -> None:
        self._networks, self._seen, self._wanted, self._outputs = networks, seen, wanted, outputs
        self._inputs: list[dict[str, Any]] = []

    def do(self, given: Given, pieces: Pieces) -> None:
        """Apply the model to a tree."""
        recipe, path = self._networks.recipe, pieces.described.path
        if pieces.unit != recipe.task.rows:
            raise ConfigurationError(
                f"its rows are {pieces.unit}, and the model is of {recipe.task.rows}",
                path=path,
                advice="read it by a schema as the training's, or apply another model",
            )
        taken = {**pieces.event_types, **pieces.row_types}
        names = output_names(recipe, taken)
        self._refuse_sources(pieces)
        preparation = Preparation(recipe, pieces.described, given.sample, self._wanted.conditions)
        write = self._outputs.of(given, pieces, names)
        flow = CutFlow()
        for piece in pieces.blocks():
            chunk, labels = self._chunk(piece, preparation, names, flow, pieces)
            write(chunk, labels)
        counts = pieces.flow
        counts.absorb(flow)
        self._inputs.append(
            {
                "sample": given.sample,
                "file": given.name,
                "tree": pieces.name,
                "digests": [digest for digest in pieces.digests if digest],
                "counts": counts.as_json(),
                "unit": pieces.unit,
                "rows": counts.left(pieces.unit),
            }
        )
        logger.info("%s: %s: %d %s applied", path, pieces.name, counts.left(pieces.unit), pieces.unit)

    def _refuse_sources(self, pieces: Pieces) -> None:
        """Refuse, before anything is read, a file that the training was made from; by its bytes, whatever its name."""
        recipe = self._networks.recipe
        same = recipe.sources & set(pieces.digests)
        if same and self._wanted.part == "unseen" and not self._networks.in_folds:
            raise BadValueError(
                f"took part in the training of '{recipe.name}' (equal content)",
                path=pieces.described.path,
                advice="apply its test part (--part test), or say that you want all of it (--part all)",
            )

    def _chunk(
        self, piece: Piece, preparation: Preparation, names: list[str], flow: CutFlow, pieces: Pieces
    ) -> tuple[Chunk, npt.NDArray[np.int32]]:
        """Return what the model says of a piece, without what cuts and the choice of a part took away."""
        unit = pieces.unit
        piece = piece.keep_rows(preparation.passed(piece.block, unit, flow))
        if unit == "events":  # an event is its row
            piece = piece.keep_events(np.diff(piece.offsets) > 0)
        parts = self._parts(piece, pieces.described.path)
        if (kept := _chosen(parts, self._wanted.part)) is not None:
            before = len(piece.block)
            piece, parts = piece.keep_events(kept), parts[kept]
            reason = {"test": "not of the test part", "train": "did not train"}[self._wanted.part]
            flow.add(STAGE, unit, reason, before, len(piece.block))
        of_rows = parts[piece.parents].astype(np.int8)
        predicted = self._networks.predict(preparation.prepared(piece.block, CutFlow()), of_rows)
        outputs = {name: np.ascontiguousarray(predicted[:, place]) for place, name in enumerate(names)}
        return Chunk(piece, outputs, parts.astype(np.int32)), preparation.labels(piece.block)

    def _parts(self, piece: Piece, path: Path) -> npt.NDArray[np.int8]:
        """Return the part of each event; -1 of one that was not in the data. Refuse events that trained.

        Raises
        ------
        BadValueError
            If some trained, and only others are wanted.
        """
        keys = piece.events or {name: piece.block.rows[name] for name in ("run_number", "event_number")}
        run, event = keys["run_number"], keys["event_number"]
        parts = self._networks.parts(run, event)
        if self._networks.in_folds or self._seen is None:
            return parts
        trained = self._seen.contains(piece.channel, run, event)
        if self._wanted.part == "unseen" and trained.any():
            first = np.flatnonzero(trained)[:EXAMPLES]
            examples = ", ".join(f"run {run[k]} event {event[k]}" for k in first)
            raise BadValueError(
                f"events of it took part in the training of '{self._networks.recipe.name}' ({examples}, ...)",
                path=path,
                advice="apply its test part (--part test), or say that you want all of it (--part all)",
            )
        return np.where(trained | (parts == TEST), parts, OTHER).astype(np.int8)

    def record(self) -> dict[str, Any]:
        """Return what goes along with the files."""
        recipe = self._networks.recipe
        return {
            "task": recipe.name,
            "point": recipe.point,
            "run": recipe.run,
            "folds": self._networks.in_folds,
            "part": self._wanted.part,
            "by": self._wanted.by,
            "columns": [*output_names(recipe, {})],
            "inputs": self._inputs,
            "origin": provenance.origin({"model": recipe.task.model}, {"dataset": recipe.fingerprint}),
        }


def _chosen(parts: npt.NDArray[np.int8], wanted: Part) -> npt.NDArray[np.bool_] | None:
    """Say which events are of the part that is wanted; None if all are."""
    if wanted == "test":
        return parts == TEST
    if wanted == "train":
        return (parts != TEST) & (parts != OTHER)
    return None
