"""Which of the networks that were validated is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from jetloom.models.objectives.metric import Direction
from jetloom.training.callbacks.callback import GO_ON, Callback, Context, Decision


@dataclass
class Selection(Callback):
    """Remembers the best validation of those whose weights may be kept; if none may be, the one that misses least.

    Parameters
    ----------
    monitor : str
        Metric that chooses.
    better : {"higher", "lower"}
        Which values of it are better.
    after : float
        Validations up to this epoch are not chosen.
    """

    name = "selection"
    monitor: str = "val_loss"
    better: Direction = "lower"
    after: float = 0.0
    best: float = math.nan
    best_epoch: int | float = 0
    miss: float = math.inf
    """By how much the best one misses what callbacks ask for; 0: not at all."""
    forbidden: str = ""
    """Why the weights of the best one may not be kept, if they are kept only because none may be."""

    def after_validation(self, row: Mapping[str, float], context: Context) -> Decision:
        """Take note of it; the training keeps the weights if it became the best."""
        self.update(row, context.decided)
        return GO_ON

    def update(self, metrics: Mapping[str, float], decided: Decision = GO_ON) -> bool:
        """Take the metrics of a validation; give True if it is the best so far. Of equal ones the first stays."""
        value, sign = metrics[self.monitor], 1.0 if self.better == "higher" else -1.0
        miss = decided.miss if decided.forbidden else 0.0
        gain = math.isnan(self.best) or sign * (value - self.best) > 0
        if metrics["epoch"] <= self.after or not (miss < self.miss or (miss == self.miss and gain)):
            return False
        self.best, self.best_epoch, self.miss, self.forbidden = value, metrics["epoch"], miss, decided.forbidden
        return True
