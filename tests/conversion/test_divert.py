"""The three selections of displaced jets, from ntuples whose events are spelled out."""

import json

import numpy as np
import pytest

from divert_files import write_divert
from jetloom.cli.main import main
from jetloom.config.conversion import Conversion
from jetloom.config.load import load_merged
from jetloom.config.schema import Schema, find_schema, sample_schema
from jetloom.conversion.convert import to_hdf5
from jetloom.conversion.task import Task
from jetloom.errors import ConfigurationError
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.root.nearest import nearest_jets

SLOTS = {"clusters": 30, "tracks": 20, "segments": 30}
JETS = ["pt >= 40", "pt < 500", "abs(eta) <= 2.5"]
SIGNAL = [
    # Two particles in the barrel; the second one's nearest jet is too soft, and the next one too far.
    {"jets": [{"pT": 100, "eta": 0.5, "phi": 1.0}, {"pT": 30, "eta": -0.5, "phi": -1.0}],
     "llp": [{"eta": 0.6, "phi": 1.1, "Lxy": 2000}, {"eta": -0.5, "phi": -1.0, "Lxy": 2000}]},
    # Over the seam of phi, in the end-cap; the jet before it is further away.
    {"jets": [{"pT": 60, "eta": 1.8, "phi": 2.9}, {"pT": 50, "eta": 1.8, "phi": -3.1}],
     "llp": [{"eta": 1.8, "phi": 3.13, "Lz": -4000}]},
    # Too early, too late, and in no calorimeter.
    {"jets": [{"pT": 100, "eta": 0.5, "phi": 1.0}],
     "llp": [{"eta": 0.5, "phi": 1, "Lxy": 1200}, {"eta": 0.5, "phi": 1, "Lxy": 4000},
             {"eta": 2, "phi": 1, "Lz": 3500}]},
    # No particle at all, and one without a direction.
    {"jets": [{"pT": 100, "eta": 0.5, "phi": 1.0}]},
    {"jets": [{"pT": 100, "eta": 0.5, "phi": 1.0}], "llp": [{"eta": np.nan, "phi": np.nan, "Lxy": 2000}]},
]  # fmt: skip


def _convert(path, output, jets=(), schema=None, **more):
    conversion = Conversion(select={"jets": [*JETS, *jets]}, slots=SLOTS, **more)
    record = to_hdf5(Task(path, schema or find_schema("divert"), conversion), output)
    with TableReader(output) as reader:
        return record, {name: reader.read(name) for name in reader.rows}


def test_jets_of_fiducial_particles_and_what_each_rule_takes(tmp_path):
    path = write_divert(tmp_path / "signal.root", SIGNAL)
    record, tables = _convert(path, tmp_path / "x.h5", ["llp_matched == 1"])
    rows = tables["jets"]
    np.testing.assert_array_equal(rows["event_number"], [0, 1])
    np.testing.assert_allclose(rows["pt"], [100, 50])
    np.testing.assert_allclose(rows["llp_dr"], [np.hypot(0.1, 0.1), 2 * np.pi - 6.23], rtol=1e-4)
    np.testing.assert_allclose(rows["llp_Lxy"], [2000, 0])
    counts = [(one["before"], one["after"]) for one in record.counts if one["level"] == "llp"]
    assert counts == [(7, 7), (7, 3), (3, 2)]  # of seven three are fiducial, of which two have a jet
    assert [one["after"] for one in record.counts if one["reason"] == "llp_matched == 1"] == [2]


def test_without_the_cut_all_jets_stay_and_tell_what_they_are(tmp_path):
    path = write_divert(tmp_path / "signal.root", SIGNAL)
    rows = _convert(path, tmp_path / "x.h5")[1]["jets"]
    np.testing.assert_array_equal(rows["llp_matched"], [1, 0, 1, 0, 0, 0])
    assert np.isnan(rows["llp_pt"][rows["llp_matched"] == 0]).all()


def test_jets_of_the_trigger_take_the_nearest_however_far(tmp_path):
    events = [
        {"jets": [{"pT": 100, "eta": 0, "phi": 1}, {"pT": 90, "eta": 2, "phi": 1}],
         "hlt": [{"eta": 2.0, "phi": -1.5, "isBIB": 1}, {"eta": 0, "phi": 1, "isBIB": 0}]},
        {"jets": [{"pT": 100, "eta": 0, "phi": 1}], "hlt": [{"eta": 0, "phi": 1, "isBIB": 0}]},
    ]  # fmt: skip
    path = write_divert(tmp_path / "bib.root", events, llp=False, bib=True)
    rows = _convert(path, tmp_path / "x.h5", ["bib_matched == 1"])[1]["jets"]
    np.testing.assert_allclose(rows["pt"], [90])
    assert rows["bib_dr"][0] == pytest.approx(2.5)


def test_none_of_the_trigger_leaves_nothing(tmp_path):
    path = write_divert(tmp_path / "bib.root", [{"jets": [{"pT": 100}], "hlt": []}], llp=False, bib=True)
    record, tables = _convert(path, tmp_path / "x.h5", ["bib_matched == 1"])
    assert len(tables["jets"]) == 0
    assert record.status == "converted"


