"""Inputs that parametrise: the value of each signal sample, and for other events one that is drawn by their hash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jetloom.config.tasks.task import Task
from jetloom.data.building import split as splitting
from jetloom.data.collections import Rows

CONDITION = "condition"
"""Column of the parts: the place of a row's values among all of them."""
SALT = 1 << 33
"""Sets the drawing apart from the split and from the fraction, whose salts are smaller."""


class Conditions:
    """The values of the conditions of a task, and who has which.

    Parameters
    ----------
    task : Task
        Its ``conditions``, and the salt of its split.
    rows : mapping of str to int
        Rows of each sample, by which other samples draw.
    """

    def __init__(self, task: Task, rows: Mapping[str, int]) -> None:
        self.names = list(task.conditions)
        self._salt = SALT + task.split.salt
        first = next(iter(task.conditions.values()), {})
        values = {sample: tuple(task.conditions[name][sample] for name in self.names) for sample in first}
        self.values = sorted(set(values.values()))
        self._place = {sample: self.values.index(found) for sample, found in values.items()}
        numbers = np.zeros(len(self.values))
        for sample, place in self._place.items():
            numbers[place] += rows[sample]
        self._edges = np.cumsum(numbers)[:-1] / max(numbers.sum(), 1.0)

    def on(self, sample: str, rows: Rows) -> Rows:
        """Return rows of a sample with the conditions and their place as further columns."""
        if not self.names:
            return rows
        made: list[Any] = [*((name, "<f4") for name in self.names), (CONDITION, "<i2")]
        taken = [entry for entry in rows.dtype.descr if entry[0] not in dict(made)]
        result = np.zeros(len(rows), np.dtype([*taken, *made]))
        for entry in taken:
            result[entry[0]] = rows[entry[0]]
        if sample in self._place:
            result[CONDITION] = self._place[sample]
        else:
            hashes = splitting.event_hash(rows["run_number"], rows["event_number"], self._salt)
            result[CONDITION] = np.searchsorted(self._edges, splitting.uniform(hashes), side="right")
        table = np.array(self.values, np.float32)
        for column, name in enumerate(self.names):
            result[name] = table[result[CONDITION], column]
        return result

    def described(self) -> list[dict[str, float]]:
        """Return the values that there are, in the order of the column of their places."""
        return [dict(zip(self.names, found, strict=True)) for found in self.values]
