"""Reading batches from HDF5, against reading as many bytes of a raw file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.measurement import Measurement
from jetloom.io.hdf5.tables import TableReader, TableWriter

ROWS, SLOTS, BATCH = 200_000, 40, 5_000
FIELDS = 10
REPEATS = 5


def measure(directory: Path) -> list[Measurement]:
    """Write jets with 40 places for constituents of ten variables; read them in batches of 5,000 rows."""
    dtype = np.dtype([(f"v{index}", "<f4") for index in range(FIELDS)] + [("valid", "?")])
    rows = _rows(dtype)
    raw = directory / "raw.bin"
    raw.write_bytes(rows.tobytes())
    found = []
    for compression in ("lz4", "none"):
        path = directory / f"{compression}.h5"
        with TableWriter(path, {"constituents": (dtype, SLOTS)}, compression) as writer:
            writer.append(constituents=rows)
        # The two take turns, so that a change of the machine's speed meets both.
        ours, theirs = [], []
        for _ in range(REPEATS):
            ours.append(_seconds(lambda path=path: _read_batches(path)))
            theirs.append(_seconds(lambda: _read_raw(raw, rows.nbytes * BATCH // ROWS)))
        speed, raw_speed = rows.nbytes / min(ours) / 1e6, rows.nbytes / min(theirs) / 1e6
        found.append(
            Measurement(
                f"HDF5 batches of {BATCH} rows x {SLOTS}, {compression}",
                speed,
                "MB/s",
                f"raw file in blocks {raw_speed:.0f} MB/s",
                speed / raw_speed,
                ">= 0.70",
            )
        )
    return found


def _rows(dtype: np.dtype) -> np.ndarray:
    random = np.random.default_rng(3)
    rows = np.zeros((ROWS, SLOTS), dtype)
    valid = np.arange(SLOTS) < np.minimum(random.poisson(26, ROWS), SLOTS)[:, None]
    for index in range(FIELDS):
        rows[f"v{index}"][valid] = random.normal(size=int(valid.sum())).astype(np.float32)
    rows["valid"] = valid
    return rows


def _read_batches(path: Path) -> None:
    with TableReader(path) as reader:
        for start in range(0, ROWS, BATCH):
            reader.read("constituents", start, start + BATCH)


def _read_raw(path: Path, block: int) -> None:
    with path.open("rb", buffering=0) as file:
        while file.read(block):
            pass


def _seconds(action: Callable[[], None]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
