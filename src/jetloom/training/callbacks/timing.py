"""How long a step takes and how long it waits for its batch: a line every so many steps, if it is asked for."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any

logger = logging.getLogger(__name__)


class StepTimes:
    """Measures steps.

    Parameters
    ----------
    every : int
        Steps between two lines; 0: none.
    """

    def __init__(self, every: int) -> None:
        self.every = every
        self._reach = self._step = 0.0
        self._jets = self._steps = 0

    def batches(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Pass batches on, and take the time until each is there."""
        while True:
            started = time.perf_counter()
            batch = next(batches, None)
            self._reach += time.perf_counter() - started
            if batch is None:
                return
            yield batch

    def done(self, epoch: int, step: int, jets: int, seconds: float) -> None:
        """Take note of a step; write the line if it is time."""
        self._step += seconds
        self._jets += jets
        self._steps += 1
        if self.every and self._steps % self.every == 0:
            whole = self._reach + self._step
            logger.info(
                "epoch %d step %d: reach batch %.3g ms, step %.3g ms, whole %.3g ms, %.0f jets/s",
                epoch, step, 1e3 * self._reach / self._steps, 1e3 * self._step / self._steps,
                1e3 * whole / self._steps, self._jets / whole,
            )  # fmt: skip
            self._reach = self._step = 0.0
            self._jets = self._steps = 0
