"""Checkpoints: everything that training needs to go on as if it had not stopped, in one file that is whole or absent.

The file is a NumPy archive without pickles: arrays, and one text of JSON; a checksum of all of it is verified before it
is read. One that is damaged is told, and is no checkpoint: the training starts anew.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from jetloom.errors import CorruptFileError
from jetloom.io.atomic import publishing
from jetloom.io.integrity.archives import seal_archive, verify_archive
from jetloom.io.integrity.damage import BadBytesError, Interpreting
from jetloom.training.steppers.base import Arrays

logger = logging.getLogger(__name__)


CHECKPOINT = "checkpoint.npz"
"""Name of the file in the directory of a training."""


@dataclass
class Progress:
    """Where a training stands."""

    identity: str
    """Digest of data, parameters and settings; a checkpoint of another identity is not used."""
    epoch: int = 0
    """Epochs that are complete."""
    step: int = 0
    """Steps that are complete in the epoch under way."""
    sums: list[float] = field(default_factory=list)
    """Over these steps: weighted losses, weighted terms of the model, and the sums over the weights; empty before the
    first."""
    history: list[dict[str, float]] = field(default_factory=list)
    doubts: list[dict[str, str]] = field(default_factory=list)
    """By row of the history, why metrics mean nothing."""
    validated: int = 0
    """Steps of the epoch under way that a row of the history tells of."""
    callbacks: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What each callback remembers, by its name."""
    stop: str = ""
    """Why callbacks wanted it to stop at the last validation; empty if they did not."""
    seconds: float = 0.0
    """Training time so far, over all attempts."""
    attempts: int = 0
    continued: int = 0
    """Epochs of the shorter training that it goes on from; 0: it began at the start."""


def save(path: Path, progress: Progress, current: Arrays, best: Arrays | None) -> None:
    """Publish a checkpoint.

    Parameters
    ----------
    path : Path
        The file; ends with ``.npz``.
    progress : Progress
        Everything that is not an array.
    current, best : list of arrays
        The state now, and the network's at the best epoch.
    """
    arrays = {f"current_{index}": array for index, array in enumerate(current)}
    arrays |= {f"best_{index}": array for index, array in enumerate(best or [])}
    counts = np.array([len(current), len(best or [])])
    with publishing(path, _check) as part:
        np.savez(part, progress=np.array(json.dumps(asdict(progress))), counts=counts, **arrays)  # type: ignore[arg-type]
        seal_archive(part)


def _check(path: Path) -> None:
    if load(path) is None:
        raise CorruptFileError("cannot be read back", path=path)


def load(path: Path) -> tuple[Progress, Arrays, Arrays] | None:
    """Read a checkpoint; give None if there is none, and say so if there is one that is damaged."""
    if not path.is_file():
        return None
    try:
        with Interpreting(path):
            verify_archive(path)
            return _read(path)
    except CorruptFileError as error:
        logger.warning("%s: %s; training starts anew", path, error.cause)
        return None


def position(path: Path) -> tuple[int, int]:
    """Return the epochs, and the steps of the next one, that a checkpoint stands after; (0, 0) if none can be read."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            content = json.loads(str(archive["progress"]))
        return int(content["epoch"]), int(content["step"])
    except Exception:  # noqa: BLE001 - what damaged bytes make NumPy raise has no end, and the training will tell
        return 0, 0


def _read(path: Path) -> tuple[Progress, Arrays, Arrays]:
    with np.load(path, allow_pickle=False) as archive:
        content = json.loads(str(archive["progress"]))
        progress = TypeAdapter(Progress).validate_python(content)
        progress.history = content["history"]  # whole numbers stay whole
        groups = [
            [archive[f"{group}_{index}"] for index in range(count)]
            for group, count in zip(("current", "best"), archive["counts"].tolist(), strict=True)
        ]
    if min(progress.epoch, progress.step, progress.validated, progress.attempts, progress.seconds) < 0:
        raise BadBytesError("is damaged: it tells of a negative number of steps")
    return progress, groups[0], groups[1]


def load_fitting(path: Path, identity: str, current: Arrays, network: Arrays) -> tuple[Progress, Arrays, Arrays] | None:
    """Read a checkpoint if it is one of this very training; say so if it is not.

    Parameters
    ----------
    path : Path
        The file.
    identity : str
        What it must have been made for.
    current, network : list of arrays
        The state now and the network's, whose shapes it must have.
    """
    stored = load(path)
    if stored is None:
        return None
    if stored[0].identity != identity:
        reason = "belongs to other data, parameters or settings"
    else:
        reason = _misfit(stored[1], current) or (_misfit(stored[2], network) if stored[2] else "")
    if reason:
        logger.warning("%s: %s; training starts anew", path, reason)
        return None
    return stored


def _misfit(stored: Arrays, own: Arrays) -> str:
    """Say why stored arrays cannot take the place of a network's own; empty if they can."""
    if len(stored) != len(own):
        return f"has {len(stored)} arrays where the network has {len(own)}"
    for theirs, ours in zip(stored, own, strict=True):
        if theirs.shape != ours.shape or theirs.dtype != ours.dtype:
            return f"has {theirs.dtype} of shape {theirs.shape} where the network has {ours.dtype} of {ours.shape}"
        if theirs.dtype.kind == "f" and np.isnan(theirs).any():
            return "holds NaN"
    return ""
