"""The training loop: epochs of steps, validation, callbacks, checkpoints; interrupted anywhere, it goes on exactly."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from jetloom.config.tasks import Training
from jetloom.data.streams.batch import Batch
from jetloom.errors import CorruptFileError
from jetloom.evaluation.statistics.meaning import WeightSums, not_meaningful
from jetloom.models.base import Model
from jetloom.models.schedules import Table
from jetloom.training import checkpoint
from jetloom.training.callbacks.early_stopping import EarlyStopping
from jetloom.training.callbacks.plateau import Plateau
from jetloom.training.callbacks.reporter import Reporter
from jetloom.training.callbacks.selection import Selection
from jetloom.training.callbacks.timing import StepTimes
from jetloom.training.checkpoint import Progress
from jetloom.training.interruption import Interruption
from jetloom.training.outcome import FALLBACK, Outcome
from jetloom.training.scores import scores, stop_when
from jetloom.training.steppers.base import Arrays, Stepper, Sums

logger = logging.getLogger(__name__)


class Stream(Protocol):
    """Where batches come from: the batches of an epoch are a function of the epoch alone."""

    @property
    def batch_size(self) -> int:
        """Rows of a batch; some may have fewer."""

    def sized(self, batch_size: int) -> Stream:
        """Return the same stream in batches of another size."""

    def steps(self) -> int:
        """Return the number of batches of an epoch."""

    def epoch(self, epoch: int, first_step: int = 0) -> Iterator[Batch]:
        """Return the batches of an epoch from a step on."""


class Loop:
    """Trains one network.

    Parameters
    ----------
    stepper : Stepper
        The network with its optimiser.
    model : Model
        The kind of network it is, which says what is logged.
    stream : Stream
        The training batches, of the size that holds where the schedule says nothing.
    validation : callable
        Starts a pass over the validation part, in blocks.
    settings : Training
        Early stopping, learning rate, validations, checkpoints.
    epochs : int
        Epochs at most.
    path : Path
        The checkpoint.
    identity : str
        What a checkpoint must have been made for to be used.
    schedule : Table, optional
        Learning rates and batch sizes by epoch.
    each_epoch : callable, optional
        Called with the number of an epoch when it is over and the network's variables are up to date.
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
        schedule: Table | None = None,
        each_epoch: Callable[[int], None] | None = None,
    ) -> None:
        self.stepper, self.model, self.stream, self.validation = stepper, model, stream, validation
        self.settings, self.path, self.schedule = settings, path, schedule or Table({}, {})
        self.each_epoch = each_epoch
        self.epochs = min(epochs, self.schedule.epochs or epochs)
        stopping, plateau = settings.early_stopping, settings.reduce_learning_rate
        self.stopping = EarlyStopping(**stopping.model_dump()) if stopping else EarlyStopping()
        if self.stopping.patience is not None:
            self.stopping.patience *= settings.validations
        # A schedule of learning rates is the one to decide on them.
        self.plateau = Plateau(**plateau.model_dump()) if plateau and not self.schedule.learning_rates else None
        last = settings.select.last
        self.selection = Selection(settings.select.monitor or self.stopping.monitor, self.epochs - last if last else 0)
        self.times = StepTimes(settings.log_steps)
        self.progress = Progress(identity)
        self.best: Arrays | None = None
        self._uncounted: tuple[Sums, WeightSums] | None = None
        self._training_doubt = ""
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
        while not reason and self._goes_on():
            reason = self._epoch(reporter, interruption)
        if self.best is not None:
            self._load_best()
        elif not reason and self.progress.history:
            logger.warning(
                "it ended before the last %d epochs began: the last network is kept", self.settings.select.last
            )
            self.selection.best_epoch = self.progress.history[-1]["epoch"]
        return Outcome(
            status="diverged" if reason else "trained",
            reason=reason,
            history=self.progress.history,
            best_epoch=self.selection.best_epoch,
            seconds=self._seconds(),
            attempts=self.progress.attempts,
            doubts=self.progress.doubts,
        )

    def _goes_on(self) -> bool:
        """Say whether there is something left to train: an epoch that was begun is always ended."""
        return self.progress.epoch < self.epochs and (self.progress.step > 0 or not self.stopping.stop)

    def _epoch(self, reporter: Reporter, interruption: Interruption) -> str:
        """Train and validate the rest of an epoch; give the reason if the loss is no number any more."""
        progress, number = self.progress, self.progress.epoch + 1
        rate, size = self.schedule.at(number)
        if rate is not None and np.float32(rate) != np.float32(self.stepper.learning_rate):
            self.stepper.learning_rate = rate
        stream = self.stream if size is None else self.stream.sized(size)
        batches = self.times.batches(stream.epoch(progress.epoch, progress.step))
        steps, parts = stream.steps(), self.settings.validations
        # The steps after which it is validated; fewer than asked for if an epoch has fewer.
        marks = {-(-steps * part // parts): part for part in range(1, parts + 1)}
        for mark, part in marks.items():
            if 0 < mark <= progress.validated:
                continue
            started = time.monotonic()
            if reason := self._steps(batches, mark, steps, reporter, interruption):
                return reason
            # The steps stay done if the validation, which may take long, is broken off.
            blocks = stop_when(interruption, self.validation(), lambda: self._stopped(interruption, number))
            row = self._row(number if part == parts else number - 1 + part / parts, stream)
            found = scores(self.stepper, self.model, blocks, "val_")
            row |= found.values
            if not found.finite:
                return f"validation loss is {row['val_loss']} in epoch {number}"
            self._note_doubts(found.doubts)
            self._take(row, mark, part == parts)
            if part == parts and self.each_epoch is not None:
                self.stepper.sync()
                self.each_epoch(number)
            row["seconds"] = time.monotonic() - started
            self._save()
            reporter.epoch(row)
        return ""

    def _steps(
        self, batches: Iterator[Batch], mark: int, steps: int, reporter: Reporter, interruption: Interruption
    ) -> str:
        """Make the steps of an epoch up to a mark; give the reason if the loss is no number any more."""
        progress, number = self.progress, self.progress.epoch + 1
        while progress.step < mark:
            if (batch := next(batches, None)) is None:
                raise CorruptFileError(
                    f"epoch {number} has {progress.step} batches where the dataset's description promises {steps}",
                    path=self.path,
                    advice="build the dataset again",
                )
            started = time.perf_counter()
            sums = self.stepper.train(batch)
            # The step before is counted while the device works on this one (on JAX; TensorFlow waits for each step).
            if reason := self._count():
                return reason
            progress.step += 1
            self._uncounted = sums, WeightSums.of(batch.weights[batch.real])
            self.times.done(number, progress.step, len(batch), time.perf_counter() - started)
            reporter.step(number, progress.step, steps)
            every, told = self.settings.checkpoint_steps, bool(interruption)
            if told or (every and progress.step % every == 0):
                if reason := self._count():
                    return reason
                self._save()
                if told:
                    raise interruption.error(f"in epoch {number}, step {progress.step}", self.path)
        return self._count()

    def _count(self) -> str:
        """Wait for the sums of the last step, if they are not counted yet, and count them; see :meth:`_steps`."""
        if self._uncounted is None:
            return ""
        (sums, weights), self._uncounted = self._uncounted, None
        new = [*np.asarray(sums, np.float64).tolist(), *astuple(weights)]
        if not math.isfinite(new[0]):
            return f"loss is {new[0]} in epoch {self.progress.epoch + 1}, step {self.progress.step}"
        before = self.progress.sums or [0.0] * len(new)
        self.progress.sums = [old + value for old, value in zip(before, new, strict=True)]
        return ""

    def _stopped(self, interruption: Interruption, number: int) -> Exception:
        self._save()
        return interruption.error(f"in the validation of epoch {number}", self.path)

    def _row(self, epoch: float, stream: Stream) -> dict[str, float]:
        """Return what is known of the steps since the last row."""
        names = ("loss", *self.model.terms)
        *sums, jets, total, squares, negative = self.progress.sums or [math.nan] * len(names) + [0.0] * 4
        # A mean over steps means nothing where the weights allow none, like any other figure.
        self._training_doubt = WeightSums(int(jets), total, squares, int(negative)).doubt()
        means = [math.nan if self._training_doubt else value / total for value in sums]
        return {
            "epoch": epoch,
            **dict(zip(names, means, strict=True)),
            "learning_rate": self.stepper.learning_rate,
            "batch_size": stream.batch_size,
        }

    def _note_doubts(self, doubts: dict[str, str]) -> None:
        """Keep why metrics of this validation mean nothing; say it once of those that are to decide something."""
        if self._training_doubt:
            doubts = dict.fromkeys(("loss", *self.model.terms), self._training_doubt) | doubts
        watched = {self.selection.monitor}
        watched |= {rule.monitor for rule in (self.stopping, self.plateau) if rule is not None}
        if not self.progress.doubts:
            for name in sorted(watched & set(doubts)):
                logger.warning("%s is %s: %s", name, not_meaningful(doubts[name]), FALLBACK)
        self.progress.doubts.append(doubts)

    def _take(self, row: dict[str, float], mark: int, last: bool) -> None:
        """Let the metrics of a validation work: best weights, early stopping, and at the end of an epoch its rate."""
        progress = self.progress
        self.stopping.update(math.ceil(row["epoch"]), row)
        if self.selection.update(row):
            self.best = [np.array(variable) for variable in self._network_variables()]
        progress.history.append(row)
        progress.validated, progress.sums = mark, []
        if not last:
            return
        if self.plateau is not None:
            rate = self.plateau.update(row, row["learning_rate"])
            if rate != row["learning_rate"]:
                self.stepper.learning_rate = rate
        progress.epoch += 1
        progress.step = progress.validated = 0

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
        progress.stopping, progress.selection, progress.plateau = self.stopping, self.selection, self.plateau
        progress.seconds, self._started = self._seconds(), time.monotonic()
        checkpoint.save(self.path, progress, self.stepper.arrays(), self.best)

    def _resume(self) -> None:
        """Go on from the checkpoint, if there is one of the same identity that can be read and fits the network."""
        network = [np.asarray(variable) for variable in self._network_variables()]
        stored = checkpoint.load_fitting(self.path, self.progress.identity, self.stepper.arrays(), network)
        if stored is None:
            return
        progress, current, best = stored
        self.stepper.load(current)
        self.best, self.progress = best or None, progress
        self.stopping, self.selection, self.plateau = progress.stopping, progress.selection, progress.plateau
        logger.info("goes on after epoch %d, step %d", progress.epoch, progress.step)
