"""Jets of true particles, and the Z boson with a quark or a gluon."""

import awkward as ak
import numpy as np
import pytest

from jetloom.config.samples import Simulation
from jetloom.simulation import detector, generate, pileup
from jetloom.simulation.particles import visible
from jetloom.simulation.sample import simulate
from simulated_files import assert_spans_agree, read

WINDOW = {"energy": 14000.0, "pt_hat_min": 470.0, "pt_hat_max": 600.0, "detector": False}


@pytest.fixture(scope="module", params=["zjet_quark", "zjet_gluon"])
def zjet(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("zjet") / f"{request.param}.root"
    simulate(Simulation(process=request.param, events=40, **WINDOW), 1, 0, path)
    return request.param, read(path)


@pytest.fixture(scope="module")
def truth():
    simulation = Simulation(process="zjet_quark", events=20, **WINDOW)
    return next(generate.batches(simulation, 20, 5))


def test_every_particle_is_a_constituent_with_its_own_momentum(truth):
    tracks, constituents = visible(truth.particles)
    assert ak.num(constituents.pt).to_list() == ak.num(truth.particles.px).to_list()
    momenta = {
        "px": constituents.pt * np.cos(constituents.phi),
        "py": constituents.pt * np.sin(constituents.phi),
        "pz": constituents.pt * np.sinh(constituents.eta),
        "e": np.sqrt((constituents.pt * np.cosh(constituents.eta)) ** 2 + constituents.m**2),
    }
    for name, values in momenta.items():
        expected = ak.flatten(truth.particles[name])
        np.testing.assert_allclose(ak.flatten(values), expected, rtol=1e-6, atol=1e-6, err_msg=name)
    pions = abs(truth.particles.pdg_id) == 211
    np.testing.assert_allclose(ak.flatten(constituents.m[pions]), 0.13957, atol=1e-3)
    assert ak.all(constituents.em == ((truth.particles.pdg_id == 22) | (abs(truth.particles.pdg_id) == 11)))
    assert ak.all(tracks.charge != 0)
    assert ak.all(tracks.primary)
    assert ak.min(tracks.pt) > detector.TRACK_PT
    assert ak.max(abs(tracks.eta)) < detector.TRACKER_ETA


def test_there_are_no_neutrinos_and_short_lived_hadrons_have_decayed(truth):
    kinds = set(abs(ak.to_numpy(ak.flatten(truth.particles.pdg_id))))
    assert not kinds & {12, 14, 16, 310, 3122}
    assert {211, 22} <= kinds


def test_the_boson_is_invisible_and_the_jet_recoils(truth):
    """All that is seen has the transverse momentum of the jet, as large as pt_hat asks for."""
    recoil = np.hypot(ak.sum(truth.particles.px, axis=1), ak.sum(truth.particles.py, axis=1))
    assert ak.min(recoil) > 300
    assert 400 < ak.mean(recoil) < 700


def test_leading_jets_have_the_flavour_of_the_process(zjet):
    process, arrays = zjet
    assert_spans_agree(arrays)
    label = ak.firsts(arrays["AnalysisJetsAuxDyn.PartonTruthLabelID"]).to_numpy()
    allowed = {21} if process == "zjet_gluon" else {1, 2, 3, 4, 5}
    assert set(label) <= {*allowed, -1}
    # Radiation before the hard process can turn a jet away from its parton.
    assert np.isin(label, sorted(allowed)).mean() > 0.8
    pt = ak.firsts(arrays["AnalysisJetsAuxDyn.pt"]) / 1000
    assert 400 < ak.mean(pt) < 650


def test_there_is_no_pile_up_and_no_detector(zjet, monkeypatch, tmp_path):
    assert set(zjet[1]["EventInfoAuxDyn.averageInteractionsPerCrossing"]) == {0.0}
    for module, name in ((pileup, "interactions"), (detector, "reconstruct")):
        monkeypatch.setattr(module, name, lambda *_: pytest.fail("is not asked for"))
    simulate(Simulation(process="dijet", events=2, detector=False), 1, 0, tmp_path / "a.root")


def test_the_hard_process_keeps_to_its_range(tmp_path):
    simulate(Simulation(process="dijet", events=40, pt_hat_min=80, pt_hat_max=100), 1, 0, tmp_path / "a.root")
    leading = ak.firsts(read(tmp_path / "a.root")["AnalysisJetsAuxDyn.pt"]) / 1000
    assert 60 < np.median(leading) < 125
