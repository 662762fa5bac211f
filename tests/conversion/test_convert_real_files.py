"""Every real file converts, with the labels and moments that uproot reads from it."""

import awkward as ak
import numpy as np
import pytest
import uproot

from jetloom.config.conversion import Conversion
from jetloom.config.schema import find_schema
from jetloom.conversion.convert import to_hdf5
from jetloom.conversion.task import Task
from jetloom.io.hdf5.tables import TableReader

ALL = {"jets": []}
DIRECT = {
    "PHYSLITE_example.root": ("CollectionTree", "AnalysisJetsAuxDyn.", 7793, 1126, 346, 881),
    "uproot-issue-123b.root": ("CollectionTree", "AnalysisJetsAuxDyn.", 12413, 471, 275, 1005),
    "uproot-physlite-rntuple_v1-0-0-0.root": ("EventData", "AnalysisJetsAuxDyn:", 9679, 2154, 486, 881),
}


def convert(path, schema, output, **options):
    record = to_hdf5(Task(path, find_schema(schema), Conversion(**options)), output)
    with TableReader(output) as reader:
        return record, {name: reader.read(name) for name in reader.rows}


@pytest.mark.parametrize("name", DIRECT)
def test_physlite(data, tmp_path, name):
    tree, prefix, links, resolved, jets_with, jets = DIRECT[name]
    record, tables = convert(data / name, "physlite", tmp_path / "x.h5", select=ALL, slots={"tracks": 30})
    rows = tables["jets"]
    assert len(rows) == jets
    assert record.events == 100

    direct = uproot.open(data / name)[tree]

    def read(key):
        return direct.arrays([key])[key]

    for field in ("PartonTruthLabelID", "HadronConeExclTruthLabelID", "Width", "EMFrac", "Timing", "eta", "phi"):
        np.testing.assert_array_equal(rows[field], ak.flatten(read(prefix + field)).to_numpy())
    for field in ("NumTrkPt500", "TrackWidthPt1000"):
        np.testing.assert_array_equal(rows[field], ak.flatten(read(prefix + field)[..., 0]).to_numpy())
    for field in ("pt", "m"):
        np.testing.assert_allclose(rows[field], ak.flatten(read(prefix + field)).to_numpy() / 1000, rtol=1e-6)
    np.testing.assert_allclose(
        rows["SumPtTrkPt500"], ak.flatten(read(prefix + "SumPtTrkPt500")[..., 0]) / 1000, rtol=1e-6
    )
    weights = read(prefix.replace("AnalysisJets", "EventInfo") + "mcEventWeights")[:, 0]
    assert record.sum_of_weights == pytest.approx(float(ak.sum(ak.values_astype(weights, "float64"))), rel=1e-12)
    counts = ak.num(read(prefix + "pt")).to_numpy()
    np.testing.assert_array_equal(rows["mc_event_weight"], np.repeat(weights.to_numpy(), counts))

    flow = {(entry["level"], entry["reason"]): entry for entry in record.counts}
    found = flow["tracks", "links without a target"]
    assert (found["before"], found["after"]) == (links, resolved)
    assert rows["n_tracks"].sum() == resolved
    assert (rows["n_tracks"] > 0).sum() == jets_with
    np.testing.assert_array_equal(tables["tracks"]["valid"].sum(axis=1), np.minimum(rows["n_tracks"], 30))


def test_tracks_are_those_that_links_point_to(data, tmp_path):
    path = data / "PHYSLITE_example.root"
    _, tables = convert(path, "physlite", tmp_path / "x.h5", select=ALL, slots={"tracks": 40})
    arrays = uproot.open(path)["CollectionTree"].arrays(
        ["AnalysisJetsAuxDyn.GhostTrack", "InDetTrackParticlesAuxDyn.qOverP", "InDetTrackParticlesAuxDyn.theta",
         "InDetTrackParticlesAuxDyn.d0"]
    )  # fmt: skip
    row = 0
    for event in ak.to_list(arrays):
        theta, curvature, d0 = (event[f"InDetTrackParticlesAuxDyn.{name}"] for name in ("theta", "qOverP", "d0"))
        for jet in event["AnalysisJetsAuxDyn.GhostTrack"]:
            index = [link["m_persIndex"] for link in jet if link["m_persKey"]]
            expected = sorted(((abs(np.sin(theta[i]) / curvature[i]) / 1e3, d0[i]) for i in index), reverse=True)
            got = tables["tracks"][row]
            got = got[got["valid"]]
            np.testing.assert_allclose(got["pt"], [pair[0] for pair in expected], rtol=1e-5)
            np.testing.assert_allclose(got["d0"], [pair[1] for pair in expected], rtol=1e-6)
            row += 1


def test_event_numbers_in_a_split_static_object(data, tmp_path):
    path = data / "uproot-issue-123b.root"
    _, tables = convert(path, "physlite", tmp_path / "x.h5", select=ALL)
    tree = uproot.open(path)["CollectionTree"]
    numbers = tree["EventInfoAux./EventInfoAux.eventNumber"].array(library="np")
    counts = ak.num(tree["AnalysisJetsAuxDyn.pt"].array()).to_numpy()
    np.testing.assert_array_equal(tables["jets"]["event_number"], np.repeat(numbers, counts))
    assert set(tables["jets"]["run_number"]) == {310000}


REAL = dict.fromkeys(DIRECT, "physlite") | {"nanoAOD_2015_CMS_Open_Data_ttbar.root": "nanoaod"}
REAL["short_divert_analysis_file.root"] = "divert"
IN_GEV = {"MeV": 1e-3, "1/MeV": 1e3}


