"""HDF5 in the field's own layout: compound datasets, one row a jet, collections as ``(rows, slots)`` with ``valid``.

The layout is that of atlas-ftag-tools: a 1-D compound dataset ``jets`` and, for each collection that belongs to the
jets, a 2-D compound dataset of ``(rows, slots)`` whose bool field ``valid`` tells filled places from padding. Every
file says in its attributes how many rows it was closed with and what it was made of, so that a truncated or
half-written file is never taken for a whole one. Each dataset has the checksums of its chunks in the attribute
``checksums``, and the file one of its attributes, these checksums among them, in ``checksum``.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
import numpy.typing as npt
import xxhash
from pydantic import TypeAdapter, ValidationError

from jetloom.errors import CorruptFileError, MissingFileError, MissingObjectError, near_misses
from jetloom.io.hdf5.chunk_reader import ChunkReader
from jetloom.io.hdf5.chunks import filter_options, pack
from jetloom.io.integrity.damage import BadBytesError, Interpreting
from jetloom.io.widths import require_width

Rows = npt.NDArray[np.void]

FORMAT, CHECKSUM, CHECKSUMS = "jetloom-2", "checksum", "checksums"
AGAIN = "make it again"
CHUNK_BYTES = 1 << 20
"""Aim for the size of one chunk: large enough for the disk, small enough for the processor's cache."""


