"""One training of one point, from its start to its result."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from jetloom.code_digests import TRAINERS
from jetloom.errors import OutOfMemoryError
from jetloom.training.request import Request


def train_point(request: Request) -> dict[str, Any]:
    """Train a point once, and write its model, ``history.csv`` and ``result.json`` into its directory.

    Returns
    -------
    dict
        The result, as written to ``result.json``.

    Raises
    ------
    CheckpointedError
        If a signal asked to stop; :class:`jetloom.errors.OutOfTimeError` if the deadline came.
    OutOfMemoryError
        If memory ran out.
    """
    trainer = import_module(f"jetloom.{TRAINERS[request.model.trainer]}")
    try:
        result: dict[str, Any] = trainer.train(request)
    except MemoryError as error:
        raise OutOfMemoryError("memory ran out", path=request.directory) from error
    except Exception as error:
        # Each backend has a class of its own for it; all of them say so.
        if "RESOURCE_EXHAUSTED" in str(error) or "ResourceExhausted" in type(error).__name__:
            raise OutOfMemoryError(str(error)[:120], path=request.directory) from error
        raise
    return result
