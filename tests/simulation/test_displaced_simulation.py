"""Simulated ntuples of displaced jets: what the toy detector does, and that the schema divert reads them."""

import awkward as ak
import numpy as np
import pytest
import uproot

from jetloom.cli.main import main
from jetloom.config.conversion import Conversion
from jetloom.config.load import load_merged
from jetloom.config.samples import Response, Simulation
from jetloom.config.schema import find_schema
from jetloom.conversion.convert import to_hdf5
from jetloom.conversion.task import Task
from jetloom.errors import ConfigurationError
from jetloom.io.hdf5.tables import TableReader
from jetloom.simulation.displaced import response
from jetloom.simulation.displaced.calorimeter import EDGES, entry, layer_shares
from jetloom.simulation.displaced.sample import simulate

SLOTS = {"clusters": 30, "tracks": 20, "segments": 30}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A small ntuple of each process."""
    directory = tmp_path_factory.mktemp("displaced")
    made = {
        "hidden_sector": Simulation(process="hidden_sector", events=60),
        "beam_halo": Simulation(process="beam_halo", events=60),
        "dijet": Simulation(process="dijet", displaced=True, events=40, pt_hat_min=50),
    }
    for name, simulation in made.items():
        simulate(simulation, 1, 0, directory / f"{name}.root")
    return {name: directory / f"{name}.root" for name in made}


def _converted(path, output, *cuts):
    jets = ["pt >= 40", "pt < 500", "abs(eta) <= 2.5", *cuts]
    conversion = Conversion(select={"jets": jets, "absent": {"llp_matched": "fail"}}, slots=SLOTS)
    to_hdf5(Task(path, find_schema("divert"), conversion), output)
    with TableReader(output) as reader:
        return {name: reader.read(name) for name in reader.rows}


def _hadronic(table):
    layers = [f"l{place}{part}" for part in ("hcal", "ecal") for place in (1, 2, 3, 4)]
    energies = np.stack([np.where(table["valid"], table[name], 0).sum(axis=1) for name in layers])
    return energies[:4].sum(axis=0) / energies.sum(axis=0)


def test_displaced_jets_lie_deep_and_have_few_tracks(files, tmp_path):
    signal = _converted(files["hidden_sector"], tmp_path / "s.h5", "llp_matched == 1")
    multijets = _converted(files["dijet"], tmp_path / "q.h5")
    assert len(signal["jets"]) > 10
    assert len(multijets["jets"]) > 20
    assert np.median(_hadronic(signal["clusters"])) > np.median(_hadronic(multijets["clusters"])) + 0.2
    assert signal["jets"]["n_tracks"].mean() < multijets["jets"]["n_tracks"].mean() / 2
    assert signal["jets"]["n_segments"].mean() > multijets["jets"]["n_segments"].mean()
    assert np.median(signal["clusters"]["time"][:, 0]) > np.median(multijets["clusters"]["time"][:, 0])


def test_the_halo_is_early_in_the_plane_and_without_tracks(files, tmp_path):
    halo = _converted(files["beam_halo"], tmp_path / "b.h5", "bib_matched == 1")
    rows = halo["jets"]
    assert len(rows) > 20
    assert (rows["n_tracks"] == 0).all()
    assert (np.abs(np.sin(rows["phi"])) < 0.6).all()
    assert np.median(halo["clusters"]["time"][:, 0]) < -1


def test_equal_seeds_give_equal_content_and_events_are_numbered(files, tmp_path):
    simulate(Simulation(process="beam_halo", events=60), 1, 0, tmp_path / "again.root")
    trees = [
        uproot.open(path)["trees_DV_"].arrays(["eventNumber", "clus_pt"])
        for path in (files["beam_halo"], tmp_path / "again.root")
    ]
    assert ak.array_equal(trees[0], trees[1])
    assert trees[0].eventNumber.tolist() == list(range(1, 61))


def test_the_verb(tmp_path):
    output = tmp_path / "x.root"
    command = ["simulate", "--process", "hidden_sector", "--events", "4", "--mass-heavy", "200", "--mass-scalar", "50"]
    assert main([*command, "--lifetime", "300", "--output", str(output)]) in (0, None)
    tree = uproot.open(output)["trees_DV_"]
    assert tree.num_entries == 4
    assert ak.num(tree["llp_Lxy"].array()).tolist() == [2] * 4


def test_masses_that_cannot_be():
    task = {"labels": {"a": {"when": "pt < 0"}}, "inputs": ["pt"]}
    sample = {"simulate": {"process": "hidden_sector", "mass_heavy": 100, "mass_scalar": 60}}
    with pytest.raises(ConfigurationError, match="mass_heavy 100 is not above twice mass_scalar, 60"):
        load_merged({"samples": {"s": sample}, "tasks": {"t": task}})


def test_lines_meet_the_calorimeter_or_begin_in_it():
    vertex = np.array([[0, 0, 0], [0, 0, 0], [2000, 0, 0], [100, 0, 0]], float)
    momentum = np.array([[1, 0, 0], [0.1, 0, 10], [1, 0, 0], [-1, 0, 0]], float)
    point, depth, path = entry(vertex, momentum)
    np.testing.assert_allclose(point[0], [1500, 0, 0])
    np.testing.assert_allclose(point[1], [35, 0, 3500])
    np.testing.assert_allclose(path, [1500, np.hypot(35, 3500), 0, 1600])
    np.testing.assert_allclose(depth, [0, 0, 0.2, 0])


def test_showers_share_their_energy_out_and_late_ones_lose_some():
    shares = layer_shares(np.array([0.0, 0.5, 2.0]), np.array([0.05, 0.05, 0.05]))
    np.testing.assert_allclose(shares.sum(axis=1), [1, 1, 0], atol=1e-4)
    assert (shares[1][EDGES[1:] <= 0.5] == 0).all()


def test_another_response_is_another_response():
    fields = {"px": [50.0], "py": [0.0], "pz": [3.0], "e": [50.1], "pdg_id": [211], "charge": [1.0]}
    fields |= {key: [0.0] for key in ("x", "y", "z", "t")}
    particles = ak.Array([{name: value[0] for name, value in fields.items()}])[np.newaxis]
    found = [
        response.clusters(particles, Response(hadronic=hadronic, time=time), np.random.default_rng(1))
        for hadronic, time in ((1.0, 0.0), (2.0, 5.0))
    ]
    assert found[1].l2hcal[0, 0] == pytest.approx(2 * found[0].l2hcal[0, 0])
    assert found[1].l2ecal[0, 0] == pytest.approx(found[0].l2ecal[0, 0])
    assert found[1].time[0, 0] == pytest.approx(found[0].time[0, 0] + 5)
    assert len(response.tracks(particles, Response(tracks=0), np.random.default_rng(1))[0]) == 0
