"""Which callbacks a training has: those of its settings, and the user's own."""

from __future__ import annotations

from collections.abc import Sequence

from jetloom.config.tasks.training import Training
from jetloom.models.objectives.metric import Metrics
from jetloom.models.schedules import Table
from jetloom.training.callbacks.callback import Callback
from jetloom.training.callbacks.early_stopping import EarlyStopping
from jetloom.training.callbacks.gate import Gate
from jetloom.training.callbacks.plateau import Plateau
from jetloom.training.callbacks.selection import Selection
from jetloom.training.callbacks.sequence import Callbacks
from jetloom.training.callbacks.timing import StepTimes


def make_callbacks(
    settings: Training,
    metrics: Metrics,
    epochs: int,
    schedule: Table,
    own: Sequence[Callback] = (),
    onlookers: Sequence[Callback] = (),
) -> Callbacks:
    """Return the callbacks of a training.

    Parameters
    ----------
    settings : Training
        Early stopping, selection, learning rate, lines of times.
    metrics : Metrics
        Of the model: they know in which direction each is better.
    epochs : int
        Epochs at most.
    schedule : Table
        Of learning rates and batch sizes.
    own, onlookers : sequence of Callback
        The user's own, which come before the network is chosen, and those that only look on, which come last.
    """
    stopping, plateau, last = settings.early_stopping, settings.reduce_learning_rate, settings.select.last
    before: list[Callback] = []
    if stopping is not None:
        found = EarlyStopping(**stopping.model_dump(), better=metrics.direction(stopping.monitor))
        assert found.patience is not None
        found.patience *= settings.validations
        before.append(found)
    if settings.gate is not None:
        before.append(Gate(**settings.gate.model_dump()))
    monitor = settings.select.monitor or (stopping.monitor if stopping is not None else "val_loss")
    after: list[Callback] = []
    # A schedule of learning rates is the one to decide on them.
    if plateau is not None and not schedule.learning_rates:
        after.append(Plateau(**plateau.model_dump(), better=metrics.direction(plateau.monitor)))
    if settings.log_steps:
        after.append(StepTimes(settings.log_steps))
    return Callbacks(
        Selection(monitor, metrics.direction(monitor), epochs - last if last else 0),
        [*before, *own],
        [*after, *onlookers],
    )