def found_by_hand(tree, owner, branch):
    """A branch by its name as ATLAS and CMS write it, None if the file has none."""
    owners = [f"{owner}AuxDyn.", f"{owner}AuxDyn:", f"{owner}Aux./{owner}Aux."] if owner else [""]
    names = [start + branch for start in owners if start + branch in tree.keys()]  # noqa: SIM118 - a tree is no mapping
    return tree.arrays([names[0]], how=tuple)[0] if names else None


@pytest.mark.parametrize("name", REAL)
def test_every_variable_of_the_jets_is_that_of_the_file(data, tmp_path, name):
    schema = find_schema(REAL[name])
    _, tables = convert(data / name, REAL[name], tmp_path / "x.h5", select=ALL)
    with uproot.open(data / name) as file:
        tree = file[next(tree for tree in schema.trees if tree in file)]
        compared, counts = 0, None
        for group, container in (("jets", schema.jets), ("events", schema.events)):
            for key, spec in container.fields.items():
                owner = (spec.container or container.container) if schema.naming == "xaod" else ""
                if spec.expression or spec.internal or spec.reduce:
                    continue
                values = found_by_hand(tree, owner, (spec.branch or [key])[0])
                if values is None:
                    continue
                if spec.index is not None:
                    values = values[..., spec.index]
                if counts is None:
                    counts = ak.num(values).to_numpy()
                flat = ak.flatten(values) if group == "jets" else np.repeat(values.to_numpy(), counts)
                expected = np.asarray(flat, np.float64) * IN_GEV.get(spec.unit, 1.0)
                np.testing.assert_allclose(tables["jets"][key].astype(np.float64), expected, rtol=2e-7, err_msg=key)
                compared += 1
    assert compared >= 10


def test_absent_variables_are_nan_and_reported(data, tmp_path):
    record, tables = convert(data / "PHYSLITE_example.root", "physlite", tmp_path / "x.h5", select=ALL)
    assert list(record.absent) == ["jets.Jvt"]
    assert np.isnan(tables["jets"]["Jvt"]).all()
    record, tables = convert(data / "uproot-physlite-rntuple_v1-0-0-0.root", "physlite", tmp_path / "y.h5", select=ALL)
    assert np.isnan(tables["jets"]["ConeTruthLabelID"]).all()
    assert record.absent["jets.ConeTruthLabelID"] == "AnalysisJetsAuxDyn.ConeTruthLabelID"


def test_nanoaod(data, tmp_path):
    path = data / "nanoAOD_2015_CMS_Open_Data_ttbar.root"
    record, tables = convert(path, "nanoaod", tmp_path / "x.h5", select=ALL)
    tree = uproot.open(path)["Events"]
    assert len(tables["jets"]) == 537
    pairs = {"pt": "Jet_pt", "m": "Jet_mass", "qgl": "Jet_qgl", "partonFlavour": "Jet_partonFlavour",
             "hadronFlavour": "Jet_hadronFlavour", "nConstituents": "Jet_nConstituents"}  # fmt: skip
    for ours, theirs in pairs.items():
        np.testing.assert_array_equal(tables["jets"][ours], ak.flatten(tree[theirs].array()).to_numpy())
    assert record.sum_of_weights == pytest.approx(float(np.sum(tree["genWeight"].array(library="np"), dtype=float)))


def test_divert(data, tmp_path):
    path = data / "short_divert_analysis_file.root"
    slots = {"clusters": 30, "tracks": 20, "segments": 30}
    _, tables = convert(path, "divert", tmp_path / "x.h5", select=ALL, slots=slots)
    tree = uproot.open(path)["trees_DV_"]
    rows, clusters = tables["jets"], tables["clusters"]
    np.testing.assert_array_equal(rows["pt"], tree["jet_pT"].array(library="np")[0].astype("f4"))
    index = tree["cluster_jetIndex"].array(library="np")[0]
    np.testing.assert_array_equal(rows["n_clusters"], np.bincount(index, minlength=7))
    pt = tree["clus_pt"].array(library="np")[0] / 1000
    np.testing.assert_allclose(clusters["pt"][0][:8], np.sort(pt[index == 0])[::-1], rtol=1e-6)
    owners = ak.flatten(tree["track_jetIndex"].array()[0]).to_numpy()
    np.testing.assert_array_equal(rows["n_tracks"], np.bincount(owners[owners >= 0], minlength=7))
    # One segment belongs to jets 3 and 4, and is in both.
    owners = ak.flatten(tree["MSeg_jetIndex"].array()[0]).to_numpy()
    np.testing.assert_array_equal(rows["n_segments"], np.bincount(owners[owners >= 0], minlength=7))
    assert rows["n_segments"][4] == 1
    np.testing.assert_array_equal(rows["run_number"], 284500)


def test_a_tree_without_branches_and_entries_is_counted(data, tmp_path):
    path = data / "empty_divert_analysis_file.root"
    record, tables = convert(path, "divert", tmp_path / "x.h5", slots={"clusters": 30})
    assert record.status == "converted"
    assert record.events == 0
    assert len(tables["jets"]) == 0
    assert tables["clusters"].shape == (0, 30)


def test_jets_without_links_have_an_empty_collection(data, tmp_path, caplog):
    schema = find_schema("physlite").model_dump(by_alias=True)
    schema["collections"]["tracks"]["link"]["branch"] = ["constituentLinks"]
    from jetloom.config.schema import Schema

    task = Task(data / "PHYSLITE_example.root", Schema.model_validate(schema), Conversion(slots={"tracks": 5}))
    record = to_hdf5(task, tmp_path / "x.h5")
    assert "tracks" in record.absent
    assert "no links from jets to 'tracks'" in caplog.text
    with TableReader(tmp_path / "x.h5") as reader:
        assert not reader.read("tracks")["valid"].any()
        assert len(reader.read("jets"))
