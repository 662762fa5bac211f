"""The gate: which epochs may be kept, by the limits of a metric."""

from __future__ import annotations

import math
from collections.abc import Mapping

from jetloom.training.callbacks.callback import GO_ON, Callback, Context, Decision


class Gate(Callback):
    """Lets epochs be kept whose metric lies within limits.

    If none passes, the one that misses least is kept, and the result says so.

    Parameters
    ----------
    metric : str
        A column of the history, as ``val_ks_bib``.
    lowest, highest : float or None
        The limits; the values themselves do not pass.
    """

    name = "gate"

    def __init__(self, metric: str, lowest: float | None = None, highest: float | None = None) -> None:
        self.monitor = metric
        self.lowest, self.highest = lowest, highest
        self.passed = 0

    def after_validation(self, row: Mapping[str, float], context: Context) -> Decision:  # noqa: ARG002
        """Hold the metric against the limits."""
        assert self.monitor is not None
        value = row[self.monitor]
        if math.isnan(value):
            return Decision(forbidden=f"{self.monitor} means nothing")
        below = -math.inf if self.lowest is None else self.lowest - value
        above = -math.inf if self.highest is None else value - self.highest
        miss = max(below, above)
        if miss >= 0:
            limit = f"not below {self.highest:g}" if above >= below else f"not above {self.lowest:g}"
            return Decision(forbidden=f"{self.monitor} is {value:.4g}, {limit}", miss=max(miss, math.ulp(1.0)))
        self.passed += 1
        return GO_ON
