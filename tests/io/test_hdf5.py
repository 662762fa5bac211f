"""No byte of a file of tables changes unseen, and any HDF5 reader reads it."""

import json
import os

import h5py
import hdf5plugin  # noqa: F401 - registers the filters
import numpy as np
import pytest

from jetloom.errors import CorruptFileError, MissingObjectError
from jetloom.io.hdf5 import tables as hdf5
from jetloom.io.hdf5.chunk_reader import _VERIFIED
from jetloom.io.hdf5.tables import TableReader, TableWriter
from mutations import mutations, outcome

DTYPE = np.dtype([("pt", "<f4"), ("n", "<i4")])
FILTERS = ("lz4", "zstd", "gzip", "none")


def rows(number, seed=1):
    result = np.zeros(number, DTYPE)
    result["pt"] = np.random.default_rng(seed).integers(0, 50, number)
    result["n"] = np.arange(number) % 7
    return result


def write(path, compression="lz4", number=700):
    tables = {"jets": (DTYPE, None), "tracks": (DTYPE, 3), "none": (DTYPE, None)}
    with TableWriter(path, tables, compression) as writer:
        writer.append(jets=rows(number), tracks=rows(3 * number).reshape(number, 3))
        writer.attributes |= {"sum_of_weights": 12.5, "counts": [{"reason": "pt > 20", "before": 3}]}
    return path


def content(path):
    with TableReader(path) as reader:
        facts = [reader.attribute(key) for key in ("sum_of_weights", "counts")]
        return [reader.read(table).tobytes() for table in sorted(reader.rows)], facts


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(hdf5, "CHUNK_BYTES", 1)


@pytest.mark.parametrize("compression", FILTERS)
def test_damage_is_refused_or_changes_nothing(tmp_path, small_chunks, compression):
    path = write(tmp_path / "x.h5", compression)
    whole, good = path.read_bytes(), content(path)
    refused = 0
    for seed, damaged in mutations(whole, 80):
        path.write_bytes(damaged)
        os.utime(path, ns=(seed, seed))
        found, line = outcome(content, path)
        assert line.startswith(f"{path}: ") or found == good, seed
        refused += bool(line)
    assert refused > 30


@pytest.mark.parametrize("compression", FILTERS)
def test_the_rows_of_a_damaged_chunk_are_named(tmp_path, small_chunks, compression):
    path = write(tmp_path / "x.h5", compression)
    with h5py.File(path) as file:
        place = file["jets"].id.get_chunk_info(3)
    data = bytearray(path.read_bytes())
    data[place.byte_offset + place.size // 2] ^= 4
    path.write_bytes(data)
    with TableReader(path) as reader:
        assert len(reader.read("jets", 0, 192)) == 192
        with pytest.raises(CorruptFileError) as caught:
            reader.read("jets", 200, 210)
    assert caught.value.line() == f"{path}: jets: rows 192 to 256 are not as they were written; make it again"


def test_other_programs_read_it(tmp_path):
    for compression in FILTERS:
        with h5py.File(write(tmp_path / "x.h5", compression)) as file:
            assert sorted(file) == ["jets", "none", "tracks"]
            assert (file["jets"][:] == rows(700)).all()
            assert len(file["jets"].attrs["checksums"]) == 1


def test_attributes_that_somebody_changed_are_refused(tmp_path):
    path = write(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        file.attrs.create("sum_of_weights", b"12500.0", dtype=h5py.string_dtype("utf-8", 7))
    with pytest.raises(CorruptFileError, match="the checksum of its attributes differs"):
        TableReader(path)
    with h5py.File(path, "r+") as file:
        del file.attrs["checksum"]
    with pytest.raises(CorruptFileError, match="has no checksum: it is damaged, or of an older jetloom; make it again"):
        TableReader(path)


def test_attributes_lie_where_hdf5_has_checksums(tmp_path):
    """Texts of varying length lie in a heap, which HDF5 searches without an end if it is damaged: none is read."""
    path = write(tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        assert not any(file.attrs.get_id(key).get_type().is_variable_str() for key in file.attrs)
        assert json.loads(file.attrs["sum_of_weights"]) == 12.5
        file.attrs["sum_of_weights"] = "12.5"
    with pytest.raises(CorruptFileError, match="attribute 'sum_of_weights' that is not as jetloom writes it"):
        TableReader(path)


def test_a_chunk_is_verified_once_in_a_process_and_again_if_the_file_changed(tmp_path, small_chunks, monkeypatch):
    path = write(tmp_path / "x.h5", "none")
    looked = []
    original = hdf5.ChunkReader._checked
    monkeypatch.setattr(
        hdf5.ChunkReader, "_checked", lambda self, *where: (looked.append(where[0]), original(self, *where))[1]
    )
    for start in (10, 100, 20):  # parts of chunks of 64 rows
        with TableReader(path) as reader:
            assert (reader.read("jets", start, start + 30) == rows(700)[start : start + 30]).all()
    assert looked == [0, 1, 2]
    os.utime(path, ns=(5, 5))
    with TableReader(path) as reader:
        reader.read("jets", 10, 20)
    assert looked == [0, 1, 2, 0]


def test_marks_of_a_file_of_other_size_are_not_taken(tmp_path, small_chunks):
    path = write(tmp_path / "x.h5", "none")
    content(path)
    for key in [key for key in _VERIFIED if key[4] == "/jets"]:
        _VERIFIED[key] = np.ones(1, bool)
    assert content(path)


def test_checksums_of_very_many_chunks_are_held(tmp_path):
    """Beyond the 64 kB that attributes had in older files."""
    file = hdf5._create(tmp_path / "x.h5")
    many = np.arange(300_000, dtype="<u8")
    file.create_dataset("jets", (0,), DTYPE, maxshape=(None,), chunks=(64,)).attrs["checksums"] = many
    file.close()
    with h5py.File(tmp_path / "x.h5") as file:
        assert (file["jets"].attrs["checksums"] == many).all()


def test_an_attribute_that_is_not_there(tmp_path):
    with TableReader(write(tmp_path / "x.h5")) as reader:
        assert reader.has_attribute("counts")
        assert not reader.has_attribute("checksum")
        with pytest.raises(MissingObjectError, match="origin: has no such attribute"):
            reader.attribute("origin")
