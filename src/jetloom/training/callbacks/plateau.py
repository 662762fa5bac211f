"""Lowering the learning rate on a plateau."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from jetloom.models.objectives.metric import Direction
from jetloom.training.callbacks.callback import GO_ON, Callback, Context, Decision


@dataclass
class Plateau(Callback):
    """Lowers the learning rate when a metric has not improved for ``patience`` epochs.

    Parameters
    ----------
    monitor : str
        Metric to watch.
    better : {"higher", "lower"}
        Which values of it are better.
    factor : float
        New learning rate over old.
    patience : int
        Epochs without improvement.
    min_delta : float
        Smallest change that is an improvement.
    min_learning_rate : float
        Never below this.
    """

    name = "plateau"
    monitor: str = "val_loss"
    better: Direction = "lower"
    factor: float = 0.5
    patience: int = 4
    min_delta: float = 1e-4
    min_learning_rate: float = 1e-6
    best: float = math.nan
    waited: int = 0

    def after_validation(self, row: Mapping[str, float], context: Context) -> Decision:
        """Lower the rate at the end of an epoch, if it is time."""
        if context.ends_epoch:
            before = context.learning_rate
            rate = self.update(row, before)
            if rate != before:
                context.learning_rate = rate
        return GO_ON

    def update(self, metrics: Mapping[str, float], learning_rate: float) -> float:
        """Take an epoch's metrics; give the learning rate of the next epoch."""
        value = metrics[self.monitor]
        sign = 1.0 if self.better == "higher" else -1.0
        if math.isnan(self.best) or sign * (value - self.best) > self.min_delta:
            self.best, self.waited = value, 0
            return learning_rate
        self.waited += 1
        if self.waited < self.patience:
            return learning_rate
        self.waited = 0
        return max(learning_rate * self.factor, min(self.min_learning_rate, learning_rate))
