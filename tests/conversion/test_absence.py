"""What a file lacks stays missing, in both routes; cuts and weights on it are told or decided."""

import h5py
import hdf5plugin  # noqa: F401 - registers the filters
import numpy as np
import pytest

from flat_files import flat_schema, write_flat
from jetloom.config.conversion import Conversion
from jetloom.conversion.convert import to_hdf5, to_ntuple
from jetloom.conversion.task import Task
from jetloom.errors import BadValueError, ConfigurationError, MissingObjectError
from jetloom.scan.preflight import check_analysis
from tiny_analysis import analysis


def _convert(path, directory, schema=None, is_data=False, **select):
    task = Task(path, schema or flat_schema(), Conversion.model_validate({"select": {"jets": [], **select}}), is_data)
    record = to_hdf5(task, directory / "direct.h5")
    to_ntuple(task, directory / "n.root")
    to_hdf5(Task(directory / "n.root", None, task.conversion), directory / "way.h5")
    rows = []
    for name in ("direct.h5", "way.h5"):
        with h5py.File(directory / name, locking=False) as file:
            rows.append(file["jets"][:])
    assert rows[0].tobytes() == rows[1].tobytes()
    return record, rows[0]


def test_integers_that_are_there_are_exact_and_signed(tmp_path):
    _, rows = _convert(write_flat(tmp_path / "a.root", ntrk=np.arange(400, dtype="u4")), tmp_path)
    assert rows["ntrk"].tolist() == list(range(400))
    assert rows["fewer"].tolist() == list(range(-10, 390))
    assert rows.dtype["truth"] == rows.dtype["ntrk"] == np.float64


def test_what_a_file_lacks_is_nan_and_named(tmp_path, caplog):
    path = write_flat(tmp_path / "a.root", without=("ntrk", "width"))
    record, rows = _convert(path, tmp_path)
    assert np.isnan([rows[name] for name in ("ntrk", "width", "fewer")]).all()
    assert record.absent == {"jets.width": "jet_width", "jets.ntrk": "jet_ntrk", "jets.fewer": "jet_ntrk"}
    assert "has no branch 'jet_width'" in caplog.text


@pytest.mark.parametrize("cut", ["ntrk > 3", "not ntrk > 3", "ntrk != 3", "fewer < 0", "pt > 0 or ntrk == 4"])
def test_a_cut_on_what_a_file_lacks_is_an_error_or_decided_by_a_key(tmp_path, cut):
    path = write_flat(tmp_path / "a.root", without=("ntrk",))
    with pytest.raises(MissingObjectError, match=r"a\.root: jets\..*'jet_ntrk'.*conversion\.select\.absent"):
        _convert(path, tmp_path, jets=[cut])
    variable = "fewer" if "fewer" in cut else "ntrk"
    for verdict, left in (("pass", 400), ("fail", 0)):
        _, rows = _convert(path, tmp_path, jets=[cut], absent={variable: verdict})
        assert len(rows) == left


def test_the_key_changes_nothing_where_the_variable_is_there(tmp_path):
    path = write_flat(tmp_path / "a.root")
    _, cut = _convert(path, tmp_path, jets=["ntrk > 9"])
    _, also = _convert(path, tmp_path, jets=["ntrk > 9"], absent={"ntrk": "fail"})
    assert cut.tobytes() == also.tobytes()
    assert (cut["ntrk"] > 9).all()


def test_values_that_say_missing_are(tmp_path):
    width = np.linspace(0, 1, 400).astype("f4")
    width[[3, 7]] = -999
    _, rows = _convert(write_flat(tmp_path / "a.root", width=width), tmp_path)
    assert np.flatnonzero(np.isnan(rows["width"])).tolist() == [3, 7]


def test_simulated_events_without_weight_are_told_so_and_data_are_not(tmp_path):
    path = write_flat(tmp_path / "a.root", without=("w",))
    with pytest.raises(MissingObjectError, match=r"mc_event_weight: .*no branch 'w'; recorded data .*is_data"):
        _convert(path, tmp_path)
    record, rows = _convert(path, tmp_path, is_data=True)
    assert record.absent == {}
    assert (rows["mc_event_weight"] == 1).all()


@pytest.mark.parametrize(
    ("field", "columns", "message"),
    [
        ({"ntrk": {"branch": "jet_ntrk", "type": "uint32"}, "fewer": {"expression": "ntrk - 10", "type": "uint32"}},
         {"ntrk": np.full(400, 7, "u4")}, r"jets\.fewer: holds -3, which uint32 cannot hold"),
        ({"whole": {"branch": "jet_m", "type": "int32"}}, {"m": np.full(400, 3.7, "f4")}, r"jet_m: holds 3\.70.*int32"),
        ({"whole": {"branch": "jet_m", "type": "int32"}}, {"m": np.full(400, np.nan, "f4")}, "has no value in 400"),
        ({"ntrk": {"branch": "jet_ntrk", "type": "int32"}}, {"ntrk": np.full(400, 2**32 - 1, "u4")}, "4294967295"),
    ],
)  # fmt: skip
def test_what_the_type_of_a_column_cannot_hold_is_an_error(tmp_path, field, columns, message):
    path = write_flat(tmp_path / "a.root", **columns)
    with pytest.raises(BadValueError, match=message) as caught:
        _convert(path, tmp_path, flat_schema(**field))
    assert "a.root" in caught.value.line()
    assert "type" in caught.value.line()


def test_the_numbers_of_run_and_event_may_not_be_missing(tmp_path):
    content = flat_schema().model_dump()
    content["events"]["fields"]["run_number"]["optional"] = True
    from jetloom.config.load import checked
    from jetloom.config.schema import Schema

    with pytest.raises(ConfigurationError, match="'run_number' says which event it is"):
        checked(Schema, content, tmp_path / "s.yaml")


@pytest.mark.parametrize("where", ["conversion.select.absent", "tasks.flavour.absent"])
def test_the_keys_name_variables_of_a_schema(where):
    changes = {"nrtk": "pass"}
    found = analysis(absent=changes) if where.startswith("tasks") else analysis()
    if where.startswith("conversion"):
        select = found.conversion.select.model_copy(update={"absent": changes})
        found = found.model_copy(update={"conversion": found.conversion.model_copy(update={"select": select})})
    with pytest.raises(ConfigurationError, match=f"{where}: no schema has a variable 'nrtk'"):
        check_analysis(found)


def test_integers_that_a_column_rounds_are_told_once_with_the_type_that_holds_them(tmp_path, caplog):
    numbers = np.arange(400) + 2**24
    path = write_flat(tmp_path / "a.root", ntrk=numbers)
    _, rows = _convert(path, tmp_path, flat_schema(ntrk={"branch": "jet_ntrk"}, fewer={"expression": "ntrk * 1"}))
    assert rows["ntrk"].tolist() == numbers.astype("f4").tolist()
    direct, way = [text for text in caplog.messages if "last digits" in text]
    assert direct == way
    assert "a.root: jet_ntrk: holds integers such as 16777217, whose last digits float32 loses" in direct
    caplog.clear()
    _convert(path, tmp_path, flat_schema(ntrk={"branch": "jet_ntrk", "type": "int64"}))
    assert "last digits" not in caplog.text
