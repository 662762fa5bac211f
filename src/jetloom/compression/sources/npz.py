"""Arrays of NumPy with names, of the same number of rows; those of several values a row become several columns."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jetloom.compression.bounds import Bound
from jetloom.compression.pieces import Column, Contents, Piece, Values
from jetloom.compression.sources.kinds import bound_of, chosen, require_used, why_not
from jetloom.errors import CorruptFileError, InputError, MissingFileError

NAMES = "names"


def load(path: Path) -> dict[str, Values]:
    """Return the arrays of a file; nothing in it is executed.

    Raises
    ------
    MissingFileError, CorruptFileError
        If there is no such file, or it is none of arrays, or holds Python objects.
    """
    if not path.is_file():
        raise MissingFileError("there is no such file", path=path)
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise CorruptFileError(f"cannot be read as arrays ({error})", path=path) from None


def contents(
    arrays: Mapping[str, Values], bounds: Mapping[str, Bound], patterns: Sequence[str], path: Path
) -> tuple[Contents, dict[str, Values]]:
    """Return what the file holds and the columns of its arrays.

    An array ``data`` of shape (rows, columns) with an array ``names`` of as many texts has those as names, as baler
    has it. Of other arrays of several values a row the columns are called ``name[0]``, ``name[1]``.

    Raises
    ------
    InputError
        If arrays have different numbers of rows, or there is none of numbers.
    """
    texts = {name: array for name, array in arrays.items() if array.dtype.kind == "U"}
    found: dict[str, Values] = {}
    shapes: dict[str, list[Any]] = {}
    left_out = {name: "is a text" for name, array in texts.items() if name != NAMES}
    for name, array in arrays.items():
        if name in texts:
            continue
        if array.ndim == 0 or why_not(array.dtype):
            left_out[name] = "is one value" if array.ndim == 0 else why_not(array.dtype)
            continue
        flat = array.reshape(len(array), -1) if array.size else array.reshape(len(array), int(np.prod(array.shape[1:])))
        own = [name] if array.ndim == 1 else _names(name, flat.shape[1], texts)
        shapes[name] = [list(array.shape[1:]), own]
        found |= {column: np.ascontiguousarray(flat[:, place]) for place, column in enumerate(own)}
    lengths = {len(values) for values in found.values()}
    if len(lengths) != 1:
        raise InputError(f"arrays have {sorted(lengths)} rows" if lengths else "has no array of numbers", path=path)
    kept = chosen(found, patterns, path)
    require_used(bounds, found, path)
    shapes = {name: entry for name, entry in shapes.items() if set(entry[1]) <= set(kept)}
    loose = set(kept) - {column for _, own in shapes.values() for column in own}
    shapes |= {column: [[], [column]] for column in kept if column in loose}
    columns = {name: Column(found[name].dtype, bound_of(name, bounds, found[name].dtype)) for name in kept}
    facts = {"arrays": shapes, "names": [str(text) for text in texts[NAMES]] if NAMES in texts else None}
    return Contents("npz", columns, facts, left_out), {name: found[name] for name in kept}


def pieces(columns: Mapping[str, Values], entries: int) -> Iterator[Piece]:
    """Cut columns into blocks."""
    total = len(next(iter(columns.values())))
    for start in range(0, total, entries):
        stop = min(start + entries, total)
        yield Piece(stop - start, {name: values[start:stop] for name, values in columns.items()}, {})


def write(path: Path, contents: Contents, pieces: Iterator[Piece]) -> int:
    """Write the arrays with the names, shapes and types of the original; return the number of rows."""
    parts: dict[str, list[Values]] = {name: [np.empty(0, column.kind)] for name, column in contents.columns.items()}
    rows = 0
    for piece in pieces:
        rows += piece.entries
        for name, values in piece.values.items():
            parts[name].append(values)
    columns = {name: np.concatenate(found) for name, found in parts.items()}
    arrays = {
        name: np.stack([columns[column] for column in own], axis=1).reshape(rows, *shape) if shape else columns[own[0]]
        for name, (shape, own) in contents.facts["arrays"].items()
    }
    if contents.facts["names"] is not None:
        arrays[NAMES] = np.array(contents.facts["names"])
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    return rows


def _names(name: str, width: int, texts: Mapping[str, Values]) -> list[str]:
    given = texts.get(NAMES)
    if name == "data" and given is not None and given.shape == (width,) and len(set(given.tolist())) == width:
        return [str(text) for text in given]
    return [f"{name}[{place}]" for place in range(width)]
