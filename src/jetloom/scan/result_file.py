"""``result.json``, what a training leaves: the one place that reads it, and that holds its files against it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from jetloom.errors import CorruptFileError, MissingFileError, StaleError
from jetloom.io.stored import AGAIN, Stored, read_stored
from jetloom.provenance import file_digest

RESULT = "result.json"


class Inputs(Stored):
    """Digests of what a training was made from."""

    dataset: str
    start: str | None = None


class Origin(Stored):
    """Where a result comes from."""

    inputs: Inputs
    commit: str = ""
    identity: str = ""
    """Digest of all that decides the numbers; a result without one is taken for that of another training."""


class Result(Stored):
    """A training that is over."""

    status: Literal["trained", "diverged", "failed"]
    reason: str
    parameters: dict[str, Any]
    metrics: dict[str, float | None]
    """Those of the kept epoch and of the test part; empty unless it was trained. None: it means nothing."""
    not_meaningful: dict[str, str] = Field(default_factory=dict, description="Why, by metric.")
    forbidden: str = Field("", description="Why its network may not be kept, if it is kept because none may be.")
    warnings: list[str] = Field(default_factory=list, description="What a reader of its numbers must know.")
    files: dict[str, str]
    """Digests of the model and the history beside it."""
    epochs: int
    best_epoch: int
    attempts: int
    wall_time_s: float
    peak_memory_mb: float
    host: str
    origin: Origin
    jets: int = Field(0, description="Of the training part.")
    fold: int | None = Field(None, description="Of a cross-validation.")

    def metric(self, name: str) -> float:
        """Return a metric, NaN if it means nothing."""
        value = self.metrics[name]
        return math.nan if value is None else value


def read_result(directory: Path, fingerprint: str | None = None) -> Result:
    """Read the result of a training.

    Parameters
    ----------
    directory : Path
        Of the training.
    fingerprint : str, optional
        Of the dataset: a result of another one is refused.

    Raises
    ------
    MissingFileError, CorruptFileError
        If it is not there, damaged, or of another shape.
    StaleError
        If it was trained on another dataset.
    """
    path = directory / RESULT
    result = read_stored(path, Result, absent="this point was not trained")
    if fingerprint is not None and result.origin.inputs.dataset != fingerprint:
        raise StaleError("was trained on another dataset", path=path, advice=AGAIN)
    return result


def is_result_of(directory: Path, identity: str) -> bool:
    """Say whether a training's result is there, whole, and what a training of this identity gives.

    Parameters
    ----------
    directory : Path
        Of the training.
    identity : str
        A digest of all that decides the numbers: parameters, settings, code and data.
    """
    try:
        result = read_result(directory)
        for name in result.files:
            verify_file(directory, name)
    except (MissingFileError, CorruptFileError):
        return False
    return bool(identity) and result.origin.identity == identity


def verify_file(directory: Path, name: str) -> Path:
    """Hold a file of a training against its digest in the ``result.json`` beside it; give its path.

    Raises
    ------
    MissingFileError, CorruptFileError
        If a file is gone, or is not the one that the training wrote.
    """
    path, advice = directory / name, "remove result.json beside it and run again"
    if not path.is_file():
        raise MissingFileError("there is no such file", path=path, advice=advice)
    if file_digest(path) != read_result(directory).files.get(name):
        raise CorruptFileError("is not the file that the training wrote", path=path, advice=advice)
    return path
