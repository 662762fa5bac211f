"""Chunks that we compress are what every HDF5 reader expects."""

import fcntl

import numpy as np
import pytest

from jetloom.io.hdf5.tables import TableReader, TableWriter

DTYPE = np.dtype([("a", "f4"), ("b", "i4"), ("valid", "?")])


@pytest.mark.parametrize("compression", ["lz4", "zstd", "gzip", "none"])
@pytest.mark.parametrize("compressible", [False, True])
@pytest.mark.parametrize("rows", [0, 5, 8192, 20_000])
def test_what_is_written_is_read_back(tmp_path, compression, compressible, rows):
    random = np.random.default_rng(1)
    flat, wide = np.zeros(rows, DTYPE), np.zeros((rows, 3), DTYPE)
    if not compressible:
        for table in (flat, wide):
            table.view(np.uint8)[...] = random.integers(0, 2, table.view(np.uint8).shape)
            table["a"] = random.random(table.shape)
    with TableWriter(tmp_path / "x.h5", {"flat": (DTYPE, None), "wide": (DTYPE, 3)}, compression) as writer:
        for start in range(0, rows, 3000):
            writer.append(flat=flat[start : start + 3000], wide=wide[start : start + 3000])
    with TableReader(tmp_path / "x.h5") as reader:
        assert reader.read("flat").tobytes() == flat.tobytes()
        assert reader.read("wide").tobytes() == wide.tobytes()


def test_reading_asks_for_no_lock(tmp_path):
    """On file systems of clusters a lock often cannot be had: as here, where another one holds it."""
    with TableWriter(tmp_path / "x.h5", {"flat": (DTYPE, None)}, "none") as writer:
        writer.append(flat=np.zeros(5, DTYPE))
    with (tmp_path / "x.h5").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with TableReader(tmp_path / "x.h5") as reader:
            assert len(reader.read("flat")) == 5
