"""What is done, running, failed and waiting, seen from the files, and from what a scheduler said to who asked it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from jetloom import paths
from jetloom.config.analysis import Analysis
from jetloom.errors import CorruptFileError
from jetloom.io.lock import is_held
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.ledger import Attempt, Cause
from jetloom.scan.points.space import points, runs
from jetloom.scan.result_file import RESULT, Result, read_result
from jetloom.stages import jobs_of
from jetloom.statistics.meaning import not_meaningful

STAGES = ("dxaod", "ntuple", "hdf5", "trees")
SHOWN = ("val_auc", "val_loss")
"""Metrics of which the first that a training has is shown."""
STEP = re.compile(r"^step \d+/\d+ of epoch \d+/\d+", re.MULTILINE)
SILENT = 600.0
"""Seconds without a word after which a training is said to hang: a step, a validation or a start may take minutes."""
EPOCH = re.compile(r"^epoch ([\d.]+)/(\d+) .*?(loss \S+)", re.MULTILINE)
WARNING = "warning: "
"""How the detail of a training that is done begins to tell what its result warns of."""
SUSPENDED = "suspended"
"""State, and a scheduler's reason, of a training that stands still until the batch system lets it go on."""
BROKEN_OFF = (Cause.OUT_OF_TIME, Cause.PREEMPTED, Cause.CANCELLED, Cause.INTERRUPTED, Cause.NODE_LOST, Cause.REFUSED)
"""Causes that are not the training's own fault: it goes on when somebody starts it."""


class QueueEntry(Protocol):
    """A job that waits or runs, as a scheduler describes it."""

    @property
    def job(self) -> str:
        """The scheduler's id."""

    @property
    def running(self) -> bool:
        """Whether it runs."""

    @property
    def reason(self) -> str:
        """Why it waits."""

    @property
    def host(self) -> str:
        """Where it runs."""


@dataclass(frozen=True)
class SampleStatus:
    """Files of a sample that each stage has done."""

    name: str
    files: int
    done: dict[str, int]
    failed: list[str]
    """The last line of the log of each file that failed."""


@dataclass(frozen=True)
class RunStatus:
    """One training."""

    task: str
    point: str
    run: str
    state: str
    """``done``, ``diverged``, ``failed``, ``damaged`` (its result cannot be read), ``running``, ``queued``,
    ``suspended``, ``resubmitted``, ``interrupted`` or ``waiting``."""
    detail: str

    @property
    def warning(self) -> str:
        """What its result warns of; empty if of nothing."""
        return self.detail.partition(WARNING)[2] if self.state == "done" else ""


def sample_status(analysis: Analysis) -> Iterator[SampleStatus]:
    """Return the state of each sample."""
    root = paths.results(analysis)
    readers = [name for name, task in analysis.tasks.items() if task.reads == "trees"]
    trees = {sample for name in readers for sample in analysis.task_samples(name)}
    for name, sample in analysis.samples.items():
        files = list(paths.source_files(analysis, name))
        there = {
            "dxaod": sample.simulate is not None,
            "ntuple": analysis.conversion.route == "ntuple",
            "trees": name in trees,
        }
        stages = [stage for stage in STAGES if there.get(stage, True)]
        done = {stage: sum(_has_result(root / stage / name, file) for file in files) for stage in stages}
        logs = [
            root / "logs" / stage / name / f"{file}.log"
            for stage in ("simulate", "ntuple", "hdf5", "trees")
            for file in files
            if not _has_result(root / stage.replace("simulate", "dxaod") / name, file)
        ]
        yield SampleStatus(name, len(files), done, [line for log in logs if (line := _error_in(log))])


def run_status(analysis: Analysis, task: str, queue: Mapping[Path, QueueEntry] | None = None) -> Iterator[RunStatus]:
    """Return the state of each training of a task's scan.

    Parameters
    ----------
    analysis : Analysis
        The configuration.
    task : str
        The task.
    queue : mapping, optional
        The trainings that a scheduler has in its queue, running or not, by directory.
    """
    settings = analysis.tasks[task]
    for point in points(settings):
        for run in runs(settings):
            directory = paths.training(analysis, task, point.name, run)
            log = paths.training_log(analysis, task, point.name, run)
            state, detail = _state(directory, log, (queue or {}).get(directory))
            yield RunStatus(task, point.name, run, state, detail)


