"""A ROOT file that a model is applied to, read by its schema as a conversion reads it, without a file in between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from jetloom.conversion.streams import Selected
from jetloom.conversion.tables import collection_rows, event_rows, jet_rows
from jetloom.conversion.task import Task as Conversion
from jetloom.cutflow import CutFlow
from jetloom.data.block import Block
from jetloom.data.collections import Slots
from jetloom.errors import MissingObjectError, near_misses
from jetloom.inference.applied.pieces import Origin, Piece, Types, Unit
from jetloom.io.hdf5.described import Described
from jetloom.io.layout import Layout
from jetloom.io.root.events import EventBlock
from jetloom.io.root.files import guarded, opened
from jetloom.io.sources.search import trees_in
from jetloom.locations import Location
from jetloom.provenance import file_digest


@dataclass(frozen=True)
class RootTables:
    """The tables that a conversion would make of a ROOT file; see :class:`Described`."""

    path: Path
    layout: Layout
    places: Mapping[str, int]
    facts: Mapping[str, Any]

    @property
    def rows(self) -> Mapping[str, int]:
        """The tables; how many rows they have is not known yet."""
        return dict.fromkeys(["jets", *self.layout.collections], 0)

    def dtype(self, table: str) -> np.dtype[Any]:
        """Return the compound type of a table."""
        return self.layout.jets_dtype() if table == "jets" else self.layout.collection_dtype(table)

    def slots(self, table: str) -> int | None:
        """Return the number of places of a table of slots."""
        return self.places.get(table)

    def has_attribute(self, key: str) -> bool:
        """Say whether a converted file would have an attribute."""
        return key in self.facts

    def attribute(self, key: str, kind: Any = Any) -> Any:
        """Return what a converted file would have as an attribute."""
        return TypeAdapter(kind).validate_python(self.facts[key])


class RootPieces:
    """One tree of a ROOT file.

    Parameters
    ----------
    conversion : Conversion
        The file with its schema, cuts and places.
    reads : set of str
        The collections that the model reads.

    Raises
    ------
    InputError
        If the file cannot be read, or lacks what the schema needs.
    """

    def __init__(self, conversion: Conversion, reads: Set[str]) -> None:
        self._stream = Selected(conversion, marks=True)
        self._reads = sorted(reads)
        self._places = conversion.conversion.slots
        self._blocks = self._stream.blocks()
        first = next(self._blocks, None)  # what the file lacks is known when its first block is read
        self._rest = chain([] if first is None else [first], self._blocks)
        layout, record = self._stream.layout, self._stream.record
        facts = {"absent": record.absent, "units": layout.table_texts("units")}
        path = conversion.path if isinstance(conversion.path, Path) else Path(str(conversion.path))
        self.described: Described = RootTables(path, layout, self._places, facts)
        assert conversion.schema is not None
        self.name = conversion.schema.trees[0].rpartition("/")[2].partition(";")[0]
        dtype = layout.jets_dtype()
        self.unit: Unit = layout.unit
        self.event_types: Types = {name: dtype[name] for name in layout.types["events"] if self.unit == "jets"}
        self.row_types: Types = {name: dtype[name] for name in dtype.names or () if name not in self.event_types}
        self.digests = [record.source]
        self._end = 0

    @property
    def flow(self) -> CutFlow:
        """What the selection took away."""
        return CutFlow(self._stream.record.counts)

    def blocks(self) -> Iterator[Piece]:
        """Return the pieces, once: the blocks as they are read."""
        for block in self._rest:
            yield self._piece(block)

    def _piece(self, block: EventBlock) -> Piece:
        layout, jets = self._stream.layout, self._stream.read_jets
        rows = jet_rows(block, layout)
        slots = {
            name: Slots(collection_rows(block.others[name], layout.collection_dtype(name), self._places[name]))
            for name in self._reads
            if name in block.others
        }
        place = block.jets.columns.get(PLACE, np.zeros(len(rows), np.int64))
        origin = Origin(self._end, jets, block.events[ENTRY], place)
        self._end += len(jets)
        events = {name: block.events[name].astype(kind, copy=False) for name, kind in self.event_types.items()}
        channel = event_rows(block, self._stream.record.channel)["channel"]
        return Piece(events, block.jets.offsets, Block(rows, slots), np.ascontiguousarray(channel), origin)


ENTRY, PLACE = Selected.ENTRY, Selected.PLACE


def digests_of(path: Location) -> list[str]:
    """Return the digest of a file of this machine."""
    return [file_digest(path)] if isinstance(path, Path) else []


def named_trees(path: Location, patterns: Sequence[str]) -> list[str]:
    """Return the trees of a file that patterns name, each once, in the order of the patterns.

    Raises
    ------
    MissingObjectError
        If a pattern names none.
    """
    with opened(path) as file:
        known = guarded(lambda: [name for name, _ in trees_in(file, deep=True)], path)
    found: dict[str, None] = {}
    for pattern in patterns:
        names = [name for name in known if fnmatchcase(name, pattern)]
        if not names:
            raise MissingObjectError("has no such tree", path=path, where=pattern, advice=near_misses(pattern, known))
        found |= dict.fromkeys(names)
    return list(found)
