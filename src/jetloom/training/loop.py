"""The training loop: epochs of steps, validation, callbacks, checkpoints; interrupted anywhere, it goes on exactly."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jetloom.config.tasks.training import Training
from jetloom.data.streams.batch import Batch
from jetloom.data.streams.side_by_side import SideBySide
from jetloom.errors import CorruptFileError
from jetloom.models.base import Model
from jetloom.models.schedules import Table
from jetloom.models.updates import MAIN
from jetloom.statistics.meaning import not_meaningful
from jetloom.training import checkpoint
from jetloom.training.callbacks.callback import Step
from jetloom.training.callbacks.context import Context, Validation
from jetloom.training.callbacks.sequence import Callbacks
from jetloom.training.checkpoint import Progress
from jetloom.training.interruption import Interruption
from jetloom.training.outcome import FALLBACK, Outcome
from jetloom.training.scoring.control_scores import control_scores
from jetloom.training.scoring.scores import Scores, scores, stop_when
from jetloom.training.scoring.totals import Totals
from jetloom.training.steppers.base import Arrays, Stepper

logger = logging.getLogger(__name__)


class Loop:
    """Trains one network.

    Parameters
    ----------
    stepper : Stepper
        The network with its optimiser.
    model : Model
        The kind of network it is, which says what is logged.
    stream : SideBySide
        The training batches, of the size that holds where the schedule says nothing.
    validation : Validation
        The validation part.
    settings : Training
        How often it is validated and saved.
    epochs : int
        Epochs at most.
    path : Path
        The checkpoint.
    identity : str
        What a checkpoint must have been made for to be used.
    callbacks : Callbacks
        Which network is kept, when it ends, what is said of it.
    schedule : Table, optional
        Learning rates and batch sizes by epoch.
    """

    def __init__(
        self,
        stepper: Stepper,
        model: Model,
        stream: SideBySide,
        validation: Validation,
        settings: Training,
        epochs: int,
        path: Path,
        identity: str,
        callbacks: Callbacks,
        schedule: Table | None = None,
    ) -> None:
        self.stepper, self.model, self.stream, self.validation = stepper, model, stream, validation
        self.settings, self.epochs, self.path = settings, epochs, path
        self.callbacks, self.schedule = callbacks, schedule or Table({}, {})
        self.progress = Progress(identity)
        self.totals = Totals(("loss", *model.objective.terms), stepper.logged, [])
        self.best: Arrays | None = None
        self._started = time.monotonic()

    def run(self, interruption: Interruption) -> Outcome:
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
            reason = self._epoch(interruption)
        selection = self.callbacks.selection
        if self.best is not None:
            self._load_best()
        elif not reason and self.progress.history:
            logger.warning(
                "it ended before the last %d epochs began: the last network is kept", self.settings.select.last
            )
            selection.best_epoch = self.progress.history[-1]["epoch"]
        stopped = self.progress.stop if self.progress.epoch < self.epochs and not reason else ""
        if stopped:
            logger.info("stopped: %s", stopped)
        if selection.forbidden:
            logger.warning("no network may be kept; that of epoch %g misses least: %s",
                           selection.best_epoch, selection.forbidden)  # fmt: skip
        return Outcome(
            status="diverged" if reason else "trained",
            reason=reason,
            history=self.progress.history,
            best_epoch=selection.best_epoch,
            seconds=self._seconds(),
            attempts=self.progress.attempts,
            doubts=self.progress.doubts,
            stopped=stopped,
            forbidden=selection.forbidden,
            continued=self.progress.continued,
        )

    def _goes_on(self) -> bool:
        """Say whether there is something left to train: an epoch that was begun is always ended."""
        return self.progress.epoch < self.epochs and (self.progress.step > 0 or not self.progress.stop)

    def _epoch(self, interruption: Interruption) -> str:
        """Train and validate the rest of an epoch; give the reason if the loss is no number any more."""
        progress, number = self.progress, self.progress.epoch + 1
        rate, size = self.schedule.at(number)
        if rate is not None and np.float32(rate) != np.float32(self.stepper.learning_rate):
            self.stepper.learning_rate = rate
        stream = self.stream if size is None else self.stream.sized(size)
        batches, steps = stream.epoch(progress.epoch, progress.step), stream.steps()
        parts = self.settings.validations
        # The steps after which it is validated; fewer than asked for if an epoch has fewer.
        marks = {-(-steps * part // parts): part for part in range(1, parts + 1)}
        for mark, part in marks.items():
            if 0 < mark <= progress.validated:
                continue
            started = time.monotonic()
            if reason := self._steps(batches, mark, steps, interruption):
                return reason
            # The steps stay done if the validation, which may take long, is broken off.
            blocks = stop_when(interruption, self.validation.blocks(), lambda: self._stopped(interruption, number))
            means, doubt = self.totals.means()
            found = scores(self.stepper, self.model, blocks, "val_")
            if not found.finite:
                return f"validation loss is {found.values['val_loss']} in epoch {number}"
            if self.validation.control is not None:
                found = found.beside(control_scores(self.stepper, self.model, self.validation.control, "val_"))
            self._note_doubts((dict.fromkeys(means, doubt) if doubt else {}) | found.doubts)
            row = {
                "epoch": number if part == parts else number - 1 + part / parts,
                **means,
                "learning_rate": self.stepper.learning_rate,
                "batch_size": stream.batch_size,
                **found.values,
                "seconds": time.monotonic() - started,
                **self.totals.losses_of_updates(),
            }
            self._take(row, mark, self._context(number, part == parts, found))
            self._save()
        return ""

    def _context(self, number: int, ends: bool, found: Scores) -> Context:
        return Context(self.stepper, self.model, self.validation, number, ends, found.arrays)

    def _steps(self, steps_of: Iterator[Mapping[str, Batch]], mark: int, steps: int, interruption: Interruption) -> str:
        """Make the steps of an epoch up to a mark; give the reason if the loss is no number any more."""
        progress, number = self.progress, self.progress.epoch + 1
        while progress.step < mark:
            asked = time.perf_counter()
            if (batches := next(steps_of, None)) is None:
                raise CorruptFileError(
                    f"epoch {number} has {progress.step} batches where the dataset's description promises {steps}",
                    path=self.path,
                    advice="build the dataset again",
                )
            started = time.perf_counter()
            sums, batch = self.stepper.train(batches), batches[MAIN]
            # The step before is counted while the device works on this one (on JAX; TensorFlow waits for each step).
            if reason := self._count():
                return reason
            progress.step += 1
            self.totals.note(sums, batch.weights[batch.real])
            ended = time.perf_counter()
            self.callbacks.after_step(Step(number, progress.step, steps, len(batch), started - asked, ended - started))
            every, told = self.settings.checkpoint_steps, bool(interruption)
            if told or (every and progress.step % every == 0):
                if reason := self._count():
                    return reason
                self._save()
                if told:
                    raise interruption.error(f"in epoch {number}, step {progress.step}", self.path)
        return self._count()

    def _count(self) -> str:
        """Count the newest step, if it is not counted yet; give the reason if its loss is no number."""
        loss, progress = self.totals.count(), self.progress
        return "" if math.isfinite(loss) else f"loss is {loss} in epoch {progress.epoch + 1}, step {progress.step}"

    def _stopped(self, interruption: Interruption, number: int) -> Exception:
        self._save()
        return interruption.error(f"in the validation of epoch {number}", self.path)

    def _note_doubts(self, doubts: dict[str, str]) -> None:
        """Keep why metrics of this validation mean nothing; say it once of those that are to decide something."""
        if not self.progress.doubts:
            for name in sorted(self.callbacks.monitors() & set(doubts)):
                logger.warning("%s is %s: %s", name, not_meaningful(doubts[name]), FALLBACK)
        self.progress.doubts.append(doubts)

    def _take(self, row: dict[str, float], mark: int, context: Context) -> None:
        """Let the metrics of a validation work: what callbacks decide, the best weights, the place in the epoch."""
        progress = self.progress
        progress.stop = self.callbacks.after_validation(row, context).stop
        if self.callbacks.selection.best_epoch == row["epoch"]:
            self.best = [np.array(variable) for variable in self._network_variables()]
        progress.history.append(row)
        progress.validated, self.totals.sums = mark, []
        if context.ends_epoch:
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
        progress.callbacks, progress.sums = self.callbacks.state(), self.totals.sums
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
        self.best, self.progress, self.totals.sums = best or None, progress, progress.sums
        self.callbacks.restore(progress.callbacks)
        logger.info("goes on after epoch %d, step %d", progress.epoch, progress.step)
