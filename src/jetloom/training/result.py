"""What a training leaves: its history and its result, the same for every kind of model."""

from __future__ import annotations

import csv
import io
import resource
import socket
from collections.abc import Sequence
from typing import Any

from jetloom import provenance
from jetloom.io import atomic, sealed
from jetloom.models.base import Model
from jetloom.models.registry import own_parameters
from jetloom.statistics.meaning import KEY, finite
from jetloom.training.identity import identity
from jetloom.training.outcome import Outcome
from jetloom.training.request import Request
from jetloom.training.scoring.scores import Scores


def describe(outcome: Outcome, request: Request) -> dict[str, Any]:
    """Return what is known of a training whether it went well or not."""
    task = request.task
    said = {"stopped": outcome.stopped, "forbidden": outcome.forbidden}
    return {
        "status": outcome.status,
        "reason": outcome.reason,
        "parameters": own_parameters(task, request.parameters),
        "repetition": request.repetition,
        "fold": request.fold,
        "epochs": outcome.epochs,
        "best_epoch": outcome.best_epoch,
        **{name: reason for name, reason in said.items() if reason},
        **({"continued_after": outcome.continued} if outcome.continued else {}),
        "metrics": {},
        "attempts": outcome.attempts,
        "wall_time_s": round(outcome.seconds, 3),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "host": socket.gethostname(),
        "origin": provenance.origin(
            {"model": task.model, "training": task.training.model_dump(mode="json"), "seed": request.seed},
            {"dataset": request.dataset.fingerprint},
        )
        | {"identity": identity(request)},
    }


def at_best_epoch(model: Model, outcome: Outcome) -> Scores:
    """Return the metrics of the epoch whose model was kept."""
    place = next(k for k, row in enumerate(outcome.history) if row["epoch"] == outcome.best_epoch)
    values = {name: outcome.history[place][name] for name in model.epoch_metrics()}
    return Scores.of(values, outcome.doubts[place] if outcome.doubts else {})


def add_metrics(result: dict[str, Any], scores: Scores) -> None:
    """Add metrics to a result: null, with the reason in ``not_meaningful``, where one means nothing."""
    result["metrics"] |= {name: finite(value) for name, value in scores.values.items()}
    if scores.doubts:
        result[KEY] = result.get(KEY, {}) | scores.doubts


def write(request: Request, history: list[dict[str, float]], result: dict[str, Any], models: Sequence[str]) -> None:
    """Publish ``history.csv`` and then ``result.json``, which says that the others are there, with their digests.

    Parameters
    ----------
    request : Request
        The training; its model already lies in its directory.
    history : list of dict
        One row an epoch.
    result : dict
        What :func:`describe` gave; gets the digests as ``files``.
    models : sequence of str
        The files of the model.
    """
    directory, model = request.directory, request.model
    columns = [*model.history_columns(), *model.loss_columns(request.settings())]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    atomic.write_text(directory / "history.csv", text.getvalue())
    result["files"] = {name: provenance.file_digest(directory / name) for name in (*models, "history.csv")}
    sealed.write_json(directory / "result.json", result)
