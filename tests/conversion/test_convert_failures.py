"""Bad files and bad values: a named error, and no file left behind."""

import subprocess
import sys
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

import dxaod_files
from jetloom import errors
from jetloom.config.conversion import Conversion
from jetloom.config.schema import find_schema
from jetloom.conversion.convert import to_hdf5, to_ntuple
from jetloom.conversion.task import Task
from jetloom.io.hdf5.tables import TableReader

PT, CPT, INDEX = dxaod_files.JETS + "pt", dxaod_files.PARTS + "pt", dxaod_files.PARTS + "jetIndex"
ALL = {"jets": []}


def task(path, schema="simulated", **options):
    return Task(Path(path), find_schema(schema), Conversion(**options))


def refused(kind, job, tmp_path, *texts):
    for convert, name in ((to_hdf5, "out.h5"), (to_ntuple, "out.root")):
        directory = tmp_path / "results"
        with pytest.raises(kind) as caught:
            convert(job, directory / name)
        for text in texts:
            assert text in str(caught.value)
        assert not directory.exists() or not list(directory.iterdir())


@pytest.mark.parametrize(
    ("name", "text"), [("truncated", "truncated"), ("empty", "empty"), ("junk", "not a ROOT file")]
)
def test_broken_files(data, tmp_path, name, text):
    refused(errors.CorruptFileError, task(data / "broken" / f"{name}.root", "physlite"), tmp_path, f"{name}.root", text)


def test_missing_file(tmp_path):
    refused(errors.MissingFileError, task(tmp_path / "none.root"), tmp_path, "none.root")


def test_budget_for_files_gives_an_empty_result(data, tmp_path):
    job = task(data / "broken" / "truncated.root", "physlite", budget={"files": 0.1}, slots={"tracks": 3})
    record = to_hdf5(job, tmp_path / "x.h5")
    with TableReader(tmp_path / "x.h5") as reader:
        assert reader.attribute("status") == record.status == "skipped"
        assert "truncated" in reader.attribute("reason")
        assert reader.rows == {"jets": 0, "before": 0, "events": 0, "tracks": 0}


def test_skipped_by_way_of_the_ntuple(data, tmp_path):
    job = task(data / "broken" / "junk.root", "physlite", budget={"files": 0.1})
    to_ntuple(job, tmp_path / "n.root")
    record = to_hdf5(Task(tmp_path / "n.root", job.schema, job.conversion), tmp_path / "x.h5")
    assert record.status == "skipped"


def test_no_such_tree(small_dxaod, tmp_path):
    refused(errors.MissingObjectError, task(small_dxaod, "nanoaod"), tmp_path, "'Events'", "CollectionTree")


def test_missing_branch_names_the_near_ones(tmp_path):
    values = dxaod_files.content()
    values[dxaod_files.JETS + "Widht"] = values.pop(dxaod_files.JETS + "Width")
    path = dxaod_files.write(tmp_path / "in.root", values)
    refused(errors.MissingObjectError, task(path), tmp_path, "jets.Width", "did you mean 'Widht'")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"slots": {"constituent": 3}}, "'constituents'"),
        ({"variables": {"jets": ["pt", "widht"]}}, "'Width'"),
        ({"select": {"jets": ["ptt > 20"]}}, "'pt'"),
        ({"select": {"constituents": {"constituents": ["Width > 1"]}}, "slots": {"constituents": 3}}, "Width"),
        ({"variables": {"tracks": ["pt"]}}, "slots"),
    ],
)
def test_wrong_names_in_the_configuration(small_dxaod, tmp_path, options, text):
    refused(errors.ConfigurationError, task(small_dxaod, **options), tmp_path, text)


def test_no_such_schema():
    with pytest.raises(errors.ConfigurationError, match="did you mean 'physlite'"):
        find_schema("physlit")


