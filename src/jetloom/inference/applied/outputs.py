"""Where applied rows go: ROOT files (TTree or RNTuple) with the structure of events, friends of trees, HDF5 files."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import awkward as ak
import numpy as np
import numpy.typing as npt
import uproot

from jetloom.data.collections import Index, offsets_of
from jetloom.errors import BadValueError
from jetloom.inference.applied.pieces import Columns, Piece, Types
from jetloom.io.hdf5.tables import TableWriter, check_file
from jetloom.io.integrity.damage import BadBytesError
from jetloom.io.root.files import guarded, opened

KEY = "jetloom_applied"
PART = "output_part"
Format = Literal["root", "rntuple", "hdf5"]
ENDINGS: Mapping[str, str] = {"root": ".root", "rntuple": ".root", "hdf5": ".h5"}
CHECKED = 1000
"""Entries at the end of a tree that are read again before it is published."""


@dataclass(frozen=True)
class Chunk:
    """A piece with what the model says of its rows.

    Attributes
    ----------
    piece : Piece
        What was applied to.
    outputs : mapping of str to float32 array, shape (rows,)
        The new columns.
    parts : int32 array, shape (events,)
        Part or fold of each event, see :mod:`jetloom.inference.applied.networks`.
    """

    piece: Piece
    outputs: Columns
    parts: npt.NDArray[np.int32]

    def only(self, mask: npt.NDArray[np.bool_]) -> Chunk:
        """Return some of the rows, and the events that have one of them."""
        kept = self.piece.keep_rows(mask)
        having = np.diff(kept.offsets) > 0
        outputs = {name: values[mask] for name, values in self.outputs.items()}
        return Chunk(kept.keep_events(having), outputs, self.parts[having])


class Sink(ABC):
    """A file that applied rows go to; use its methods in the order in which they stand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: dict[str, int] = {}
        """Entries (of HDF5 files: rows) by tree."""

    @abstractmethod
    def tree(self, name: str, events: Types, rows: Types, outputs: list[str]) -> None:
        """Begin a tree with columns of events and rows."""

    @abstractmethod
    def append(self, name: str, chunk: Chunk) -> None:
        """Append to a tree."""

    @abstractmethod
    def finish(self, record: Mapping[str, Any]) -> None:
        """Write what is known of the whole, and close the file."""

    @abstractmethod
    def abandon(self) -> None:
        """Close a file that will be thrown away."""


class RootSink(Sink):
    """A ROOT file with one entry an event: ``<variable>`` of events, ``njets`` and ``jets_<variable>`` of their jets.

    Parameters
    ----------
    path : Path
        File to create.
    rntuple : bool
        Write RNTuples and no TTrees.
    friend : bool
        Write the new columns only, and of each entry of the tree that was read, selected or not, so that the tree is a
        friend of that: NaN where there is no prediction.
    """

    def __init__(self, path: Path, rntuple: bool, friend: bool) -> None:
        super().__init__(path)
        self._file = uproot.recreate(path.absolute(), compression=uproot.LZ4(1))
        self._make = self._file.mkrntuple if rntuple else self._file.mktree
        self._friend = friend
        self._trees: dict[str, Any] = {}

    def tree(self, name: str, events: Types, rows: Types, outputs: list[str]) -> None:
        """Begin a tree; see :class:`Sink`."""
        if name in self.entries:
            raise BadValueError(f"two trees of the output would be called '{name}'", path=self.path)
        flat: dict[str, Any] = {} if self._friend else {key: np.dtype(kind) for key, kind in events.items()}
        of_rows = {} if self._friend else {key: str(kind) for key, kind in rows.items()}
        of_rows |= dict.fromkeys(outputs, "float32")
        flat[PART] = np.dtype(np.int32)
        if events:
            fields = ", ".join(f'"{key}": {kind}' for key, kind in of_rows.items())
            flat["jets"] = f"var * {{{fields}}}"
        else:
            flat |= {key: np.dtype(kind) for key, kind in of_rows.items()}
        self._trees[name] = self._make(name, flat)
        self.entries[name] = 0

    def append(self, name: str, chunk: Chunk) -> None:
        """Append events; see :class:`Sink`."""
        entries = _friends(chunk) if self._friend else _entries(chunk)
        length = len(entries[PART])
        if length:
            self._trees[name].extend(entries)
            self.entries[name] += length

    def finish(self, record: Mapping[str, Any]) -> None:
        """Write the record as the string ``jetloom_applied``, and close the file."""
        self._file[KEY] = json.dumps(record, sort_keys=True)
        self._file.close()

    def abandon(self) -> None:
        """Close a file that will be thrown away; on a full disk even that may fail, and does not matter."""
        with suppress(OSError, ValueError):
            self._file.close()


