"""A training that failed for good, as a row of its scan: with its cause, within the tolerance of the configuration."""

from __future__ import annotations

import math
from pathlib import Path

from jetloom import paths, provenance
from jetloom.config.analysis import Analysis
from jetloom.data.dataset import Dataset
from jetloom.errors import CorruptFileError, MissingFileError
from jetloom.io.sealed import write_json
from jetloom.models.registry import own_parameters
from jetloom.scan.attempts import ledger
from jetloom.scan.points.space import find_point, parse_run, points, runs
from jetloom.scan.result_file import RESULT, read_result


def tolerated(analysis: Analysis, task: str) -> int:
    """Return how many trainings of a task may fail for good."""
    settings = analysis.tasks[task]
    return math.floor(analysis.cluster.tolerance * len(points(settings)) * len(runs(settings)) + 1e-9)


def failed_runs(analysis: Analysis, task: str) -> list[Path]:
    """Return the directories of the trainings of the scan that are rows without a model."""
    root, settings = paths.scan(analysis, task), analysis.tasks[task]
    found = [root / point.name / run for point in points(settings) for run in runs(settings)]
    return [directory for directory in found if _status(directory) == "failed"]


def _status(directory: Path) -> str:
    try:
        return read_result(directory).status
    except (MissingFileError, CorruptFileError):
        return ""


def write_failed(analysis: Analysis, task: str, point: str, run: str, reason: str, identity: str = "") -> None:
    """Write the result of a training that is given up: no metrics, no model, and why.

    The dataset must be there: its fingerprint says what the training was of.

    Parameters
    ----------
    analysis : Analysis
        The configuration.
    task, point, run, reason : str
        Which training, and why.
    identity : str, optional
        That of the training (:func:`jetloom.training.identity.identity`): it is not tried again until it changes.
    """
    directory = paths.training(analysis, task, point, run)
    lines = ledger.read(directory / ledger.LEDGER)
    repetition, fold = parse_run(run)
    fingerprint = Dataset.open(paths.dataset(analysis, task)).fingerprint
    result = {
        "status": "failed",
        "reason": reason,
        "parameters": own_parameters(analysis.tasks[task], find_point(analysis.tasks[task], point).parameters),
        "repetition": repetition,
        "fold": fold,
        "epochs": 0,
        "best_epoch": 0,
        "metrics": {},
        "files": {},
        "attempts": len(lines),
        "wall_time_s": round(sum(line.wall_time_s for line in lines), 3),
        "peak_memory_mb": max((line.memory_used_mb for line in lines), default=0.0),
        "host": lines[-1].host if lines else "",
        "origin": provenance.origin({"model": analysis.tasks[task].model}, {"dataset": fingerprint})
        | {"identity": identity},
    }
    write_json(directory / RESULT, result)
