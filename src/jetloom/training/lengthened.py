"""Trainings that go on where a shorter one of the same point ended: more epochs, the same bits as from the start."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from jetloom.training import checkpoint
from jetloom.training.identity import identity
from jetloom.training.request import Request

logger = logging.getLogger(__name__)

EPOCHS = "epochs"


def depends_on_total(request: Request) -> str:
    """Say what makes the first epochs of a training depend on how many there are in all; empty if nothing does."""
    settings = request.task.training
    if settings.select.last:
        return "select.last counts from the last epoch"
    if settings.keep_epochs:
        return "keep_epochs is to keep the network of each epoch"
    if request.model.knows_epochs:
        return f"the model '{request.task.model}' says that it depends on the number of epochs"
    return ""


def begin_from_shorter(request: Request, path: Path) -> None:
    """Let a training begin with the state of a shorter one, if there is one that differs in nothing else.

    Its checkpoint becomes the one of this training, which goes on from it as from one of its own. Nothing is done where
    this training has begun already.

    Parameters
    ----------
    request : Request
        Its ``shorter`` names the candidates.
    path : Path
        The checkpoint of this training.
    """
    if not request.shorter or path.is_file():
        return
    if reason := depends_on_total(request):
        logger.info("it is trained from the start, and does not go on from fewer epochs: %s", reason)
        return
    for epochs, file in sorted(request.shorter.items(), reverse=True):
        stored = checkpoint.load(file)
        if stored is None:
            continue
        progress, current, best = stored
        own = replace(request, parameters={**request.parameters, EPOCHS: epochs}, shorter={})
        if progress.identity != identity(own) or not progress.epoch or progress.step:
            continue
        progress.identity, progress.attempts, progress.seconds = identity(request), 0, 0.0
        progress.continued = progress.epoch
        checkpoint.save(path, progress, current, best or None)
        logger.info("goes on from the training of %d epochs", epochs)
        return
