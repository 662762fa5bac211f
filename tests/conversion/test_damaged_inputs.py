"""Damaged inputs of every kind, through a whole conversion: refused in one line, or as if nothing were damaged.

`JETLOOM_FUZZ=50` tries fifty times as many.
"""

import signal

import awkward as ak
import numpy as np
import pytest
import uproot

import dxaod_files
from jetloom.config.conversion import Conversion
from jetloom.config.schema import find_schema
from jetloom.conversion.convert import to_hdf5
from jetloom.conversion.task import Task
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.integrity.rntuple import verify_envelopes, verify_pages
from jetloom.io.root.files import guarded, opened
from mutations import mutations, outcome

CODECS = {"zlib": uproot.ZLIB(1), "lzma": uproot.LZMA(1), "lz4": uproot.LZ4(1), "zstd": uproot.ZSTD(1), "none": None}
CHECKED = {"zlib", "lzma", "lz4"}
"""Codecs with a checksum of the data, as long as they do compress it."""

SECONDS = 8
"""Of processor time: a conversion that takes longer waits for what never comes."""

RNTUPLE = "uproot-physlite-rntuple_v1-0-0-0.root"
COLUMNS = ("pt", "eta", "NumTrkPt500", "PartonTruthLabelID")


def coarse(values):
    """Values that every codec can compress: where it cannot, bytes lie in the file as they are, unchecked."""
    pattern = np.arange(10_000) % 7
    return {
        name: ak.unflatten(values_like(pattern, array), ak.num(array))
        if array.ndim > 1 and "Index" not in name
        else array
        for name, array in values.items()
    }


def values_like(pattern, array):
    flat = ak.flatten(array).to_numpy()
    return (pattern[: len(flat)] if flat.dtype.kind == "i" else 1000.0 + pattern[: len(flat)]).astype(flat.dtype)


def converted(path, output):
    output.unlink(missing_ok=True)
    conversion = Conversion(select={"jets": []}, slots={"constituents": 3}, compression="none")
    to_hdf5(Task(path, find_schema("simulated"), conversion), output)
    with TableReader(output) as reader:
        return {table: reader.read(table).tobytes() for table in reader.rows}


@pytest.fixture
def patience():
    """Fails a mutation that takes too long."""

    def over(*_):
        raise SystemError("no end")

    before = signal.signal(signal.SIGPROF, over)
    yield lambda: signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)


@pytest.mark.parametrize("codec", CODECS)
def test_a_damaged_tree_is_refused_or_converts_as_before(codec, tmp_path, patience):
    path, output = tmp_path / "in.root", tmp_path / "results" / "out.h5"
    values = dxaod_files.content(100)
    whole = dxaod_files.write(path, coarse(values) if codec in CHECKED else values, 2, CODECS[codec]).read_bytes()
    good, refused = converted(path, output), 0
    for seed, content in mutations(whole, 25):
        path.write_bytes(content)
        patience()
        found, line = outcome(converted, path, output)
        assert line or found == good or codec not in CHECKED, seed
        if line:
            refused += 1
            assert line.startswith(f"{path}: "), seed
            assert len(line.splitlines()) == 1, seed
            assert list(output.parent.iterdir()) == [], seed
    assert refused > 8


def test_a_damaged_rntuple_is_refused_or_read_as_before(data, tmp_path, patience):
    path = tmp_path / "in.root"
    whole = (data / RNTUPLE).read_bytes()

    def read():
        with opened(path) as file:
            ntuple = guarded(lambda: file["EventData"], path)
            guarded(lambda: verify_envelopes(ntuple), path)
            verify_pages(ntuple)
            return guarded(lambda: [ntuple.read_cluster_range(column, 0, 1).tobytes() for column in columns], path)

    with uproot.open(data / RNTUPLE) as file:
        ntuple = file["EventData"]
        fields = ntuple.field_names
        records = list(enumerate(ntuple.column_records))
        columns = [index for index, record in records if fields[record.field_id] in COLUMNS]
        pages = [ntuple.page_link_list[0][index].pages[0].locator for index in columns]
    path.write_bytes(whole)
    good, refused = read(), 0
    places = [(0, len(whole)), *((page.offset, page.offset + page.num_bytes + 8) for page in pages[:9])]
    for first, (low, high) in enumerate(places):
        for seed, content in mutations(whole, 4, 1000 * first, low, high):
            path.write_bytes(content)
            patience()
            found, line = outcome(read)
            assert line.startswith(f"{path}: ") or found == good, seed
            refused += bool(line)
    assert refused > 10