def test_more_constituents_than_slots_hardest_first_and_counted(tmp_path):
    clusters = [{"pt": 1000.0 * k, "eta": 0.1, "phi": 0.2, "jet": 0} for k in range(1, 41)]
    clusters += [{"pt": 1.0, "jet": -1}, {"pt": 7.0, "jet": 1}]
    path = write_divert(tmp_path / "x.root", [{"jets": [{"pT": 100}, {"pT": 70, "eta": 1}], "clusters": clusters}])
    record, tables = _convert(path, tmp_path / "x.h5")
    np.testing.assert_allclose(tables["clusters"]["pt"][0], np.arange(40, 10, -1))
    assert tables["clusters"]["valid"].sum(axis=1).tolist() == [30, 1]
    lost = next(one for one in record.counts if one["level"] == "clusters" and one["stage"] == "slots")
    assert lost["before"] - lost["after"] == 10


def test_old_names_and_masses_of_a_sample(tmp_path):
    events = [{"jets": [{"pT": 100, "eta": 0.5, "phi": 1.0}], "llp": [{"eta": 0.5, "phi": 1, "Lxy": 2000}]}]
    path = write_divert(tmp_path / "x.root", events)
    sample = load_merged(_config(constants={"llp_mH": 600, "llp_mS": 150})).samples["signal"]
    rows = _convert(path, tmp_path / "x.h5", schema=sample_schema(sample))[1]["jets"]
    assert (rows["llp_mH"][0], rows["llp_mS"][0]) == (600, 150)
    assert _convert(path, tmp_path / "y.h5")[1]["jets"]["llp_mH"][0] == 0
    with pytest.raises(ConfigurationError, match="'pt' is a variable that the schema 'divert' reads"):
        sample_schema(load_merged(_config(constants={"pt": 3})).samples["signal"])


def _config(**sample):
    return {
        "samples": {"signal": {"files": ["signal.root"], "schema": "divert", **sample}},
        "conversion": {"select": {"jets": JETS}, "slots": SLOTS},
        "tasks": {"t": {"labels": {"a": {"when": "pt < 0"}, "b": {"when": "pt >= 0"}}, "inputs": ["pt"]}},
    }


def test_a_sample_has_cuts_of_its_own(tmp_path):
    config = _config(select={"jets": ["llp_matched == 1"], "events": ["event_number % 2 == 1"]})
    (tmp_path / "c.json").write_text(json.dumps(config))
    path = write_divert(tmp_path / "signal.root", SIGNAL)
    assert main(["hdf5", str(path), "--config", str(tmp_path / "c.json"), "--output", str(tmp_path / "x.h5")]) in (
        0,
        None,
    )
    with TableReader(tmp_path / "x.h5") as reader:
        assert reader.read("jets")["event_number"].tolist() == [1]
        counts = reader.attribute("counts")
    assert [one["after"] for one in counts if one["reason"] == "event_number % 2 == 1"] == [2]


def test_the_real_file_has_no_particles_and_one_jet(data, tmp_path):
    record, tables = _convert(data / "short_divert_analysis_file.root", tmp_path / "x.h5")
    rows = tables["jets"]
    np.testing.assert_allclose(rows["pt"], [59.23], rtol=1e-3)
    assert np.isnan(rows["llp_matched"]).all()
    assert rows["bib_matched"].tolist() == [0]  # its jet of the trigger is none of the background
    assert rows["llp_mH"].tolist() == [0]
    assert tables["clusters"]["valid"].sum() == rows["n_clusters"][0] == 8
    record, tables = _convert(data / "empty_divert_analysis_file.root", tmp_path / "y.h5")
    assert record.events == 0


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"select": ["Lxxy > 3"]}, "no variable 'Lxxy'.*Lxy"),
        ({"fields": {"eta": {}}}, "'phi' is missing, by which the nearest jet is found"),
    ],
)
def test_mistakes_in_what_is_matched(change, cause):
    schema = find_schema("divert").model_dump(mode="json")
    schema["jets"]["fields"] = {
        name: spec for name, spec in schema["jets"]["fields"].items() if not name.startswith(("llp_", "bib_"))
    }
    schema["matches"]["llp"] |= change
    with pytest.raises(ValueError, match=cause):
        Schema.model_validate(schema)


def test_nearest_jets_against_brute_force():
    rng = np.random.default_rng(3)
    counts, jets = rng.integers(0, 4, 200), rng.integers(0, 5, 200)
    starts, places = (np.concatenate([[0], np.cumsum(one)]) for one in (counts, jets))
    eta, phi = rng.uniform(-2, 2, starts[-1]), rng.uniform(-np.pi, np.pi, starts[-1])
    jet_eta, jet_phi = rng.uniform(-2, 2, places[-1]), rng.uniform(-np.pi, np.pi, places[-1])
    among = rng.random(places[-1]) < 0.8
    rows, distances = nearest_jets((starts, eta, phi), (places, jet_eta, jet_phi), among, 0.7)
    expected = np.full(places[-1], np.inf)
    for event in range(200):
        own = [place for place in range(places[event], places[event + 1]) if among[place]]
        for one in range(starts[event], starts[event + 1]):
            far = [
                np.hypot(eta[one] - jet_eta[k], abs((phi[one] - jet_phi[k] + np.pi) % (2 * np.pi) - np.pi)) for k in own
            ]
            if far and min(far) <= 0.7:
                expected[own[int(np.argmin(far))]] = min(expected[own[int(np.argmin(far))]], min(far))
    np.testing.assert_array_equal(rows >= 0, np.isfinite(expected))
    np.testing.assert_allclose(distances[rows >= 0], expected[np.isfinite(expected)])