@pytest.mark.parametrize(
    ("name", "value", "where", "reason"),
    [
        (PT, np.nan, "jets", "pt is not finite"),
        (PT, -1.0, "jets", "pt is negative"),
        (dxaod_files.JETS + "eta", np.inf, "jets", "eta is not finite"),
        (dxaod_files.JETS + "m", np.nan, "jets", "m is not finite"),
        (CPT, np.nan, "constituents", "pt is not finite"),
        (CPT, -3.0, "constituents", "pt is negative"),
        (INDEX, 99, "constituents", "link index out of range"),
    ],
)
def test_impossible_values(tmp_path, name, value, where, reason):
    values = dxaod_files.content()
    event = int(np.flatnonzero(ak.num(values[CPT]) > 3)[0])
    path = dxaod_files.write(tmp_path / "in.root", dxaod_files.replaced(values, name, event, 0, value))
    slots = {"constituents": 4}
    refused(errors.BadValueError, task(path, slots=slots), tmp_path, where, reason, "1 of")
    clean = dxaod_files.write(tmp_path / "clean.root", values)
    record = to_hdf5(task(path, slots=slots, select=ALL, budget={"jets": 0.5, "constituents": 0.5}), tmp_path / "x.h5")
    whole = to_hdf5(task(clean, slots=slots, select=ALL), tmp_path / "y.h5")
    lost = [entry for entry in record.counts if entry["reason"] == reason]
    assert [(entry["level"], entry["before"] - entry["after"]) for entry in lost] == [(where, 1)]
    with TableReader(tmp_path / "x.h5") as reader, TableReader(tmp_path / "y.h5") as full:
        assert full.rows["jets"] - reader.rows["jets"] == (where == "jets")
        all_parts, parts = (int(r.read("jets")["n_constituents"].sum()) for r in (full, reader))
        assert all_parts - parts == 1 if where == "constituents" else all_parts >= parts
    assert whole.status == "converted"


def test_nan_in_other_moments_is_allowed(tmp_path):
    values = dxaod_files.content()
    event = int(np.flatnonzero(ak.num(values[PT]) > 1)[0])
    values = dxaod_files.replaced(values, dxaod_files.JETS + "Width", event, 0, np.nan)
    to_hdf5(task(dxaod_files.write(tmp_path / "in.root", values), select=ALL), tmp_path / "x.h5")
    with TableReader(tmp_path / "x.h5") as reader:
        assert np.isnan(reader.read("jets")["Width"]).sum() == 1


def test_weights_must_be_finite(tmp_path):
    values = dxaod_files.replaced(dxaod_files.content(), "EventInfoAuxDyn.mcEventWeights", 3, 0, np.nan)
    path = dxaod_files.write(tmp_path / "in.root", values)
    refused(errors.BadValueError, task(path), tmp_path, "mc_event_weight")


def test_a_damaged_basket_is_named(tmp_path):
    path = dxaod_files.write(tmp_path / "in.root", dxaod_files.content(2000), compression=uproot.ZLIB(1))
    with uproot.open(path) as file:
        basket = file["CollectionTree"][CPT].basket(0)
        start = file["CollectionTree"][CPT].member("fBasketSeek")[0] + 200
        assert basket.compressed_bytes > 400
    content = bytearray(path.read_bytes())
    content[start : start + 4] = bytes(255 - byte for byte in content[start : start + 4])
    path.write_bytes(content)
    refused(errors.CorruptFileError, task(path, slots={"constituents": 3}), tmp_path, CPT, "cannot be read back")


def test_a_damaged_ntuple_is_noticed(tmp_path, small_dxaod):
    job = task(small_dxaod, slots={"constituents": 3})
    to_ntuple(job, tmp_path / "n.root")
    with uproot.open(tmp_path / "n.root") as file:
        start = int(file["ntuple"]["constituents_eta"].member("fBasketSeek")[0]) + 120
    content = bytearray((tmp_path / "n.root").read_bytes())
    content[start : start + 4] = bytes(255 - byte for byte in content[start : start + 4])
    (tmp_path / "n.root").write_bytes(content)
    with pytest.raises(errors.CorruptFileError):
        to_hdf5(Task(tmp_path / "n.root", job.schema, job.conversion), tmp_path / "x.h5")
    assert not (tmp_path / "x.h5").exists()


def test_other_cuts_than_the_ntuple(tmp_path, small_dxaod):
    to_ntuple(task(small_dxaod), tmp_path / "n.root")
    with pytest.raises(errors.StaleError, match="other settings"):
        to_hdf5(task(tmp_path / "n.root", select={"jets": ["pt > 30"]}), tmp_path / "x.h5")


FULL_DISK = """
import logging, resource, signal, sys
from jetloom.cli.main import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("verb", "name", "filter"),
    [("hdf5", "out.h5", "none"), ("hdf5", "out.h5", "lz4"), ("hdf5", "out.h5", "gzip"), ("ntuple", "out.root", "none")],
)
def test_a_full_disk_leaves_nothing(tmp_path, verb, name, filter):  # noqa: A002
    # In a process of its own: HDF5 is not fit for use after it failed to close a file.
    path = dxaod_files.write(tmp_path / "in.root", dxaod_files.content(4000))
    output = tmp_path / "results" / name
    options = ["--schema", "simulated", "--slots", "constituents=12", "--compression", filter, "--output", str(output)]
    command = [sys.executable, "-c", FULL_DISK, verb, str(path), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == errors.ExitCode.DISK, done.stderr
    assert name in done.stderr
    assert list(output.parent.iterdir()) == []
