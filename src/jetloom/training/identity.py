"""What tells one training from every other: a digest of all that decides its numbers.

A checkpoint or a result of another identity is not used.
"""

from __future__ import annotations

from jetloom import provenance
from jetloom.config.tasks.training import shaping
from jetloom.models.registry import task_code
from jetloom.training.request import Request


def start_digests(request: Request) -> dict[str, str]:
    """Return the digests of the networks that a training starts from, by what they are to it."""
    return {
        name if name == "start" else f"unary of {name}": provenance.file_digest(path)
        for name, path in request.start.items()
    }


def identity(request: Request) -> str:
    """Return the digest of all that decides the numbers of a training, 12 hexadecimal digits."""
    task = request.task
    # How often it is saved and what is drawn of it may change between two attempts.
    training = shaping(task.training)
    # Other code may give other numbers: a checkpoint is gone on with by the code that made it, or not at all.
    data = [task_code(task), request.dataset.fingerprint, start_digests(request), task.model, task.classes]
    if request.control is not None:
        data += [request.control.dataset.fingerprint, request.control.task.classes]
    return provenance.digest([*data, request.parameters, training, request.seed, request.repetition, request.fold])
