"""Checkpoints: everything that training needs to go on as if it had not stopped, in one file that is whole or absent.

The file is a NumPy archive without pickles: arrays, and one text of JSON. Its own checksums (CRC-32 of each member)
are verified on reading.
"""

from __future__ import annotations

import json
import struct
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from jetloom.errors import CorruptFileError
from jetloom.io.atomic import publishing
from jetloom.training.stepper import Arrays


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
    selection: dict[str, Any] = field(default_factory=dict)
    stopping: dict[str, Any] = field(default_factory=dict)
    plateau: dict[str, Any] | None = None
    seconds: float = 0.0
    """Training time so far, over all attempts."""
    attempts: int = 0


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


def _check(path: Path) -> None:
    if load(path) is None:
        raise CorruptFileError("cannot be read back", path=path)


def load(path: Path) -> tuple[Progress, Arrays, Arrays] | None:
    """Read a checkpoint; give None if there is none that can be read."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            progress = Progress(**json.loads(str(archive["progress"])))
            groups = [
                [archive[f"{group}_{index}"] for index in range(count)]
                for group, count in zip(("current", "best"), archive["counts"].tolist(), strict=True)
            ]
    except (OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError, struct.error, zipfile.BadZipFile):
        return None
    return progress, groups[0], groups[1]
