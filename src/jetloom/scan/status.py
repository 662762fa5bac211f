"""What is done, running, failed and waiting, seen from the files alone: no scheduler is asked, nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jetloom import paths
from jetloom.config.analysis import Analysis
from jetloom.io.lock import is_held
from jetloom.scan.space import points, runs

STAGES = ("dxaod", "ntuple", "hdf5")


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
    """``done``, ``diverged``, ``running``, ``interrupted``, ``failed`` or ``waiting``."""
    detail: str


def sample_status(analysis: Analysis) -> Iterator[SampleStatus]:
    """Give the state of each sample."""
    root = paths.results(analysis)
    for name, sample in analysis.samples.items():
        files = list(paths.source_files(analysis, name))
        stages = [
            stage
            for stage in STAGES
            if (stage != "dxaod" or sample.simulate) and (stage != "ntuple" or analysis.conversion.route == "ntuple")
        ]
        done = {stage: sum(_has_result(root / stage / name, file) for file in files) for stage in stages}
        logs = [
            root / "logs" / stage / name / f"{file}.log"
            for stage in ("simulate", "ntuple", "hdf5")
            for file in files
            if not _has_result(root / stage.replace("simulate", "dxaod") / name, file)
        ]
        yield SampleStatus(name, len(files), done, [line for log in logs if (line := _error_in(log))])


def run_status(analysis: Analysis, task: str) -> Iterator[RunStatus]:
    """Give the state of each training of a task's scan."""
    settings = analysis.tasks[task]
    for point in points(settings):
        for run in runs(settings):
            directory = paths.scan(analysis, task) / point.name / run
            log = paths.results(analysis) / "logs" / "train" / task / point.name / f"{run}.log"
            state, detail = _state(directory, log)
            yield RunStatus(task, point.name, run, state, detail)


def failed_stages(analysis: Analysis, task: str) -> Iterator[tuple[str, str]]:
    """Give the stages of a task, besides its trainings, whose last attempt failed, with the last line of the log."""
    for stage in ("dataset", "plot_inputs", "collect", "plot_scan", "deploy", "evaluate"):
        if line := _error_in(paths.results(analysis) / "logs" / stage / f"{task}.log"):
            yield stage, line


def _state(directory: Path, log: Path) -> tuple[str, str]:
    result = directory / "result.json"
    if is_held(directory):
        return "running", _last_line(log)
    if result.is_file():
        try:
            content = json.loads(result.read_text(encoding="utf-8"))
        except ValueError:
            return "failed", f"{result}: is not JSON; remove it and run again"
        best = ", ".join(
            f"{name} {content['metrics'][name]:.4f}" for name in ("val_auc",) if name in content["metrics"]
        )
        return ("done", best) if content["status"] == "trained" else ("diverged", content["reason"])
    if error := _error_in(log):
        return "failed", error
    if (directory / "checkpoint.npz").is_file():
        return "interrupted", _last_line(log)
    return "waiting", ""


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
