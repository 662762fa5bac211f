"""What lies in a compressed file: columns of one table, flat or in lists, a block of entries at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.compression.bounds import Bound

Values = npt.NDArray[Any]
Counts = npt.NDArray[np.int64]

FLAT = ""
"""The group of columns that have one value an entry."""


@dataclass(frozen=True)
class Column:
    """A column: what a decoder gives back.

    Attributes
    ----------
    kind : dtype
        Of its values.
    bound : Bound
        What was asked for.
    group : str
        Columns of a group have lists of the same lengths; :data:`FLAT` of those with one value an entry.
    """

    kind: np.dtype[Any]
    bound: Bound
    group: str = FLAT

    def as_json(self) -> dict[str, Any]:
        """Return a JSON-like form."""
        return {"type": self.kind.str, "bound": [self.bound.kind, self.bound.size], "group": self.group}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Column:
        """Read what :meth:`as_json` gives."""
        return cls(np.dtype(value["type"]), Bound(*value["bound"]), value["group"])


@dataclass(frozen=True)
class Contents:
    """What a compressed file says before its blocks.

    Attributes
    ----------
    source : str
        ``root``, ``hdf5`` or ``npz``: what it was made of.
    columns : dict of str to Column
        In the order of the original.
    facts : dict
        What the writer of that kind needs besides (name of the tree, attributes), JSON-like.
    left_out : dict of str to str
        What the original has besides, and why it is not here.
    """

    source: str
    columns: dict[str, Column]
    facts: dict[str, Any]
    left_out: dict[str, str]

    @property
    def groups(self) -> list[str]:
        """Groups of lists, in the order of their first columns."""
        return [group for group in dict.fromkeys(column.group for column in self.columns.values()) if group != FLAT]

    def as_json(self) -> dict[str, Any]:
        """Return a JSON-like form. Columns are pairs, because sorting the keys would lose their order."""
        columns = [[name, column.as_json()] for name, column in self.columns.items()]
        return {"source": self.source, "columns": columns, "facts": self.facts, "left_out": self.left_out}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Contents:
        """Read what :meth:`as_json` gives."""
        columns = {name: Column.from_json(column) for name, column in value["columns"]}
        return cls(value["source"], columns, value["facts"], value["left_out"])


@dataclass(frozen=True)
class Piece:
    """Some entries, one after the other.

    Attributes
    ----------
    entries : int
    values : dict of str to array
        Of each column; of one in lists those of all lists, one after the other.
    counts : dict of str to int64 array
        By group: the length of the list of each entry.
    """

    entries: int
    values: dict[str, Values]
    counts: dict[str, Counts]

    def only(self, start: int, stop: int, columns: Mapping[str, Column]) -> Piece:
        """Return entries ``start`` to ``stop``."""
        ends = {group: np.concatenate([[0], np.cumsum(counts)]) for group, counts in self.counts.items()}
        ends[FLAT] = np.arange(self.entries + 1)
        values = {
            name: found[ends[columns[name].group][start] : ends[columns[name].group][stop]]
            for name, found in self.values.items()
        }
        return Piece(stop - start, values, {group: counts[start:stop] for group, counts in self.counts.items()})
