"""Flat trees whose rows are events: names that only ROOT allows, units, cuts, and both routes."""

import numpy as np
import pytest
import uproot

from event_files import SCHEMA, make_events, write_events
from jetloom.config.conversion import Conversion
from jetloom.config.schema import Schema
from jetloom.conversion.convert import to_hdf5, to_ntuple
from jetloom.conversion.task import Task
from jetloom.errors import JetloomError
from jetloom.io.hdf5.tables import TableReader

ROWS = 500


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    events = make_events(ROWS, 1, 1)
    return events, write_events(tmp_path_factory.mktemp("flat") / "hh.root", events)


def task(path, **conversion):
    return Task(path, Schema.model_validate(SCHEMA), Conversion.model_validate(conversion))


def test_a_row_is_an_event_with_legal_names_and_gev(written, tmp_path):
    events, path = written
    record = to_hdf5(task(path), tmp_path / "x.h5")
    assert record.sum_of_weights == events["weight(nominal)"].sum()
    with TableReader(tmp_path / "x.h5") as reader:
        rows = reader.read("jets")
        assert reader.attribute("unit") == "events"
        assert reader.attribute("branches")["jets"] == {
            "event_number": "evt.number", "mc_event_weight": "weight(nominal)", "ht": "h-t", "lep_pt": "lep.Pt()",
            "met": "met*",
        }  # fmt: skip
        assert not any(entry["level"] == "jets" for entry in reader.attribute("counts"))
    assert np.array_equal(rows["event_number"], events["evt.number"])
    assert np.allclose(rows["ht"], events["h-t"] / 1000, rtol=1e-6)
    assert (rows["run_number"] == 2017).all()


def test_cuts_on_events_hold_and_both_routes_agree(written, tmp_path):
    events, path = written
    asked = task(path, select={"events": ["met > 60", "n_jets >= 2"]})
    to_ntuple(asked, tmp_path / "x.root")
    to_hdf5(Task(tmp_path / "x.root", None, asked.conversion), tmp_path / "by_ntuple.h5")
    to_hdf5(asked, tmp_path / "direct.h5")
    assert (tmp_path / "by_ntuple.h5").read_bytes() == (tmp_path / "direct.h5").read_bytes()
    passed = (events["met*"] > np.float32(60_000)) & (events["n_jets"] >= 2)
    with TableReader(tmp_path / "direct.h5") as reader:
        assert np.array_equal(reader.read("jets")["event_number"], events["evt.number"][passed])
    with uproot.open(tmp_path / "x.root") as file:
        assert file["ntuple"].num_entries == passed.sum()


def test_a_list_of_branches_gets_legal_names():
    fields = ["run_number", "event_number", "lep1.Pt()", "m-bb", "2j"]
    schema = Schema.model_validate({**SCHEMA, "events": {"fields": fields}})
    assert {name: spec.branch for name, spec in schema.events.fields.items()} == {
        "run_number": ["run_number"], "event_number": ["event_number"], "lep1_Pt": ["lep1.Pt()"], "m_bb": ["m-bb"],
        "_2j": ["2j"],
    }  # fmt: skip


def test_two_branches_of_one_legal_name_are_refused():
    with pytest.raises(ValueError, match=r"'a\.b' and 'a-b' have one legal name, 'a_b'"):
        Schema.model_validate({**SCHEMA, "events": {"fields": ["run_number", "event_number", "a.b", "a-b"]}})


def test_an_event_without_its_number_is_refused(written, tmp_path):
    events, _ = written
    path = write_events(tmp_path / "none.root", {name: one for name, one in events.items() if name != "evt.number"})
    with pytest.raises(JetloomError, match=r"has no branch 'evt\.number' \(variable 'events\.event_number' "):
        to_hdf5(task(path), tmp_path / "none.h5")
