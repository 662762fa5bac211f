"""Tables of HDF5 as jetloom writes them: one row a jet, and collections of so many places whose padding is not kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from jetloom.compression.bounds import Bound
from jetloom.compression.pieces import FLAT, Column, Contents, Piece, Values
from jetloom.compression.sources.kinds import bound_of, chosen, require_used, why_not
from jetloom.errors import InputError
from jetloom.io.hdf5.tables import TableReader, TableWriter

VALID = "valid"


def contents(reader: TableReader, bounds: Mapping[str, Bound], patterns: Sequence[str]) -> Contents:
    """Return what the tables hold: columns are called ``jets/pt``.

    Raises
    ------
    MissingObjectError, ConfigurationError
        If a pattern or a bound names no column.
    InputError
        If the tables of the columns have different numbers of rows.
    """
    found: dict[str, tuple[np.dtype[Any], str]] = {}
    left_out: dict[str, str] = {}
    for table in sorted(reader.rows, key=lambda one: reader.slots(one) is not None):
        group = FLAT if reader.slots(table) is None else table
        for name in reader.dtype(table).names or ():
            kind, full = reader.dtype(table)[name], f"{table}/{name}"
            if group != FLAT and name == VALID:
                continue
            if kind.shape or why_not(kind):
                left_out[full] = why_not(kind)
            else:
                found[full] = kind, group
    kept = chosen(found, patterns, reader.path)
    require_used(bounds, found, reader.path)
    columns = {name: Column(found[name][0], bound_of(name, bounds, found[name][0]), found[name][1]) for name in kept}
    slots = {table: reader.slots(table) for table in reader.rows if any(c.split("/")[0] == table for c in kept)}
    rows = {table: reader.rows[table] for table in slots}
    if len(set(rows.values())) > 1:
        raise InputError(
            f"its tables have different numbers of rows ({', '.join(f'{name}: {rows[name]}' for name in rows)})",
            path=reader.path, advice="compress those of one number, as --branches 'jets/*'",
        )  # fmt: skip
    attributes = {key: reader.attribute(key) for key in reader.own_attributes()}
    return Contents("hdf5", columns, {"slots": slots, "attributes": attributes}, left_out)


def pieces(reader: TableReader, contents: Contents, entries: int) -> Iterator[Piece]:
    """Read the tables in blocks of rows.

    Raises
    ------
    InputError
        If padding stands in front of what is valid, or is not 0: it could not be restored.
    """
    slots: dict[str, int | None] = contents.facts["slots"]
    total = max((reader.rows[table] for table in slots), default=0)
    for start in range(0, total, entries):
        stop = min(start + entries, total)
        values: dict[str, Values] = {}
        counts: dict[str, Values] = {}
        for table, places in slots.items():
            rows = reader.read(table, start, stop)
            names = [name for name in contents.columns if name.split("/")[0] == table]
            if places is None:
                values |= {name: np.ascontiguousarray(rows[name.split("/")[1]]) for name in names}
                continue
            valid = rows[VALID]
            counts[table] = valid.sum(axis=1, dtype=np.int64)
            if (valid != (np.arange(places) < counts[table][:, None])).any():
                raise InputError("padding stands before what is valid", path=reader.path, where=table)
            for name in names:
                column = rows[name.split("/")[1]]
                if column[~valid].any():
                    raise InputError("padding is not 0", path=reader.path, where=name)
                values[name] = np.ascontiguousarray(column[valid])
        yield Piece(stop - start, values, counts)


def write(path: Path, contents: Contents, pieces: Iterator[Piece]) -> int:
    """Write the tables with the columns, types and attributes of the original; return the number of rows."""
    slots: dict[str, int | None] = contents.facts["slots"]
    kinds = {table: _dtype(table, contents, places is not None) for table, places in slots.items()}
    written = 0
    with ExitStack() as stack:
        writer = stack.enter_context(TableWriter(path, {table: (kinds[table], slots[table]) for table in slots}))
        writer.attributes |= contents.facts["attributes"]
        for piece in pieces:
            writer.append(**{table: _rows(table, piece, contents, kinds[table], slots[table]) for table in slots})
            written += piece.entries
    return written


def _dtype(table: str, contents: Contents, padded: bool) -> np.dtype[Any]:
    fields = [
        (name.split("/")[1], column.kind) for name, column in contents.columns.items() if name.split("/")[0] == table
    ]
    return np.dtype([*fields, (VALID, "?")] if padded else fields)


def _rows(table: str, piece: Piece, contents: Contents, kind: np.dtype[Any], places: int | None) -> Any:
    names = [name for name in contents.columns if name.split("/")[0] == table]
    rows = np.zeros(piece.entries if places is None else (piece.entries, places), kind)
    valid: Any = slice(None)
    if places is not None:
        rows[VALID] = np.arange(places) < piece.counts[table][:, None]
        valid = rows[VALID]
    for name in names:
        rows[name.split("/")[1]][valid] = piece.values[name]
    return rows
