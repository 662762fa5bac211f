"""Which of the networks that were validated is kept, as state that a checkpoint can hold."""

from __future__ import annotations

import math
from dataclasses import dataclass

from jetloom.evaluation.classification.metrics import direction


@dataclass
class Selection:
    """Remembers the best validation.

    Parameters
    ----------
    monitor : str
        Metric that chooses; its direction is looked up.
    after : float
        Validations up to this epoch are not chosen.
    """

    monitor: str = "val_loss"
    after: float = 0.0
    best: float = math.nan
    best_epoch: int | float = 0

    def update(self, metrics: dict[str, float]) -> bool:
        """Take the metrics of a validation; give True if it is the best so far. Of equal ones the first stays."""
        value, sign = metrics[self.monitor], 1.0 if direction(self.monitor) == "higher" else -1.0
        if metrics["epoch"] <= self.after or not (math.isnan(self.best) or sign * (value - self.best) > 0):
            return False
        self.best, self.best_epoch = value, metrics["epoch"]
        return True
