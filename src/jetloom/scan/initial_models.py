"""The density models that a task starts from: the best of other tasks' scans, and whether they were trained alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jetloom import paths
from jetloom.config.analysis import Analysis
from jetloom.errors import StaleError
from jetloom.models.registry import find_model
from jetloom.scan.points.space import parse_run
from jetloom.scan.result_file import Result, read_result, verify_file
from jetloom.scan.table.collected import FACTS, best_of, read_facts

UNEQUAL = 0.1
"""Samples whose sizes differ by a larger share are not of equal size."""


@dataclass(frozen=True)
class Start:
    """What a training starts from."""

    models: dict[str, Path] = field(default_factory=dict)
    """The saved model of each class, or the one to go on from as ``start``."""
    warnings: list[str] = field(default_factory=list)
    """In what they were not trained alike."""


def find_start(analysis: Analysis, name: str, fingerprint: str, fold: int | None) -> Start:
    """Find the models that a task starts from: the best point of each scan, its training of the same fold.

    Parameters
    ----------
    analysis : Analysis
        The configuration.
    name : str
        The task.
    fingerprint : str
        Of the dataset: a model that was trained on another one (other trees, other bins) is refused.
    fold : int or None
        A model of another fold has seen this one's test part.

    Raises
    ------
    MissingFileError, EmptySampleError, CorruptFileError, StaleError
        If a scan was not collected or has no good point, or a model is not the one that its training wrote or was
        trained on another dataset.
    """
    models, results = {}, {}
    for kind, unary in analysis.tasks[name].starts.items():
        directory = _best_run(paths.scan(analysis, unary), fingerprint, fold)
        models[kind] = verify_file(directory, find_model(analysis.tasks[unary].model).file)
        results[kind] = read_result(directory, fingerprint)
    return Start(models, list(_differences(results)))


def _best_run(scan: Path, fingerprint: str, fold: int | None) -> Path:
    facts = read_facts(scan)
    if facts.dataset != fingerprint:
        advice = "train it again"
        raise StaleError("is of another dataset (other jets, trees or bins)", path=scan / FACTS, advice=advice)
    best = best_of(facts, scan)
    return scan / best.point / (best.run if fold is None else f"r{parse_run(best.run)[0]}f{fold}")


def _differences(results: dict[str, Result]) -> Iterator[str]:
    """Say in what two trainings were not alike: parameters, epochs, sizes of their samples."""
    if len(results) != 2:
        return
    (first, one), (second, other) = results.items()
    for name in sorted({*one.parameters, *other.parameters}):
        values = one.parameters.get(name), other.parameters.get(name)
        if values[0] != values[1]:
            yield f"{name} is {values[0]} for {first} and {values[1]} for {second}"
    starts = [result.origin.inputs.start for result in (one, other)]
    if starts[0] != starts[1]:
        yield f"{first} and {second} did not go on from the same model"
    if one.epochs != other.epochs:
        yield f"{first} was trained for {one.epochs} epochs and {second} for {other.epochs}"
    sizes = one.jets, other.jets
    if abs(sizes[0] - sizes[1]) > UNEQUAL * max(sizes):
        yield f"{first} was trained on {sizes[0]} jets and {second} on {sizes[1]}"
