"""Flat trees of simulated events: equal seeds, two eras, sums of weights, and the schema that reads them."""

import numpy as np
import pytest
import uproot

from jetloom.config.conversion import Conversion
from jetloom.config.samples import Simulation
from jetloom.config.schema import find_schema
from jetloom.conversion.convert import to_hdf5
from jetloom.conversion.task import Task
from jetloom.io.hdf5.tables import TableReader
from jetloom.simulation.flat_events import simulate_events


def simulated(path, **settings):
    kept = simulate_events(Simulation.model_validate({"process": "tt_dilepton", "events": 60, **settings}), 1, 0, path)
    with uproot.open(path) as file:
        return kept, file["Events"].arrays(library="np"), file["cutflow/sumw"].values()[0]


@pytest.fixture(scope="module")
def top(tmp_path_factory):
    path = tmp_path_factory.mktemp("events") / "top.root"
    return path, *simulated(path)


def test_events_have_two_leptons_and_weights_of_both_signs(top):
    _, kept, events, total = top
    assert 0 < kept == len(events["event"]) < 60
    assert len(set(events["event"])) == kept
    assert set(events["weight"]) == {-1.0, 1.0}
    assert 30 < total < 60
    assert (events["lep1.Pt()"] >= events["lep2.Pt()"]).all()
    assert (events["lep2.Pt()"] > 10_000).all()


def test_equal_seeds_give_equal_events_and_another_era_others(top, tmp_path):
    _, _, events, _ = top
    again, later = simulated(tmp_path / "again.root")[1], simulated(tmp_path / "later.root", era=2018)[1]
    assert all(np.array_equal(again[name], column, equal_nan=True) for name, column in events.items())
    assert not set(events["lep1.Pt()"]) & set(later["lep1.Pt()"])
    assert set(later["era"]) == {2018}


def test_the_shipped_schema_reads_them(top, tmp_path):
    path, kept, events, total = top
    to_hdf5(Task(path, find_schema("simulated_events"), Conversion()), tmp_path / "top.h5")
    with TableReader(tmp_path / "top.h5") as reader:
        rows = reader.read("jets")
        assert reader.attribute("bookkeeping")["sum_of_weights"] == total
    assert len(rows) == kept
    np.testing.assert_allclose(rows["lep1_pt"], events["lep1.Pt()"] / 1000, rtol=1e-6)


def test_a_resonance_needs_a_mass():
    with pytest.raises(ValueError, match="is that of the resonance of hh_bbww"):
        Simulation.model_validate({"process": "hh_bbww"})
    with pytest.raises(ValueError, match="is that of the resonance of hh_bbww"):
        Simulation.model_validate({"process": "tt_dilepton", "mass": 400})