def _entries(chunk: Chunk) -> dict[str, Any]:
    """Return the entries of a tree for a piece: columns of events, and records of their jets."""
    piece = chunk.piece
    rows = {name: piece.block.rows[name] for name in piece.block.rows.dtype.names or () if name not in piece.events}
    rows |= dict(chunk.outputs)
    if not piece.events:
        return rows | {PART: chunk.parts}
    entries: dict[str, Any] = {name: np.ascontiguousarray(values) for name, values in piece.events.items()}
    return entries | {PART: chunk.parts, "jets": _jagged(rows, piece.offsets)}


def _friends(chunk: Chunk) -> dict[str, Any]:
    """Return the entries of a friend: one for each that was read, with as many jets as it had."""
    origin = chunk.piece.origin
    assert origin is not None
    offsets = offsets_of(origin.jets)
    place = offsets[origin.entry[chunk.piece.parents]] + origin.place
    rows = {}
    for name, values in chunk.outputs.items():
        rows[name] = np.full(int(offsets[-1]), np.nan, np.float32)
        rows[name][place] = values
    parts = np.full(len(origin.jets), -2, np.int32)
    parts[origin.entry] = chunk.parts
    return {PART: parts, **({"jets": _jagged(rows, offsets)} if chunk.piece.events else rows)}


def _jagged(columns: Columns, offsets: Index) -> ak.Array:
    contents = [ak.contents.NumpyArray(np.ascontiguousarray(values)) for values in columns.values()]
    records = ak.contents.RecordArray(contents, list(columns), length=int(offsets[-1]))
    return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(offsets), records))


class Hdf5Sink(Sink):
    """An HDF5 file of the layout of converted files: the table ``jets`` with all its columns, and the new ones."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._writer: TableWriter | None = None
        self._dtype = np.dtype([])

    def tree(self, name: str, events: Types, rows: Types, outputs: list[str]) -> None:
        """Begin the table; see :class:`Sink`."""
        if self._writer is not None:
            raise BadValueError(
                f"holds one tree, and '{name}' is another", path=self.path, advice="write ROOT files: --format root"
            )
        fields = [*events.items(), *rows.items(), *((output, np.dtype("<f4")) for output in outputs)]
        self._dtype = np.dtype([*((key, kind.newbyteorder("<")) for key, kind in fields), (PART, "<i4")])
        self._writer = TableWriter(self.path, {"jets": (self._dtype, None)})
        self.entries[name] = 0

    def append(self, name: str, chunk: Chunk) -> None:
        """Append rows; see :class:`Sink`."""
        assert self._writer is not None
        piece = chunk.piece
        rows = np.zeros(len(piece.block), self._dtype)
        for key in piece.block.rows.dtype.names or ():
            rows[key] = piece.block.rows[key]
        for key, values in chunk.outputs.items():
            rows[key] = values
        rows[PART] = chunk.parts[piece.parents]
        self._writer.append(jets=rows)
        self.entries[name] += len(rows)

    def finish(self, record: Mapping[str, Any]) -> None:
        """Write the record as attributes, and close the file."""
        if self._writer is not None:
            self._writer.attributes |= dict(record)
            self._writer.close()

    def abandon(self) -> None:
        """Close a file that will be thrown away."""
        if self._writer is not None:
            with suppress(OSError, ValueError):
                self._writer.__exit__(ValueError, None, None)


def make_sink(path: Path, kind: Format, friend: bool) -> Sink:
    """Return the sink of a format."""
    return Hdf5Sink(path) if kind == "hdf5" else RootSink(path, kind == "rntuple", friend)


def check_applied(path: Path, entries: Mapping[str, int]) -> None:
    """Open a file that was just written, and read the end of each tree.

    Raises
    ------
    CorruptFileError
        If it is not what was written.
    """
    if path.suffix == ".h5":
        check_file(path)
        return
    with opened(path) as file:
        for name, written in entries.items():
            guarded(partial(_check_tree, file, name, written), path, name)


def _check_tree(file: Any, name: str, written: int) -> None:
    found = int(file[name].num_entries)
    if found != written:
        raise BadBytesError(f"has {found} entries where {written} were written")
    if written:
        file[name].arrays(entry_start=max(0, written - CHECKED))
