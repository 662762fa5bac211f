"""Files of a sample that lack variables: missing in inputs, and never a class or a passed cut without a word."""

import h5py
import numpy as np
import pytest

from flat_files import flat_schema, write_flat
from jetloom.config.conversion import Conversion
from jetloom.config.load import load_merged
from jetloom.conversion.convert import to_hdf5
from jetloom.conversion.task import Task
from jetloom.data.building.absence import absent_variables, input_values
from jetloom.data.building.build import build
from jetloom.data.dataset import Dataset
from jetloom.errors import MissingObjectError
from jetloom.io.hdf5.tables import TableReader
from jetloom.plots.dataset import distributions


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A whole file, one without ntrk and width, and one of recorded data without truth and weights."""
    directory = tmp_path_factory.mktemp("flat")
    made = {}
    for index, (name, without) in enumerate({"whole": (), "less": ("ntrk", "width"), "data": ("truth", "w")}.items()):
        path = write_flat(directory / f"{name}.root", without=without, first=1000 * index)
        made[name] = directory / f"{name}.h5"
        to_hdf5(Task(path, flat_schema(), Conversion(), name == "data"), made[name])
    return made


def _build(files, directory, **task):
    samples = {"mc": {"files": ["x"]}}
    given = {"mc": [files["whole"], files["less"]]}
    if task.pop("with_data", False):
        samples["data"], given["data"] = {"files": ["y"], "is_data": True}, [files["data"]]
    labels = {"gluon": {"when": "truth == 21"}, "quark": {"when": "truth != 21"}}
    content = {"labels": labels, "inputs": ["pt", "width", "ntrk > 9"], "spectators": ["pt", "ntrk"]} | task
    analysis = load_merged({"analysis": "a", "samples": samples, "tasks": {"qg": content}})
    facts = build(analysis, "qg", given, directory)
    rows = [h5py.File(directory / f"parts/{part}.h5", locking=False)["jets"][:] for part in ("train", "test")]
    return facts, np.concatenate(rows)


def test_inputs_and_spectators_of_such_files_are_missing(files, tmp_path, caplog):
    facts, rows = _build(files, tmp_path)
    less = rows["event_number"] >= 1000
    for column in ("width", "ntrk_9", "ntrk"):
        assert np.isnan(rows[column][less]).all()
        assert not np.isnan(rows[column][~less]).any()
    assert facts["samples"]["mc"]["absent"] == {"width": 1, "ntrk": 1, "fewer": 1}
    assert "less.h5: the input 'ntrk > 9' is missing in all of its jets" in caplog.text
    assert facts["views"][0]["missing_share"][1] == pytest.approx(less.mean(), abs=0.1)


@pytest.mark.parametrize(
    "task",
    [
        {"select": ["ntrk > 3"]},
        {"select": ["pt > 0 or fewer != 4"]},
        {"labels": {"a": {"when": "truth == 1 and ntrk > 3"}, "b": {"when": "truth == 21"}}},
        {"labels": {"a": {"when": "truth == 1"}, "b": {"when": "width != 3"}}},
        {"weights": {"flatten": {"to": "quark", "variables": {"width": 5}}}},
        {"weights": {"match": {"variables": {"ntrk": 5}}}},
    ],
)
def test_cuts_labels_and_weights_on_them_are_an_error_with_file_and_branch(files, tmp_path, task):
    with pytest.raises(MissingObjectError, match=r"less\.h5: \w+: its input has no branch 'jet_(ntrk|width)'"):
        _build(files, tmp_path, **task)


def test_a_key_says_what_cuts_and_labels_do(files, tmp_path):
    for verdict, kept in (("pass", True), ("fail", False)):
        _, rows = _build(files, tmp_path / verdict, select=["width > -1"], absent={"width": verdict})
        assert (rows["event_number"] >= 1000).any() == kept
    labels = {"a": {"when": "truth == 1 and ntrk != 3"}, "b": {"when": "truth == 21"}}
    _, rows = _build(files, tmp_path / "labels", labels=labels, absent={"ntrk": "fail"})
    less = rows["event_number"] >= 1000
    assert set(rows["label"][less]) == {1}
    assert set(rows["label"][~less]) == {0, 1}
    with pytest.raises(MissingObjectError, match="only a cut can 'pass'"):
        _build(files, tmp_path / "wrong", labels=labels, absent={"ntrk": "pass"})


def test_recorded_data_without_truth_have_no_class(files, tmp_path):
    facts, rows = _build(files, tmp_path, with_data=True, unlabelled="keep", inputs=["pt"])
    data = rows["sample"] == 1
    assert data.any()
    assert set(rows["label"][data]) == {-1}
    assert set(rows["label"][~data]) == {0, 1}
    assert facts["samples"]["data"]["absent"] == {"truth": 1}


def test_figures_of_the_inputs_leave_such_jets_out(files, tmp_path):
    labels = {"gluon": {"when": "truth == 21"}, "quark": {"when": "truth == 1 and ntrk != 3"}}
    samples = {"mc": {"files": ["x"]}}
    content = {"labels": labels, "inputs": ["pt", "ntrk > 9"], "spectators": ["pt"], "absent": {"ntrk": "fail"}}
    analysis = load_merged({"analysis": "a", "samples": samples, "tasks": {"qg": content}})
    given = {"mc": [files["whole"], files["less"]]}
    build(analysis, "qg", given, tmp_path)
    dataset = Dataset.open(tmp_path)
    bins = {"pt": np.array([0.0, 1000.0]), "ntrk_9": np.array([-0.5, 0.5, 1.5])}
    found = distributions.before_selection(analysis, analysis.tasks["qg"], dataset, given, bins)
    jets = {name: h5py.File(files[name], locking=False)["before"][:] for name in ("whole", "less")}
    gluons = {name: int((rows["truth"] == 21).sum()) for name, rows in jets.items()}
    quarks = int(((jets["whole"]["truth"] == 1) & (jets["whole"]["ntrk"] != 3)).sum())
    assert [histogram.entries for histogram in found["pt"]] == [gluons["whole"] + gluons["less"], quarks]
    shown = [histogram.sums.sum() / (histogram.sums.sum() + histogram.missing) for histogram in found["ntrk_9"]]
    assert shown == pytest.approx([gluons["whole"] / (gluons["whole"] + gluons["less"]), 1.0])


def test_the_number_of_constituents_of_an_absent_collection_is_not_known(tmp_path):
    from jetloom.io.hdf5.tables import TableWriter

    with TableWriter(tmp_path / "x.h5", {"jets": (np.dtype([("pt", "f4")]), None)}) as writer:
        writer.attributes = {"absent": {"tracks": "trackLinks", "jets.width": "w", "clusters.e": "e"}}
    with TableReader(tmp_path / "x.h5") as reader:
        assert absent_variables(reader) == {"n_tracks": "trackLinks", "width": "w"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n > 8", [1, 0, np.nan]),
        ("not (n > 8)", [0, 1, np.nan]),
        ("n != 9 and pt > 1", [0, 1, np.nan]),
        ("n in (9, 10)", [1, 0, np.nan]),
        ("k > 8", [1, 0, 1]),
        ("pt > 1", [1, 1, 1]),
        ("isnan(n)", [0, 0, 1]),
        ("n > 8 and not isnan(n)", [1, 0, 0]),
        ("n + 1", [10, 8, np.nan]),
        ("where(k > 8, 5, n)", [5, 7, 5]),
        ("2 > 1", [1, 1, 1]),
        ("7", [7, 7, 7]),
    ],
)
def test_an_input_of_yes_and_no_is_missing_where_its_variable_is(text, expected):
    columns = {"n": np.array([9, 7, np.nan]), "k": np.array([9, 7, 11]), "pt": np.array([2.0, 3.0, 4.0], "f4")}
    found = input_values(text, columns, 3)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.array(expected, "f4"))
