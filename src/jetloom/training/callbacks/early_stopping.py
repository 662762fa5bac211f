"""Early stopping, and the memory of the best epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from jetloom.models.objectives.metric import Direction
from jetloom.training.callbacks.callback import Callback, Context, Decision


@dataclass
class EarlyStopping(Callback):
    """Watches a metric; stops when it has not improved for ``patience`` validations.

    Parameters
    ----------
    monitor : str
        Metric to watch.
    better : {"higher", "lower"}
        Which values of it are better.
    patience : int or None
        Validations without improvement; None never stops and only remembers the best epoch.
    min_delta : float
        Smallest change that is an improvement.
    """

    name = "early_stopping"
    monitor: str = "val_loss"
    better: Direction = "lower"
    patience: int | None = None
    min_delta: float = 0.0
    best: float = math.nan
    best_epoch: int = 0
    reference: float = math.nan
    waited: int = 0

    def after_validation(self, row: Mapping[str, float], context: Context) -> Decision:  # noqa: ARG002
        """Stop if it has waited long enough."""
        self.update(math.ceil(row["epoch"]), row)
        return Decision(stop=f"{self.monitor} has not improved in {self.waited} validations" if self.stop else "")

    def update(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Take an epoch's metrics; give True if it is the best so far.

        Any gain makes an epoch the best, so that the best weights really are the best; patience starts afresh only
        after a gain of ``min_delta``.
        """
        value = metrics[self.monitor]
        sign = 1.0 if self.better == "higher" else -1.0
        if math.isnan(self.reference) or sign * (value - self.reference) > self.min_delta:
            self.reference, self.waited = value, 0
        else:
            self.waited += 1
        if math.isnan(self.best) or sign * (value - self.best) > 0:
            self.best, self.best_epoch = value, epoch
            return True
        return False

    @property
    def stop(self) -> bool:
        """Whether the training should end."""
        return self.patience is not None and self.waited >= self.patience
