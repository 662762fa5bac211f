"""The training loop: epochs of steps, validation, callbacks, checkpoints; interrupted anywhere, it goes on exactly."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from jetloom.config.tasks import Training
from jetloom.models.base import Model
from jetloom.training import checkpoint
from jetloom.training.checkpoint import Progress
from jetloom.training.early_stopping import EarlyStopping
from jetloom.training.interruption import Interruption
from jetloom.training.plateau import Plateau
from jetloom.training.reporter import Reporter
from jetloom.training.scores import Batch, scores, unless
from jetloom.training.stepper import Arrays, Stepper

logger = logging.getLogger(__name__)


class Stream(Protocol):
    """Where batches come from: the batches of an epoch are a function of the epoch alone."""

    @property
    def batch_size(self) -> int:
        """Rows of a batch; some may have fewer."""

    def steps(self) -> int:
        """Give the number of batches of an epoch."""

    def epoch(self, epoch: int, first_step: int = 0) -> Iterator[Any]:
        """Give the batches of an epoch from a step on."""


@dataclass
class Outcome:
    """How a training ended."""

    status: str
    """``trained`` or ``diverged``."""
    reason: str
    history: list[dict[str, float]]
    best_epoch: int
    seconds: float
    attempts: int


class Loop:
    """Trains one network.

    Parameters
    ----------
    stepper : Stepper
        The network with its optimiser.
    model : Model
        The kind of network it is, which says what is logged.
    stream : Stream
        The training batches.
    validation : callable
        Starts a pass over the validation part, in blocks.
    settings : Training
        Early stopping, learning rate, checkpoints.
    epochs : int
        Epochs at most.
    path : Path
        The checkpoint.
    identity : str
        What a checkpoint must have been made for to be used.
    """

    def __init__(
        self,
        stepper: Stepper,
        model: Model,
        stream: Stream,
        validation: Callable[[], Iterator[Batch]],
        settings: Training,
        epochs: int,
        path: Path,
        identity: str,
    ) -> None:
        self.stepper, self.model, self.stream, self.validation = stepper, model, stream, validation
        self.settings, self.epochs, self.path = settings, epochs, path
        stopping, plateau = settings.early_stopping, settings.reduce_learning_rate
        self.stopping = EarlyStopping(**stopping.model_dump()) if stopping else EarlyStopping()
        self.plateau = Plateau(**plateau.model_dump()) if plateau else None
        self.progress = Progress(identity)
        self.best: Arrays | None = None
        self._started = time.monotonic()

    def run(self, reporter: Reporter, interruption: Interruption) -> Outcome:
        """Train to the end, from the checkpoint if there is one that fits.

        Raises
        ------
        CheckpointedError
            If a signal or the deadline asked to stop: the state is saved, and the next run goes on from it.
        """
        self._resume()
        self.progress.attempts += 1
        self._save()  # so that an attempt counts even if it is killed before its first epoch is done
        reason = ""
        while not reason and self.progress.epoch < self.epochs and not self.stopping.stop:
            reason = self._epoch(reporter, interruption)
        if self.best is not None:
            self._load_best()
        return Outcome(
            status="diverged" if reason else "trained",
            reason=reason,
            history=self.progress.history,
            best_epoch=self.stopping.best_epoch,
            seconds=self._seconds(),
            attempts=self.progress.attempts,
        )

    def _epoch(self, reporter: Reporter, interruption: Interruption) -> str:
        """Train the rest of an epoch, validate, and checkpoint; give the reason if the loss is no number any more."""
        progress, number, started = self.progress, self.progress.epoch + 1, time.monotonic()
        for features, labels, weights in self.stream.epoch(progress.epoch, progress.step):
            sums = self.stepper.train(features, labels, weights)
            if not math.isfinite(sums[0]):
                return f"loss is {sums[0]} in epoch {number}, step {progress.step + 1}"
            new = [*sums.tolist(), float(weights.sum(dtype=np.float64))]
            progress.sums = [old + value for old, value in zip(progress.sums or [0.0] * len(new), new, strict=True)]
            progress.step += 1
            reporter.step(number, progress.step)
            if interruption:
                self._save()
                raise interruption.error(f"in epoch {number}, step {progress.step}", self.path)
            if self.settings.checkpoint_steps and progress.step % self.settings.checkpoint_steps == 0:
                self._save()
        # The steps of the epoch stay done if the validation, which may take long, is broken off.
        blocks = unless(interruption, self.validation(), lambda: self._stopped(interruption, number))
        row = self._row(number, scores(self.stepper, self.model, blocks, "val_"))
        if not math.isfinite(row["val_loss"]):
            return f"validation loss is {row['val_loss']} in epoch {number}"
        self._finish_epoch(row)
        row["seconds"] = time.monotonic() - started
        self._save()
        reporter.epoch(row)
        return ""

    def _stopped(self, interruption: Interruption, number: int) -> Exception:
        self._save()
        return interruption.error(f"in the validation of epoch {number}", self.path)

    def _row(self, number: int, validation: dict[str, float]) -> dict[str, float]:
        """Give the metrics of an epoch whose steps are done."""
        *sums, weight = self.progress.sums or [math.nan] * (2 + len(self.model.terms))
        means = [value / (weight or math.nan) for value in sums]
        return {
            "epoch": number,
            **dict(zip(("loss", *self.model.terms), means, strict=True)),
            **validation,
            "learning_rate": self.stepper.learning_rate,
            "batch_size": self.stream.batch_size,
        }

    def _finish_epoch(self, row: dict[str, float]) -> None:
        """Let the epoch's metrics work: best weights, early stopping, learning rate."""
        if self.stopping.update(int(row["epoch"]), row):
            self.best = [np.array(variable) for variable in self._network_variables()]
        if self.plateau is not None:
            rate = self.plateau.update(row, row["learning_rate"])
            if rate != row["learning_rate"]:
                self.stepper.learning_rate = rate
        self.progress.history.append(row)
        self.progress.epoch += 1
        self.progress.step, self.progress.sums = 0, []

    def _network_variables(self) -> list[Any]:
        self.stepper.sync()
        return list(self.stepper.network.variables)

    def _load_best(self) -> None:
        for variable, array in zip(self._network_variables(), self.best or [], strict=True):
            variable.assign(array)
        self.stepper.refresh()

    def _seconds(self) -> float:
        return self.progress.seconds + time.monotonic() - self._started

    def _save(self) -> None:
        progress = self.progress
        progress.stopping = self.stopping.state()
        progress.plateau = self.plateau.state() if self.plateau else None
        progress.seconds, self._started = self._seconds(), time.monotonic()
        checkpoint.save(self.path, progress, self.stepper.arrays(), self.best)

    def _resume(self) -> None:
        """Go on from the checkpoint, if there is one of the same identity that can be read."""
        stored = checkpoint.load(self.path)
        if stored is None:
            if self.path.exists():
                logger.warning("%s: cannot be read; training starts anew", self.path)
            return
        progress, current, best = stored
        if progress.identity != self.progress.identity:
            logger.warning("%s: belongs to other data, parameters or settings; training starts anew", self.path)
            return
        self.stepper.load(current)
        self.best = best or None
        self.progress = progress
        self.stopping = EarlyStopping(**progress.stopping)
        self.plateau = Plateau(**progress.plateau) if progress.plateau else None
        logger.info("goes on after epoch %d, step %d", progress.epoch, progress.step)