def failed_stages(analysis: Analysis, task: str) -> Iterator[tuple[str, str]]:
    """Return the stages of a task, besides its trainings, whose last attempt failed, with the last line of the log."""
    for stage, owner in jobs_of(analysis):
        log = paths.results(analysis) / "logs" / stage.rule / f"{task}.log"
        if owner == task and stage.rule != "train" and (line := _error_in(log)):
            yield stage.rule, line


def _state(directory: Path, log: Path, entry: QueueEntry | None) -> tuple[str, str]:
    attempts = ledger.read(directory / ledger.LEDGER)
    if is_held(directory):
        stands = entry is not None and not entry.running and entry.reason == SUSPENDED
        return SUSPENDED if stands else "running", _progress(directory, log) or _last_line(log)
    result = directory / RESULT
    if entry is not None and not (result.is_file() and attempts and attempts[-1].job == entry.job):
        return _in_queue(entry, attempts)
    if result.is_file():
        return _over(directory)
    if (gone := ledger.read_open(directory)) is not None:
        return "interrupted", f"job {gone.attempt.job} on {gone.attempt.host} ended without a word"
    if attempts and attempts[-1].cause in (Cause.DONE, Cause.DIVERGED):
        return "waiting", f"{_history(attempts)}, and its {RESULT} was taken away: the next run makes it again"
    if attempts:
        state = "interrupted" if attempts[-1].cause in BROKEN_OFF else "failed"
        return state, f"{_history(attempts)}: {attempts[-1].detail or _error_in(log)}"
    if error := _error_in(log):
        return "failed", error
    if (directory / "checkpoint.npz").is_file():
        return "interrupted", _last_line(log)
    return "waiting", ""


def _over(directory: Path) -> tuple[str, str]:
    try:
        result = read_result(directory)
    except CorruptFileError as error:
        return "damaged", error.line()
    if result.status != "trained":
        return result.status, result.reason
    metric = [_shown(result, name) for name in SHOWN if name in result.metrics][:1]
    return "done", "; ".join([*metric, *(f"{WARNING}{words}" for words in result.warnings)])


def _shown(result: Result, name: str) -> str:
    """Write a metric; one that means nothing with the reason."""
    value = result.metrics[name]
    return f"{name} {value:.4f}" if value is not None else f"{name} {not_meaningful(result.not_meaningful[name])}"


def _in_queue(entry: QueueEntry, attempts: list[Attempt]) -> tuple[str, str]:
    if entry.reason == SUSPENDED:
        return SUSPENDED, f"job {entry.job} on {entry.host or 'a host'}"
    if entry.running:
        return "running", f"job {entry.job} on {entry.host or 'a host'}: starting"
    if attempts:
        return "resubmitted", f"job {entry.job}: {entry.reason}; {_history(attempts)}"
    return "queued", f"job {entry.job}: {entry.reason}"


def _history(attempts: list[Attempt]) -> str:
    return f"{attempts[-1].cause} in attempt {len(attempts)}"


def _progress(directory: Path, log: Path) -> str:
    """Say where a training runs, how far it is, and how long it still takes if it goes on to its last epoch."""
    entry = ledger.read_open(directory)
    try:
        said, written = log.read_text(encoding="utf-8", errors="replace"), log.stat().st_mtime
    except OSError:
        said, written = "", time.time()
    found = EPOCH.findall(said)
    if entry is None:
        return ""
    if not found:
        first = (STEP.findall(said) or ["starting"])[-1]
        return ", ".join(filter(None, (f"on {entry.attempt.host}: {first}", _hangs(written))))
    (epoch, epochs, loss), began = found[-1], datetime.fromisoformat(entry.attempt.started).timestamp()
    # Several validations in an epoch leave several lines.
    line = float(epoch) - float(found[-2][0]) if len(found) > 1 else min(1.0, float(epoch))
    lines = (int(epochs) - float(epoch)) / (line or 1.0)
    left = max(0.0, (written - began) / len(found) * lines - (time.time() - written))
    return f"on {entry.attempt.host}: epoch {epoch}/{epochs} {loss}, {_hangs(written) or f'at most {_time(left)} left'}"


def _hangs(written: float) -> str:
    """Say since when a training has said nothing, if that is long: it leaves a line in its log once a minute."""
    silent = time.time() - written
    return f"nothing moved for {_time(silent)}: it is stopped, or hangs" if silent > SILENT else ""


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _has_result(directory: Path, file: str) -> bool:
    return any((directory / f"{file}{suffix}").is_file() for suffix in (".root", ".h5"))


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return lines[-1] if lines else ""


def _error_in(log: Path) -> str:
    line = _last_line(log)
    return line if "error:" in line else ""
