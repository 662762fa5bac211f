"""The space of a scan: a Talos parameter dictionary in, named points out.

A point's name is a digest of all its parameters, defaults included. So adding values to a scan makes new points and
leaves the old ones their names; writing a default out, or changing a comment, makes none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from jetloom.config.tasks.task import Search, Task
from jetloom.data.building.split import folds
from jetloom.errors import ConfigurationError
from jetloom.models.registry import find_model, own_parameters, resolve_parameters
from jetloom.scan.points.grid import Grid, Named

LARGEST = 5_000_000
"""Points of a grid at most: about two microseconds each, on one core."""
MOST_TRAININGS = 200_000


@dataclass(frozen=True)
class Point:
    """One point of a scan."""

    name: str
    """The letter p, so that no program takes it for a number, and 12 hexadecimal digits of a digest."""
    parameters: dict[str, Any]
    """Every parameter of the model."""


def points(task: Task) -> list[Point]:
    """Return the points of a task, in the order of the grid, each once.

    With a fraction below one, a point takes part if a hash of its name and the seed is small enough: so a point that
    took part still does when values are added. At least one point always takes part.

    Raises
    ------
    ConfigurationError
        If the model or a parameter does not exist, or a value is wrong.
    """
    grid = Grid(task.model, resolve_parameters(find_model(task.model), task.parameters), _resolved_scan(task))
    _check_size(len(grid), task)
    named = grid.walk() if task.search.fraction == 1.0 else _drawn(grid.walk(), task.search)
    # A grid of which a model's own identity says that some points are one has each name once.
    return list({name: Point(name, grid.parameters(values)) for name, values in named}.values())


def _drawn(named: Iterable[Named], search: Search) -> Iterator[Named]:
    """Draw points by the hashes of their names, in constant memory; if none is drawn, the one with the least hash."""
    least, first, drawn = 1.0, None, False
    before, limit = f'[{search.seed},"'.encode(), search.fraction
    for name, values in named:
        # What provenance.digest([seed, name], 13) is, without its detours.
        lot = int(sha256(before + name.encode() + b'"]').hexdigest()[:13], 16) / 16**13
        if lot < limit:
            drawn = True
            yield name, values
        elif not drawn and lot < least:
            least, first = lot, (name, values)
    if not drawn and first is not None:
        yield first


def _check_size(size: int, task: Task) -> None:
    """Refuse grids that nobody trains and that take minutes to look through.

    Which points take part follows from their names alone, so that they stay when values are added. So each is named.
    """
    if size > LARGEST:
        raise ConfigurationError(
            f"the grid has {size:,} points, and naming more than {LARGEST:,} takes too long at each start",
            where="scan",
            advice="scan fewer values or parameters at a time",
        )
    trainings = math.ceil(size * task.search.fraction) * len(runs(task))
    if trainings > MOST_TRAININGS:
        raise ConfigurationError(
            f"these are about {trainings:,} trainings, and no workflow has more than {MOST_TRAININGS:,}",
            where="scan",
            advice="lower search.fraction or search.repetitions",
        )


def runs(task: Task) -> list[str]:
    """Return the names of the trainings of each point: ``r0``, ``r1`` for repetitions, ``r0f0``, ``r0f1`` for folds."""
    return [
        f"r{repetition}" if fold is None else f"r{repetition}f{fold}"
        for repetition in range(task.search.repetitions)
        for fold in folds(task.split)
    ]


def parse_run(run: str) -> tuple[int, int | None]:
    """Return repetition and fold of a run's name."""
    repetition, _, fold = run.removeprefix("r").partition("f")
    return int(repetition), int(fold) if fold else None


def find_point(task: Task, name: str) -> Point:
    """Return the point of a name.

    Raises
    ------
    ConfigurationError
        If the scan has no such point (any more).
    """
    for point in points(task):
        if point.name == name:
            return point
    raise ConfigurationError(
        f"the scan has no point '{name}'", where="scan", advice="jetloom check CONFIG --points lists them"
    )


def talos_dictionary(task: Task) -> dict[str, list[Any]]:
    """Return the scan as Talos takes it: every parameter with a list of values."""
    fixed = resolve_parameters(find_model(task.model), task.parameters)
    return own_parameters(task, {name: [value] for name, value in fixed.items()} | _resolved_scan(task))


def _resolved_scan(task: Task) -> dict[str, list[Any]]:
    """Check every value of the scan once, and give each as the model's own type.

    So ``0`` for a parameter that is a float, or YAML's ``1e-3`` (which is a string), names the same point as ``0.0``
    or ``0.001``.
    """
    model = find_model(task.model)
    return {
        name: [resolve_parameters(model, {**task.parameters, name: value}, where="scan")[name] for value in values]
        for name, values in task.scan.items()
    }
