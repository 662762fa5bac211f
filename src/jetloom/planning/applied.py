"""The jobs that apply best models to files of samples: which there are, and what each reads."""

from __future__ import annotations

from jetloom import paths
from jetloom.config.analysis import Analysis
from jetloom.locations import Location


def pieces(analysis: Analysis, task: str) -> dict[str, list[tuple[str, str]]]:
    """Return the jobs that apply a task's best model, by name, each with its files: sample and name of each."""
    settings = analysis.tasks[task].apply
    files = [(sample, name) for sample in settings.samples for name in paths.source_files(analysis, sample)]
    if settings.by == "input":
        return {f"{sample}/{name}": [(sample, name)] for sample, name in files}
    if settings.by == "class":
        return {"all": files} if files else {}
    return {sample: [(own, name) for own, name in files if own == sample] for sample in settings.samples}


def source_of(analysis: Analysis, task: str, sample: str, name: str) -> Location:
    """Return what a task's best model is applied to in the place of a sample's file."""
    if analysis.tasks[task].apply.reads_originals:
        return paths.converted_files(analysis, sample)[name]
    room = "trees" if analysis.tasks[task].reads == "trees" else "hdf5"
    return paths.results(analysis) / room / sample / f"{name}.h5"
