"""A job that does a bundle of trainings: what has its result is passed over, each other one is a process of its own.

The parent imports the backend once, without touching a device, and forks a child for each training. A child has its
own ledger, lock, log and exit code, so one that is killed, diverges or runs out of memory harms no other. The manifest
is written when every training has its result; else the job fails, and the driver judges each training by its ledger.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path

from jetloom import paths
from jetloom.cluster.attempts import needs
from jetloom.cluster.attempts.verdict import given_up
from jetloom.cluster.attempts.words import NO_RESULT
from jetloom.cluster.bundles.processes import Children, Ended, is_fork_safe, signals_wait
from jetloom.cluster.bundles.silence import Silence
from jetloom.cluster.bundles.training import Asked, Trainings
from jetloom.code_digests import TRAINERS
from jetloom.errors import CheckpointedError, ExitCode, OutOfTimeError, TrainingsFailedError, exit_code
from jetloom.io.atomic import make_directory
from jetloom.models.registry import find_model
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.attempt import BEGAN, deadline
from jetloom.scan.attempts.identity import JOB, job_id
from jetloom.scan.attempts.ledger import Cause
from jetloom.scan.bundles.manifest import lacking, write_manifest
from jetloom.scan.bundles.membership import Training, members
from jetloom.scan.result_file import RESULT

logger = logging.getLogger(__name__)

IMPORTS = {"network": (), "boosted": ("sklearn.ensemble", "awkward", "vector")}
"""What each way to train imports late: numba imports the last two before its first function runs."""
SAME_FOR_ALL = {ExitCode.RESOURCE, ExitCode.DISK}
"""Exit codes of a training after which no other one is begun: the machine has no card, or the disk is full."""


class BundleJob:
    """Does a bundle of trainings.

    Parameters
    ----------
    trainings : Trainings
        The trainings of the task.
    bundle : str
        Name of the bundle.
    config : Path
        The configuration's file, for fresh processes.
    asked : Asked
        What the job asked for.
    since : str
        When the run of Snakemake began: what was given up in it is not tried again. Empty: nothing was.
    """

    def __init__(self, trainings: Trainings, bundle: str, config: Path, asked: Asked, since: str = "") -> None:
        self.trainings, self.bundle, self.config, self.asked, self.since = trainings, bundle, config, asked, since
        self.analysis, self.task = trainings.analysis, trainings.name
        self.members = members(self.analysis, self.task, bundle)
        self.began = time.monotonic()
        self.deadline = deadline(asked.minutes, self.analysis.cluster.margin)
        self._silenced: set[str] = set()
        self.failed: dict[str, str] = {}
        """Name of a training -> how it ended, of those that left no result."""
        self.told = ""
        """The signal that ended the job; empty if none did."""
        self._same_for_all = False
        self._silence = Silence(self.analysis.cluster.silent_minutes, self._log_of)

    def run(self) -> None:
        """Do what there is to do, and write the manifest.

        Raises
        ------
        CheckpointedError
            If a signal asked to stop; OutOfTimeError if the wall time was over first.
        TrainingsFailedError
            If trainings left no result: each says why in its own log and ledger.
        """
        left = self._left()
        if left:
            with signals_wait():
                self._train(left)
        if missing := lacking(self.analysis, self.task, self.members):
            if self.told or self._is_late():
                kind = CheckpointedError if self.told else OutOfTimeError
                reason = self.told or "the wall time is nearly over"
                raise kind(f"{reason}: {len(missing)} trainings are still to be done", where=self.bundle)
            raise TrainingsFailedError(
                f"{len(missing)} of {len(self.members)} {NO_RESULT}",
                where=self.bundle,
                advice="; ".join(f"{one.name}: {self.failed.get(one.name, 'not begun')}" for one in missing[:3]),
            )
        write_manifest(self.analysis, self.task, self.bundle, self.members)
        logger.info("%s: all %d trainings have their result", self.bundle, len(self.members))

    def _left(self) -> list[Training]:
        """Return the trainings to do. Results that are out of date are taken away first."""
        left = [training for training in self.members if not self.trainings.is_done(training)]
        for training in left:
            (paths.training(self.analysis, self.task, *training) / RESULT).unlink(missing_ok=True)
        if kept := len(self.members) - len(left):
            logger.info("%s: %d of %d trainings have their result", self.bundle, kept, len(self.members))
        for training in left:
            if reason := self.since and given_up(self.analysis, self.task, training, self.since):
                self.failed[training.name] = f"given up ({reason})"
        return [training for training in left if training.name not in self.failed]

    def _train(self, left: Sequence[Training]) -> None:
        """Do trainings, one after the other, or as many at a time as share a card."""
        self.trainings.dataset.verify()
        most = min(needs.at_a_time(self.analysis, self.task), len(left))
        forks = self._may_fork(most, several=len(left) > 1)
        os.environ[JOB] = job_id()  # of all of them: what ends the job ends this process
        waiting, children = list(left), Children()
        while waiting or len(children):
            for name, ended in children.wait(block=not waiting or len(children) == most).items():
                self._end(name, ended)
            for name in self._silence.find(children.names()):
                self._silenced.add(name)
                children.kill(name)
            self.told = children.told
            if self.told or self._is_late() or self._same_for_all:
                waiting = []
            elif waiting and len(children) < most:
                training = waiting.pop(0)
                (self._fork if forks else self._start)(children, training, self._share(training, len(left), most))

    def _may_fork(self, most: int, several: bool) -> bool:
        """Say whether this process may fork, after it has imported what several trainings need.

        One alone imports it itself: a batch system that adds up the memory of processes would count it twice.
        """
        trainer = find_model(self.trainings.task.model).trainer
        if several and trainer == "network":
            from jetloom.training.backends.backend import import_backend

            settings = self.trainings.task.training
            if most > 1:
                os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # JAX would take the card for one
            import_backend(settings.backend, settings.threads, settings.device)
        if several:
            for module in (f"jetloom.{TRAINERS[trainer]}", *IMPORTS[trainer]):
                import_module(module)
        if is_fork_safe():
            return True
        logger.warning("%s: this process has threads: each training is a fresh process", self.bundle)
        return False

    def _share(self, training: Training, number: int, most: int) -> Asked:
        """Return what one training has of what the job asked for; the job's time is that of all of them."""
        memory, minutes = self.asked.memory, self.asked.minutes
        if minutes is not None and number > 1:
            left = minutes - int(time.monotonic() - self.began) // 60
            minutes = max(1, min(needs.own_minutes(self.analysis, self.task, training), left))
        return Asked(None if memory is None else memory // most, minutes, self.asked.gpus)

    def _fork(self, children: Children, training: Training, asked: Asked) -> None:
        directory = paths.training(self.analysis, self.task, *training)

        def work() -> int:
            request = partial(self.trainings.request, training)
            return exit_code("train", lambda: self.trainings.train(request, directory, asked, self.deadline))

        children.fork(training.name, work, self._log(training))

    def _start(self, children: Children, training: Training, asked: Asked) -> None:
        os.environ.setdefault(BEGAN, f"{time.time():.1f}")
        words = ["train", "--config", str(self.config), "--task", self.task]
        words += ["--point", training.point, "--run-name", training.run]
        for name in ("memory", "minutes", "gpus"):
            if (value := getattr(self.asked if name == "minutes" else asked, name)) is not None:
                words += [f"--{name}", str(value)]
        children.start(training.name, words, self._log(training))

    def _log(self, training: Training) -> Path:
        """Return the log of a training, emptied for this attempt."""
        path = paths.training_log(self.analysis, self.task, *training)
        make_directory(path.parent)
        return path

    def _end(self, name: str, ended: Ended) -> None:
        """Take note of the end of a training."""
        words = f"exit code {ended.code}" if ended.code >= 0 else f"killed by {signal.Signals(-ended.code).name}"
        if ended.code == ExitCode.DONE:
            logger.info("%s: done", name)
            return
        path = self._log_of(name)
        said = last_line(path)
        if name in self._silenced:
            directory = paths.training(self.analysis, self.task, *self._named(name))
            ledger.settle(directory, Cause.SILENT, self._silence.words, memory_used_mb=round(ended.memory_used_mb, 1))
            words = f"{words}, because it {self._silence.words}"
        self.failed[name] = words
        self._same_for_all = self._same_for_all or ended.code in SAME_FOR_ALL
        logger.warning("%s: %s%s (%s)", name, words, f": {said}" if "jetloom train: " in said else "", path)

    def _named(self, name: str) -> Training:
        return next(one for one in self.members if one.name == name)

    def _log_of(self, name: str) -> Path:
        return paths.training_log(self.analysis, self.task, *self._named(name))

    def _is_late(self) -> bool:
        return self.deadline is not None and time.monotonic() >= self.deadline


def last_line(path: Path) -> str:
    """Return the last line of a log; "" if there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").rstrip().rpartition("\n")[2]
    except OSError:
        return ""
