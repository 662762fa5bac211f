"""What a dataset takes of the collections of its rows: entries selected, sorted, and their inputs put into slots."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Set
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.tasks.collected import Collected
from jetloom.config.tasks.task import Task
from jetloom.cutflow import CutFlow
from jetloom.data.block import Block
from jetloom.data.building.absence import absent_entries, absent_variables, input_values, verdict
from jetloom.data.building.transforms import transformed
from jetloom.data.collections import Index, Slots
from jetloom.errors import ConfigurationError, near_misses
from jetloom.expressions import ROW, column_name, evaluate, evaluate_mask, names_in
from jetloom.io.hdf5.described import Described

logger = logging.getLogger(__name__)

Values = Mapping[str, npt.NDArray[Any]]


def slots_dtype(inputs: Iterable[str]) -> np.dtype[Any]:
    """Return the type of an entry in a part: its inputs as float32, then whether the slot is filled."""
    return np.dtype([*((column_name(text), "<f4") for text in inputs), ("valid", "?")])


class Collector:
    """Takes what a task wants of one collection, from the blocks of one file.

    Parameters
    ----------
    name : str
        The name of the collection in the dataset.
    task : Task
        What is wanted; ``absent`` says what cuts do in a file that lacks a variable.
    reader : Described
        The file.

    Raises
    ------
    ConfigurationError
        If the file has no such collection, or a variable is in none of its tables.
    MissingObjectError
        If a cut or the order needs a variable that the file's input lacks, and the configuration does not say what
        then.
    """

    def __init__(self, name: str, task: Task, reader: Described) -> None:
        self.name, self.settings, self.path = name, task.collections[name], reader.path
        self.source = source_of(name, self.settings)
        _check(self.name, self.settings, self.source, reader)
        of_jets = absent_variables(reader)
        if f"n_{self.source}" in of_jets:
            logger.warning("%s: the collection '%s' is missing: all slots of its jets are empty", reader.path, name)
        lacking = {f"{ROW}.{variable}": branch for variable, branch in of_jets.items()}
        lacking |= absent_entries(reader, self.source)
        self._absent = frozenset(lacking)
        self._read = set().union(*(one.reads() for one in self.settings.transforms))
        self._cuts: dict[str, bool] = {}
        for text in [*self.settings.select, *([self.settings.sort] if self.settings.sort else [])]:
            for variable in sorted(names_in(text) & self._absent):
                what = f"cut '{text}'" if text in self.settings.select else f"order of '{name}'"
                found = verdict(task, reader, variable.removeprefix(f"{ROW}."), what, lacking[variable])
                self._cuts[text] = found == "pass" and self._cuts.get(text, True)
        for text in self.settings.inputs:
            if not names_in(text).isdisjoint(self._absent):
                logger.warning("%s: the input '%s' of '%s' is missing in all of its jets", reader.path, text, name)

    def of(self, block: Block, losses: CutFlow) -> Slots:
        """Return the slots of the rows of a block, and count the entries that found none.

        Parameters
        ----------
        block : Block
            Rows of the file with the collection.
        losses : CutFlow
            Counts under the name that the collection has in the dataset.

        Returns
        -------
        Slots
            Of type :func:`slots_dtype`, shape (rows, slots): the inputs, NaN where one is not finite; zeros where
            ``valid`` is False.
        """
        collection = block.collections[self.source]
        assert isinstance(collection, Slots)
        table = collection.values
        # Places of the filled slots: what only fills up is never looked at.
        place: Index = np.flatnonzero(table["valid"])
        losses.saw(self.name, len(place))
        for text in self.settings.select:
            place = self._counted(text, place, place[self._passed(text, block, table, place)], losses)
        row = place // table.shape[1]
        if self.settings.sort is not None and self.settings.sort not in self._cuts:
            key = np.asarray(evaluate(self.settings.sort, _columns([self.settings.sort], block, table, place)))
            place = place[np.lexsort((-np.broadcast_to(key, row.shape).astype(np.float64), row))]
        number = _numbered(row, len(table))
        fits = number < self.settings.slots
        self._counted(f"slots: {self.settings.slots}", place, place[fits], losses)
        return self._filled(block, table, place[fits], row[fits] * self.settings.slots + number[fits])

    def _filled(self, block: Block, table: npt.NDArray[np.void], place: Index, target: Index) -> Slots:
        """Return slots with the inputs of the entries at ``place``, each at its ``target`` among all slots."""
        slots = np.zeros((len(table), self.settings.slots), slots_dtype(self.settings.inputs))
        flat = slots.reshape(-1)
        columns = dict(_columns(self.settings.inputs, block, table, place, self._read))
        if self.settings.transforms:
            absent = {name: np.full(len(place), np.nan) for name in self._read & self._absent}
            columns = transformed(self.settings.transforms, columns | absent, place // table.shape[1])
        for text in self.settings.inputs:
            if names_in(text).isdisjoint(self._absent):
                values = input_values(text, columns, len(place))
                flat[column_name(text)][target] = np.where(np.isfinite(values), values, np.float32(np.nan))
            else:
                flat[column_name(text)][target] = np.nan
        flat["valid"][target] = True
        return Slots(slots)

    def _passed(self, text: str, block: Block, table: npt.NDArray[np.void], place: Index) -> npt.NDArray[np.bool_]:
        if text in self._cuts:
            return np.full(len(place), self._cuts[text])
        return evaluate_mask(text, _columns([text], block, table, place), len(place))

    def _counted(self, reason: str, before: Index, after: Index, losses: CutFlow) -> Index:
        losses.add("dataset", self.name, reason, len(before), len(after))
        return after


def source_of(name: str, settings: Collected) -> str:
    """Return the name that a collection of a task has in the files."""
    return settings.of or name


def collectors(task: Task, reader: Described) -> list[Collector]:
    """Return what takes the collections of a task from a file, in the order of the task; see :class:`Collector`."""
    return [Collector(name, task, reader) for name in task.collections]


def slot_tables(task: Task) -> dict[str, tuple[np.dtype[Any], int]]:
    """Return type and number of slots of each collection of a task, as parts have them."""
    return {name: (slots_dtype(settings.inputs), settings.slots) for name, settings in task.collections.items()}


def sources(task: Task) -> frozenset[str]:
    """Return the collections that a task reads from files."""
    return frozenset(source_of(name, settings) for name, settings in task.collections.items())


def _check(name: str, settings: Collected, source: str, reader: Described) -> None:
    where = f"collections.{name}"
    tables = [table for table in reader.rows if reader.slots(table) is not None]
    if source not in tables:
        raise ConfigurationError(
            f"has no collection '{source}'",
            path=reader.path,
            where=where,
            advice=f"{near_misses(source, tables)} (conversion.slots says what is in the file)",
        )
    known = {*(reader.dtype(source).names or ()), *(f"{ROW}.{column}" for column in reader.dtype("jets").names or ())}
    needed: dict[str, Set[str]] = {text: names_in(text) for text in [*settings.inputs, *settings.select]}
    needed |= {settings.sort: names_in(settings.sort)} if settings.sort else {}
    needed |= {f"transforms.{place}": frozenset(one.reads()) for place, one in enumerate(settings.transforms)}
    for text, names in needed.items():
        for variable in sorted(names - known):
            raise ConfigurationError(
                f"'{text}': no variable '{variable}'",
                path=reader.path,
                where=where,
                advice=near_misses(variable, known - {"valid"}),
            )


def _columns(
    texts: Iterable[str], block: Block, table: npt.NDArray[np.void], place: Index, more: Set[str] = frozenset()
) -> Values:
    """Return what expressions need of the entries at ``place`` and of their rows, and more, shape (entries,) each."""
    found: dict[str, npt.NDArray[Any]] = {}
    flat, row = table.reshape(-1), place // table.shape[1]
    for name in sorted(set(more).union(*(names_in(text) for text in texts))):
        own = name.removeprefix(f"{ROW}.")
        found[name] = flat[name][place] if own == name else block.rows[own][row]
    return found


def _numbered(row: Index, rows: int) -> Index:
    """Number entries that stand row by row within their rows."""
    ends = np.cumsum(np.bincount(row, minlength=rows))
    return np.arange(len(row)) - np.concatenate([np.zeros(1, np.int64), ends])[row]
