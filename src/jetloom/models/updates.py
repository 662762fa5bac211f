"""Updates: what one step of a training changes, and by which loss. Most models have one; an adversary has its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from jetloom.data.streams.batch import Batch

MAIN, CONTROL = "main", "control"
STREAMS = (MAIN, CONTROL)
"""Where the batches of a step come from: the task's own dataset, and that of the task under ``control``."""

OptimizerName = Literal["adam", "adamw", "sgd", "rmsprop", "nadam"]
OPTIMIZERS: tuple[str, ...] = get_args(OptimizerName)
"""The optimisers of Keras that an update, or a point, may name."""

LOSS = "loss_"
"""What the column of an update's loss begins with."""

Batches = Mapping[str, Batch]
"""The batches of a step by stream."""


def all_trainable(network: Any) -> list[Any]:
    """Return all variables of a network that can be trained."""
    return list(network.trainable_variables)


@dataclass(frozen=True)
class Update:
    """One optimiser that changes some variables by the gradient of one loss. A step makes the updates in their order.

    Attributes
    ----------
    name : str
        Its loss is the column ``loss_<name>`` of the history.
    optimizer : str or None
        Its optimiser, of :data:`OPTIMIZERS`; None: that of the point. Momentum, clipping and decay are the point's.
    streams : tuple of str
        The batches that its loss looks at, of :data:`STREAMS`.
    variables : callable
        Gives, of the network, the variables that it changes.
    loss : callable or None
        Gives, of the network and the batches of its streams (tensors), the scalar that it makes smaller, written with
        ``keras.ops``; or that and the network's outputs for the batch of ``main``, of which loss and terms are logged.
        It adds penalties of layers itself. None: the model's own loss, ``batch_loss`` and penalties included.
    repeat : int
        How often it is made in a step, on the same batches.
    rate : float
        Its learning rate over that of the training, whatever sets that: the point, a schedule, a plateau, a callback.

    Raises
    ------
    ValueError
        If one of them cannot be.
    """

    name: str = MAIN
    optimizer: str | None = None
    streams: tuple[str, ...] = (MAIN,)
    variables: Callable[[Any], list[Any]] = all_trainable
    loss: Callable[[Any, Batches], Any] | None = None
    repeat: int = 1
    rate: float = 1.0

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"the name of an update is an identifier, not {self.name!r}")
        if self.optimizer is not None and self.optimizer not in OPTIMIZERS:
            raise ValueError(f"no optimizer {self.optimizer!r}; known: {', '.join(OPTIMIZERS)}")
        unknown = [stream for stream in self.streams if stream not in STREAMS]
        if not isinstance(self.streams, tuple) or not self.streams or unknown:
            raise ValueError(f"streams is a tuple of {' and '.join(STREAMS)}, not {self.streams!r}")
        if self.loss is None and self.streams != (MAIN,):
            raise ValueError(f"the model's own loss looks at {MAIN} alone: streams is ('{MAIN}',), or give a loss")
        if not (isinstance(self.repeat, int) and self.repeat >= 1):
            raise ValueError(f"repeat is a whole number of at least 1, not {self.repeat!r}")
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise ValueError(f"rate is a number above 0, not {self.rate!r}")


def is_plain(updates: list[Update]) -> bool:
    """Whether a step is one update by the model's own loss."""
    return len(updates) == 1 and updates[0].loss is None


def streams_of(updates: list[Update]) -> list[str]:
    """Return the streams that a step needs: the task's own one, of which loss and terms are logged, first."""
    return [stream for stream in STREAMS if stream == MAIN or any(stream in update.streams for update in updates)]
