"""Checks of what tasks take of the collections of their jets: what the files will have, and what models read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jetloom.config.analysis import Analysis
from jetloom.config.schema import Schema
from jetloom.config.tasks.task import Task
from jetloom.data.block import BRANCHINGS
from jetloom.data.building.collected import source_of
from jetloom.errors import ConfigurationError, near_misses
from jetloom.expressions import ROW
from jetloom.io.layout import kept_columns
from jetloom.models.base import Model


def check_sources(analysis: Analysis, name: str, task: Task) -> None:
    """Check that the collections of a task are written, with as many slots.

    Raises
    ------
    ConfigurationError
        For the first that is not, with the near misses.
    """
    written = analysis.conversion.slots
    for key, settings in task.collections.items() if task.dataset is None else ():
        source, where = source_of(key, settings), f"tasks.{name}.collections.{key}"
        if source not in written:
            raise ConfigurationError(
                f"the collection '{source}' is not written",
                where=where if settings.of is None else f"{where}.of",
                advice=f"{near_misses(source, written)}; conversion.slots says what is, and `of` which one is meant",
            )
        if settings.slots > written[source]:
            raise ConfigurationError(
                f"{settings.slots} places are asked for where the files have {written[source]}",
                where=f"{where}.slots",
                advice=f"take fewer, or set conversion.slots.{source}",
            )


def entry_expressions(
    analysis: Analysis, name: str, task: Task, schema: Schema, of_jets: list[str]
) -> Iterator[tuple[list[tuple[str, str]], list[str]]]:
    """Return the expressions of each collection of a task with their keys, and the variables that they may name.

    Parameters
    ----------
    analysis : Analysis
    name : str
        The task's.
    task : Task
    schema : Schema
        Of a sample of the task; it has the collections.
    of_jets : list of str
        Variables of the jets.
    """
    for key, settings in task.collections.items():
        where = f"tasks.{name}.collections.{key}"
        found = [(f"{where}.inputs", text) for text in settings.inputs]
        found += [(f"{where}.select", text) for text in settings.select]
        for place, one in enumerate(settings.transforms):
            found += [(f"{where}.transforms.{place}", text) for text in sorted(one.reads())]
        found += [(f"{where}.sort", settings.sort)] if settings.sort is not None else []
        own = kept_columns(schema, analysis.conversion, source_of(key, settings))
        yield found, [*own, *(f"{ROW}.{variable}" for variable in of_jets)]


def check_target(analysis: Analysis, models: Mapping[str, Model]) -> None:
    """Check that each model that learns a variable has one, and that each such variable is learnt.

    Raises
    ------
    ConfigurationError
        For the first that does not fit.
    """
    for name, task in analysis.tasks.items():
        owner = analysis.dataset_of(name)
        if models[name].objective.needs_target and task.target is None:
            raise ConfigurationError(
                f"the model '{task.model}' learns a variable, and none is named",
                where=f"tasks.{owner}.target",
                advice="name it, or an expression: target: log(truth_pt / pt)",
            )
        readers = [one for one in analysis.tasks if analysis.dataset_of(one) == name]
        if task.dataset is None and task.target and not any(models[one].objective.needs_target for one in readers):
            raise ConfigurationError(
                "no model of this dataset learns a variable", where=f"tasks.{name}.target", advice="take it out"
            )


def check_readers(analysis: Analysis, models: Mapping[str, Model]) -> None:
    """Check that each model finds the collections that it reads, and that each collection has a reader.

    Raises
    ------
    ConfigurationError
        For the first that does not fit.
    """
    read: dict[str, set[str]] = {name: set() for name in analysis.tasks}
    for name, task in analysis.tasks.items():
        owner = analysis.dataset_of(name)
        wanted = models[name].reads_of(analysis.tasks[owner].collections) - {BRANCHINGS}
        read[owner] |= wanted
        for collection in sorted(wanted - task.collections.keys()):
            raise ConfigurationError(
                f"the model '{task.model}' reads '{collection}', and the dataset has no such collection",
                where=f"tasks.{name}",
                advice=f"{near_misses(collection, task.collections)}; tasks.{owner}.collections says what it has",
            )
    for name, task in analysis.tasks.items():
        for collection in task.collections if task.dataset is None else ():
            if collection not in read[name]:
                raise ConfigurationError(
                    "no model of this dataset reads it",
                    where=f"tasks.{name}.collections.{collection}",
                    advice=f"take it out, or name it as a model reads it; {near_misses(collection, read[name])}",
                )
