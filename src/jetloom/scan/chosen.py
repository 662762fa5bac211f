"""Which trained networks a point has, one or one a fold, and what applying them takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jetloom import paths
from jetloom.config.analysis import Analysis
from jetloom.config.schema import find_schema
from jetloom.data.dataset import Dataset
from jetloom.errors import StaleError
from jetloom.inference.applied.recipe import KEPT, Recipe
from jetloom.inference.applied.seen import Seen
from jetloom.models.registry import find_model
from jetloom.scan.points.space import find_point, parse_run, runs
from jetloom.scan.result_file import read_result, verify_file
from jetloom.scan.table.collected import best_of, read_facts


@dataclass(frozen=True)
class Chosen:
    """A trained point.

    Attributes
    ----------
    recipe : Recipe
        How it is applied.
    files : mapping of (int or None) to Path
        Its networks by fold, each held against its digest.
    dataset : Dataset
    """

    recipe: Recipe
    files: Mapping[int | None, Path]
    dataset: Dataset


def choose(
    analysis: Analysis,
    task_name: str,
    point: str | None = None,
    scan: Path | None = None,
    dataset: Path | None = None,
    run: str | None = None,
) -> Chosen:
    """Return a trained point of a task with all of its folds.

    Parameters
    ----------
    analysis : Analysis
    task_name : str
    point : str, optional
        The best one if not given.
    scan, dataset : Path, optional
        Where they lie, if elsewhere than in the results of the analysis.
    run : str, optional
        Its repetition, as ``r1``; that of the best run, or the first one, if not given.

    Raises
    ------
    ConfigurationError, EmptySampleError
        If there is no such point, or no best one.
    MissingFileError, CorruptFileError, StaleError
        If a network is missing, damaged, of another dataset, or diverged.
    """
    task = analysis.tasks[task_name]
    directory = scan or paths.scan(analysis, task_name)
    data = Dataset.open(dataset or paths.dataset(analysis, task_name))
    if point is None:
        best = best_of(read_facts(directory), directory)
        name, repetition = best.point, parse_run(best.run)[0]
    else:
        name, repetition = find_point(task, point).name, parse_run(run or "r0")[0]
    files: dict[int | None, Path] = {}
    for one in runs(task):
        own, fold = parse_run(one)
        if own == repetition:
            files[fold] = _network(directory / name / one, fold, data.fingerprint, find_model(task.model).file)
    recipe = Recipe(
        task_name,
        name,
        f"r{repetition}",
        task,
        {key: value for key, value in data.description.items() if key in KEPT},
        analysis.conversion,
        {sample: find_schema(analysis.samples[sample].schema_name) for sample in analysis.task_samples(task_name)},
        _sources(data),
    )
    return Chosen(recipe, files, data)


def _network(directory: Path, fold: int | None, fingerprint: str, name: str) -> Path:
    result = read_result(directory, fingerprint)
    if result.fold != fold:
        raise StaleError(f"is fold {result.fold} and not {fold}", path=directory, advice="remove it and run again")
    if result.status != "trained":
        raise StaleError(f"is {result.status} ({result.reason})", path=directory, advice="apply another point")
    return verify_file(directory, name)


def seen(analysis: Analysis, task_name: str, dataset: Dataset) -> Seen | None:
    """Return the events that trained the networks of a task, its control region's too; None with folds."""
    if analysis.tasks[task_name].split.folds:
        return None
    control = analysis.tasks[task_name].control
    region = [] if control is None else [Dataset.open(paths.dataset(analysis, control))]
    return Seen.of_datasets([dataset, *region])


def _sources(dataset: Dataset) -> frozenset[str]:
    """Return the digests of the files that a dataset was built from, and those of what they were made from."""
    origin = dataset.description.get("origin", {})
    return frozenset([*origin.get("inputs", {}).values(), *dataset.description.get("sources", [])])