class TableWriter:
    """Appends rows to the compound datasets of one new file.

    Parameters
    ----------
    path : Path
        File to create (give the path that ``publishing`` yields).
    tables : mapping of str to (dtype, slots)
        Compound dtype of each dataset, and None for a 1-D dataset or the number of places of a 2-D one.
    compression : str
        Name of the filter, see :func:`jetloom.io.hdf5.chunks.filter_options`.
    attributes : mapping
        JSON-like values, stored as JSON text attributes of the file when it is closed.

    Raises
    ------
    ConfigurationError
        If a table has more columns than HDF5 can describe.
    """

    def __init__(
        self, path: Path, tables: Mapping[str, tuple[np.dtype[Any], int | None]], compression: str = "lz4"
    ) -> None:
        self.attributes: dict[str, Any] = {}
        require_width({name: dtype for name, (dtype, _) in tables.items()})
        self._file = _create(path)
        self._compression = compression
        self._rows = dict.fromkeys(tables, 0)
        self._pending: dict[str, list[Rows]] = {name: [] for name in tables}
        self._checksums: dict[str, list[int]] = {name: [] for name in tables}
        options = filter_options(compression)
        self._datasets: dict[str, Any] = {}
        self._chunk: dict[str, int] = {}
        for name, (dtype, slots) in tables.items():
            chunk = max(64, min(8192, CHUNK_BYTES // (dtype.itemsize * (slots or 1))))
            tail = () if slots is None else (slots,)
            self._chunk[name] = chunk
            self._datasets[name] = self._file.create_dataset(
                name, (0, *tail), dtype, maxshape=(None, *tail), chunks=(chunk, *tail), track_times=False, **options
            )

    def append(self, **rows: Rows) -> None:
        """Append equally many rows to each dataset; whole chunks are written, the rest waits for more."""
        for name, new in rows.items():
            pending = self._pending[name]
            pending.append(new)
            chunk = self._chunk[name]
            waiting = sum(len(part) for part in pending)
            if waiting >= chunk:
                together = pending[0] if len(pending) == 1 else np.concatenate(pending)
                whole = waiting - waiting % chunk
                self._write(name, together[:whole])
                self._pending[name] = [together[whole:]] if whole < waiting else []

    def chunk_rows(self, table: str) -> int:
        """Return the number of rows of a chunk: appending whole chunks is fastest."""
        return self._chunk[table]

    def _write(self, name: str, rows: Rows) -> None:
        """Write whole chunks; at the end of the file the rest, which is the only part of a chunk."""
        dataset, chunk, start = self._datasets[name], self._chunk[name], self._rows[name]
        dataset.resize(start + len(rows), axis=0)
        corner = (0,) * (dataset.ndim - 1)
        for first in range(0, len(rows), chunk):
            packed = pack(rows[first : first + chunk], chunk, self._compression)
            dataset.id.write_direct_chunk((start + first, *corner), packed)
            self._checksums[name].append(xxhash.xxh3_64_intdigest(packed))
        self._rows[name] = start + len(rows)

    def close(self) -> None:
        """Write what waits, the attributes, the number of rows that marks the file as whole, and the checksums."""
        for name, pending in self._pending.items():
            if pending:
                self._write(name, np.concatenate(pending))
        texts = {key: json.dumps(value, sort_keys=True) for key, value in self.attributes.items()}
        texts |= {"rows": json.dumps(self._rows, sort_keys=True), "format": FORMAT}
        sums = {name: np.array(found, "<u8") for name, found in self._checksums.items()}
        texts[CHECKSUM] = _checksum(texts, sums)
        for name, found in sums.items():
            self._datasets[name].attrs[CHECKSUMS] = found
        for key, text in texts.items():
            # Of fixed length: what varies lies in a heap without checksums, in which HDF5 can search without an end.
            raw = text.encode()
            self._file.attrs.create(key, raw, dtype=h5py.string_dtype("utf-8", len(raw)))
        try:
            self._file.close()
        except RuntimeError as error:  # h5py says so when the disk is full
            raise OSError(str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._abandon()

    def _abandon(self) -> None:
        """Close a file that will be thrown away; on a full disk even that may fail, and does not matter."""
        with suppress(OSError, RuntimeError):
            self._file.close()


class TableReader:
    """Reads the compound datasets of a file, after checking that it is whole.

    Raises
    ------
    MissingFileError, CorruptFileError
        If there is no such file, it is not HDF5, it is truncated, or it was never closed.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._chunks: dict[str, ChunkReader] = {}
        self._raw: io.FileIO | None = None
        if not self.path.is_file():
            raise MissingFileError("there is no such file", path=path)
        with Interpreting(path, advice=AGAIN, doing="is not a readable HDF5 file"):
            # A published file never changes, and on many file systems of clusters a lock cannot be had.
            self._file = h5py.File(self.path, "r", locking=False)
        try:
            with Interpreting(path, advice=AGAIN, doing="is damaged"):
                self._texts, self._sums = self._verified()
                self.rows: dict[str, int] = json.loads(self._texts["rows"])
        except CorruptFileError:
            self._file.close()
            raise

    def _verified(self) -> tuple[dict[str, str], dict[str, npt.NDArray[np.uint64]]]:
        """Read the attributes and the checksums of the chunks, and hold them against the checksum of the file."""
        if "rows" not in self._file.attrs:
            raise BadBytesError("was not made by jetloom, or never closed")
        texts = {key: self._text(key) for key in self._file.attrs}
        if CHECKSUM not in texts:
            raise BadBytesError("has no checksum: it is damaged, or of an older jetloom")
        rows = json.loads(texts["rows"])
        sums = {name: np.asarray(self._file[name].attrs[CHECKSUMS], "<u8") for name in rows}
        if texts.pop(CHECKSUM) != _checksum(texts, sums):
            raise BadBytesError("is not as it was written (the checksum of its attributes differs)")
        for name, written in rows.items():
            if (found := len(self._file[name])) != written:
                raise BadBytesError(f"has {found} rows of '{name}' where {written} were written")
        return texts, sums

    def _text(self, key: str) -> str:
        kind = self._file.attrs.get_id(key).get_type()
        if not isinstance(kind, h5py.h5t.TypeStringID) or kind.is_variable_str():
            raise BadBytesError(f"has an attribute '{key}' that is not as jetloom writes it, or of an older jetloom")
        return bytes(self._file.attrs[key]).decode()

    def has_attribute(self, key: str) -> bool:
        """Say whether the file has an attribute."""
        return key in self._texts

    def own_attributes(self) -> list[str]:
        """Return the attributes that whoever wrote the file gave it."""
        return [key for key in self._texts if key not in ("rows", "format")]

    def attribute(self, key: str, kind: Any = Any) -> Any:
        """Return a JSON attribute of the file, which must be of a kind: a type as in an annotation."""
        if key not in self._texts:
            raise MissingObjectError("has no such attribute", path=self.path, where=key)
        try:
            return TypeAdapter(kind).validate_json(self._texts[key], strict=True)
        except ValidationError as error:
            cause = f"is not as jetloom writes it ({error.errors()[0]['msg']})"
            raise CorruptFileError(cause, path=self.path, where=key, advice=AGAIN) from None

    def count(self, table: str) -> int:
        """Return the number of rows of a dataset that must be there."""
        return len(self._dataset(table))

    def dtype(self, table: str) -> np.dtype[Any]:
        """Return the compound dtype of a dataset."""
        return self._dataset(table).dtype

    def slots(self, table: str) -> int | None:
        """Return the number of places of a 2-D dataset, None for a 1-D one."""
        shape = self._dataset(table).shape
        return int(shape[1]) if len(shape) > 1 else None

    def chunk_rows(self, table: str) -> int:
        """Return the number of rows of a chunk: reading whole chunks is fastest."""
        return int(self._dataset(table).chunks[0])

    def read(self, table: str, start: int = 0, stop: int | None = None) -> Rows:
        """Read rows ``start`` to ``stop`` of a dataset.

        Raises
        ------
        CorruptFileError
            If the data cannot be read back.
        """
        chunks = self._chunks.get(table) or self._chunks_of(table)
        stop = self.rows[table] if stop is None else min(stop, self.rows[table])
        with Interpreting(self.path, table, AGAIN, "is damaged"):
            return chunks.read(start, max(start, stop))

    def blocks(self, table: str, rows: int) -> Iterator[Rows]:
        """Read a dataset from start to end in blocks of whole chunks, of about ``rows`` rows."""
        chunk = self.chunk_rows(table)
        step = max(1, rows // chunk) * chunk
        for start in range(0, self.rows[table], step):
            yield self.read(table, start, min(start + step, self.rows[table]))

    def _chunks_of(self, table: str) -> ChunkReader:
        """Find the chunks of a dataset when it is first read."""
        dataset = self._dataset(table)
        self._raw = self._raw or self.path.open("rb", buffering=0)
        with Interpreting(self.path, table, AGAIN, "is damaged"):
            self._chunks[table] = ChunkReader(dataset, self._raw.fileno(), self._sums[table])
        return self._chunks[table]

    def _dataset(self, table: str) -> Any:
        if table not in self.rows:
            advice = near_misses(table, self.rows)
            raise MissingObjectError("no such dataset", path=self.path, where=table, advice=advice)
        return self._file[table]

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        if self._raw is not None:
            self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def check_file(path: Path) -> None:
    """Open a file that was just written and read the last row of each dataset; raise if that fails."""
    with TableReader(path) as reader:
        for table, rows in reader.rows.items():
            if rows:
                reader.read(table, rows - 1, rows)


def _create(path: Path) -> h5py.File:
    """Create a file whose bytes follow from its content: without the time in its root group."""
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_libver_bounds(h5py.h5f.LIBVER_V110, h5py.h5f.LIBVER_V110)
    access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    create = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    create.set_obj_track_times(False)
    return h5py.File(h5py.h5f.create(os.fsencode(path), h5py.h5f.ACC_TRUNC, fcpl=create, fapl=access))


def _checksum(texts: Mapping[str, str], sums: Mapping[str, npt.NDArray[np.uint64]]) -> str:
    """Return the checksum of a file: of its attributes, and of the checksums of its chunks."""
    state = xxhash.xxh3_64(json.dumps(texts, sort_keys=True).encode())
    for name in sorted(sums):
        state.update(sums[name].tobytes())
    return str(state.hexdigest())
