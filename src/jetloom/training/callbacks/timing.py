"""How long a step takes and how long it waits for its batch: a line every so many steps, if it is asked for."""

from __future__ import annotations

import logging

from jetloom.training.callbacks.callback import Onlooker, Step

logger = logging.getLogger(__name__)


class StepTimes(Onlooker):
    """Measures steps.

    Parameters
    ----------
    every : int
        Steps between two lines.
    """

    name = "step_times"

    def __init__(self, every: int) -> None:
        self.every = every
        self._clear()

    def _clear(self) -> None:
        self._reach = self._step = 0.0
        self._rows = self._steps = 0

    def after_step(self, step: Step) -> None:
        """Take note of a step; write the line if it is time."""
        self._reach += step.reach
        self._step += step.seconds
        self._rows += step.rows
        self._steps += 1
        if self._steps % self.every == 0:
            whole = self._reach + self._step
            logger.info(
                "epoch %d step %d: reach batch %.3g ms, step %.3g ms, whole %.3g ms, %.0f jets/s",
                step.epoch, step.number, 1e3 * self._reach / self._steps, 1e3 * self._step / self._steps,
                1e3 * whole / self._steps, self._rows / whole,
            )  # fmt: skip
            self._clear()
