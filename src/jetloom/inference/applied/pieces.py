"""What a model is applied to, piece by piece: events with their jets, from converted files or from ROOT files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from jetloom.cutflow import CutFlow
from jetloom.data.block import BLOCK_ROWS, Block, read_block
from jetloom.data.collections import Chosen, Index, Rows, offsets_of
from jetloom.io.hdf5.described import Described
from jetloom.io.hdf5.tables import TableReader

Columns = Mapping[str, npt.NDArray[Any]]
Types = Mapping[str, np.dtype[Any]]
Unit = Literal["jets", "events"]
UNKNOWN = -1
"""Channel of an event of which it is not known."""


@dataclass(frozen=True)
class Origin:
    """Where the events of a piece stand in the tree that they were read from.

    Attributes
    ----------
    start : int
        Entry of the first event that was read.
    jets : int64 array, shape (entries,)
        Jets of each entry that was read, selected or not.
    entry : int64 array, shape (events,)
        Entry of each event of the piece, counted from ``start``.
    place : int64 array, shape (rows,)
        Place of each row among the jets of its entry.
    """

    start: int
    jets: Index
    entry: Index
    place: Index


@dataclass(frozen=True)
class Piece:
    """Some events with their jets; or, where the rows are events, these.

    Attributes
    ----------
    events : mapping of str to array
        Columns of the events; empty where the rows are events.
    offsets : int64 array, shape (events + 1,)
        The jets of event i are rows ``offsets[i]`` to ``offsets[i + 1]``.
    block : Block
        The rows: all their columns, and what belongs to them.
    channel : int64 array, shape (events,)
        Number of the process; :data:`UNKNOWN` where it is not known.
    origin : Origin or None
        Where they stand in a ROOT file; None of converted files.
    """

    events: Columns
    offsets: Index
    block: Block
    channel: npt.NDArray[np.int64]
    origin: Origin | None = None

    @property
    def parents(self) -> Index:
        """The event of each row."""
        return np.repeat(np.arange(len(self.channel)), np.diff(self.offsets))

    def keep_rows(self, mask: npt.NDArray[np.bool_]) -> Piece:
        """Return all events with some of the rows."""
        if mask.all():
            return self
        before = np.concatenate([np.zeros(1, np.int64), np.cumsum(mask)])
        origin = self.origin and replace(self.origin, place=self.origin.place[mask])
        return replace(self, offsets=before[self.offsets], block=self.block.take(mask), origin=origin)

    def keep_events(self, mask: npt.NDArray[np.bool_]) -> Piece:
        """Return some of the events with their rows."""
        if mask.all():
            return self
        lengths = np.diff(self.offsets)
        rows: Chosen = np.repeat(mask, lengths)
        origin = self.origin and replace(self.origin, entry=self.origin.entry[mask], place=self.origin.place[rows])
        return replace(
            self,
            events={name: values[mask] for name, values in self.events.items()},
            offsets=offsets_of(lengths[mask]),
            block=self.block.take(rows),
            channel=self.channel[mask],
            origin=origin,
        )


class Pieces(Protocol):
    """A file that a model is applied to."""

    described: Described
    """Its tables."""
    name: str
    """Name of what it is a tree of, for the output."""
    event_types: Types
    row_types: Types
    """Columns of the events and of the rows, with their types."""
    unit: Unit
    """What a row is."""
    digests: list[str]
    """Digests of the file and of what it was made from."""

    @property
    def flow(self) -> CutFlow:
        """What was lost before the pieces; whole after the last of them."""
        ...

    def blocks(self) -> Iterator[Piece]:
        """Return the pieces, once."""
        ...


class Hdf5Pieces:
    """A converted file.

    Parameters
    ----------
    reader : TableReader
        The open file.
    event_names : set of str
        Columns of the jets that are those of their events.
    reads : set of str
        The collections that the model reads.
    digest : str
        Of the file.
    """

    def __init__(self, reader: TableReader, event_names: Set[str], reads: Set[str], digest: str) -> None:
        self.described: Described = reader
        self.name = "events"
        self._reader, self._reads = reader, reads
        dtype = reader.dtype("jets")
        columns = {name: dtype[name] for name in dtype.names or ()}
        self.unit: Unit = reader.attribute("unit", Unit) if reader.has_attribute("unit") else "jets"
        of_events = event_names if self.unit == "jets" else frozenset[str]()
        self.event_types: Types = {name: kind for name, kind in columns.items() if name in of_events}
        self.row_types: Types = {name: kind for name, kind in columns.items() if name not in of_events}
        source = reader.attribute("source") if reader.has_attribute("source") else ""
        self.digests = [digest, *([source] if source else [])]

    @property
    def flow(self) -> CutFlow:
        """What the conversion took away."""
        return CutFlow(self._reader.attribute("counts") if self._reader.has_attribute("counts") else ())

    def blocks(self) -> Iterator[Piece]:
        """Return the pieces; events are neighbouring jets of one run and event number, and stay whole."""
        total, start = self._reader.count("jets"), 0
        step = max(1, BLOCK_ROWS // self._reader.chunk_rows("jets")) * self._reader.chunk_rows("jets")
        while start < total:
            stop = min(start + step, total)
            block = read_block(self._reader, start, stop, self._reads)
            first = _first_of_events(block.rows) if self.unit == "jets" else np.arange(len(block))
            if self.unit == "jets" and stop < total and len(first) > 1:  # the last event may go on in the next block
                block, first, stop = block.take(slice(0, int(first[-1]))), first[:-1], start + int(first[-1])
            yield self._piece(block, first)
            start = stop

    def _piece(self, block: Block, first: Index) -> Piece:
        events = {name: block.rows[name][first] for name in self.event_types}
        offsets = np.append(first, len(block)).astype(np.int64)
        return Piece(events, offsets, block, self._channels(block.rows[first]))

    def _channels(self, rows: Rows) -> npt.NDArray[np.int64]:
        """Return the channel of each event: from its column, or because the file has events of one process only."""
        reader = self._reader
        name = reader.attribute("channel") if reader.has_attribute("channel") else ""
        if name in (rows.dtype.names or ()):
            values = rows[name].astype(np.float64)
            return np.where(np.isfinite(values), values, UNKNOWN).astype(np.int64)
        known = reader.attribute("channels") if reader.has_attribute("channels") else None
        one = int(next(iter(known))) if known and len(known) == 1 else UNKNOWN
        return np.full(len(rows), one, np.int64)


def _first_of_events(rows: Rows) -> Index:
    """Return where the jets of each event begin."""
    new = np.ones(len(rows), bool)
    new[1:] = (np.diff(rows["event_number"]) != 0) | (np.diff(rows["run_number"]) != 0)
    return np.flatnonzero(new)


def file_name(path: Path) -> str:
    """Return the name of a file without its ending, as results of it are called."""
    return path.name.removesuffix(".root").removesuffix(".h5")
