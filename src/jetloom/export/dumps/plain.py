"""Compound datasets with the plain deflate filter, as ``h5ls -v`` and every HDF5 library read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import CorruptFileError, MissingFileError, MissingObjectError, near_misses
from jetloom.io.atomic import publishing

Rows = npt.NDArray[np.void]
CHUNK, DEFLATE = 2048, 7
"""Rows of a chunk, and level of the filter."""
JETS = "jets"


def write_plain(
    path: Path,
    tables: Mapping[str, Rows],
    attributes: Mapping[str, Any],
    chunk: int = CHUNK,
    deflate: int = DEFLATE,
) -> None:
    """Publish tables.

    Parameters
    ----------
    path : Path
        The file.
    tables : mapping of str to structured array
        By dataset, of shape (rows,) or (rows, slots).
    attributes : mapping
        JSON-like, stored as the attribute ``jetloom``.
    chunk : int
        Rows of a chunk.
    deflate : int
        Level of the filter; 0 is none.
    """
    import h5py

    filters = {"compression": "gzip", "compression_opts": deflate} if deflate else {}

    def check(part: Path) -> None:
        for name, rows in tables.items():
            if read_plain(part, name).tobytes() != rows.tobytes():
                raise CorruptFileError("is not read back as it was written", path=path, where=name)

    with publishing(path, check) as part, h5py.File(part, "w") as file:
        file.attrs["jetloom"] = json.dumps(attributes, sort_keys=True)
        for name, rows in tables.items():
            tail = rows.shape[1:]
            file.create_dataset(name, data=rows, maxshape=(None, *tail), chunks=(chunk, *tail), **filters)


def read_plain(path: Path, table: str = JETS) -> Rows:
    """Read a table of such a file, or of any other with a compound dataset of this name.

    Raises
    ------
    MissingFileError, CorruptFileError, MissingObjectError
        If there is no such file or dataset, or it cannot be read.
    """
    import h5py
    import hdf5plugin  # noqa: F401 - filters of converted files

    if not path.is_file():
        raise MissingFileError("there is no such file", path=path)
    try:
        with h5py.File(path, "r") as file:
            if table not in file:
                raise MissingObjectError("there is no such dataset", path=path, where=table,
                                         advice=near_misses(table, file))  # fmt: skip
            rows: Rows = file[table][:]
    except OSError as error:
        raise CorruptFileError(f"is no HDF5 file that can be read ({error})", path=path) from None
    if rows.dtype.names is None:
        raise CorruptFileError("holds no fields", path=path, where=table)
    return rows


def chosen_fields(rows: Rows, names: list[str], path: Path) -> Rows:
    """Return some fields without gaps between them: numbers of 4 bytes, real ones as float32 and whole ones as int32.

    Raises
    ------
    MissingObjectError
        If there is no such field; the near misses are named.
    """
    known = rows.dtype.names or ()
    for name in names:
        if name not in known:
            raise MissingObjectError(f"there is no field '{name}'", path=path, where=JETS,
                                     advice=near_misses(name, known))  # fmt: skip
    kinds = ["<i4" if rows.dtype[name].kind in "iub" and rows.dtype[name].itemsize <= 4 else "<f4" for name in names]
    found = np.zeros(rows.shape, list(zip(names, kinds, strict=True)))
    for name in names:
        found[name] = rows[name]
    return found


def with_columns(rows: Rows, columns: Mapping[str, npt.NDArray[Any]]) -> Rows:
    """Return rows with further float32 fields behind theirs; fields of the same names are replaced."""
    kept = [name for name in rows.dtype.names or () if name not in columns]
    found = np.zeros(rows.shape, [(name, rows.dtype[name]) for name in kept] + [(name, "<f4") for name in columns])
    for name in kept:
        found[name] = rows[name]
    for name, values in columns.items():
        found[name] = values
    return found
