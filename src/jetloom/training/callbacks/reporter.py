"""What a training says of itself: a bar on a terminal, one plain line an epoch in a job, TensorBoard on demand."""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from jetloom.errors import ConfigurationError
from jetloom.training.callbacks.callback import GO_ON, Context, Decision, Onlooker, Step

logger = logging.getLogger(__name__)


BEAT = 60.0
"""Seconds after which a long epoch leaves a line in a log, so that one can tell it from a training that hangs."""


class Reporter(Onlooker):
    """Shows progress.

    Parameters
    ----------
    epochs : int
        Epochs at most.
    steps : int
        Steps of an epoch, as long as no step says otherwise.
    tensorboard : Path, optional
        Directory for TensorBoard event files; None writes none.
    validations : int
        Validations in an epoch.
    """

    name = "reporter"

    def __init__(self, epochs: int, steps: int, tensorboard: Path | None = None, validations: int = 1) -> None:
        self.validations = validations
        self.epochs = epochs
        self.steps = steps
        self._told = time.monotonic()
        self._bar: Any = None
        self._task: Any = None
        self._writer: Any = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
        if tensorboard is not None:
            try:
                import_module("tensorboard")  # TensorFlow asks for it only when the first number is written
                import tensorflow as tf
            except ModuleNotFoundError as error:
                raise ConfigurationError(
                    f"{error.name} is not installed", where="training.tensorboard", advice="install it or turn it off"
                ) from None
            self._writer = tf.summary.create_file_writer(str(tensorboard))

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("epoch", total=self.steps)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        if self._writer is not None:
            self._writer.close()

    def after_step(self, step: Step) -> None:
        """Show that a step is done."""
        self.step(step.epoch, step.number, step.of)

    def after_validation(self, row: Mapping[str, float], context: Context) -> Decision:  # noqa: ARG002
        """Show the metrics."""
        self.epoch(row)
        return GO_ON

    def step(self, epoch: int, step: int, steps: int | None = None) -> None:
        """Show that a step is done; in a log now and then."""
        if self._bar is None and time.monotonic() - self._told >= BEAT:
            self._told = time.monotonic()
            logger.info("step %d/%d of epoch %d/%d", step, steps or self.steps, epoch, self.epochs)
        if self._bar is not None:
            self._bar.update(
                self._task, completed=step, total=steps or self.steps, description=f"epoch {epoch}/{self.epochs}"
            )

    def picture(self, name: str, png: bytes, epoch: int) -> None:
        """Put a picture of an epoch on the board, if there is one."""
        if self._writer is not None:
            import tensorflow as tf

            with self._writer.as_default(step=epoch * self.validations):
                tf.summary.image(name, tf.io.decode_png(png, channels=3)[None])

    def epoch(self, row: Mapping[str, float]) -> None:
        """Show the metrics of an epoch, or of a part of it that ends with a validation."""
        epoch, self._told = row["epoch"], time.monotonic()
        text = " ".join(f"{name} {_written(value)}" for name, value in row.items() if name != "epoch")
        logger.info("epoch %g/%d %s", epoch, self.epochs, text)
        if self._writer is not None:
            import tensorflow as tf

            with self._writer.as_default(step=round(epoch * self.validations)):
                for name, value in row.items():
                    tf.summary.scalar(name, value)
            self._writer.flush()


def _written(value: float) -> str:
    """Write a metric; one that means nothing as a dash (why is said once, and stands in the result)."""
    return "-" if math.isnan(value) else f"{value:.4g}"
