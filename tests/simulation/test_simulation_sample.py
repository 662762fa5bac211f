"""Whole files: content, determinism, both formats, the verb."""

import argparse
import json
import logging

import awkward as ak
import numpy as np
import pytest
import uproot

from jetloom.cli.data.simulate import configure, run
from jetloom.config.samples import Simulation
from jetloom.errors import ConfigurationError
from jetloom.simulation import generate
from jetloom.simulation.sample import simulate
from simulated_files import assert_spans_agree, read

EVENTS = 45


def same(one, other):
    return one.keys() == other.keys() and all(ak.array_equal(one[name], other[name], equal_nan=True) for name in one)


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    directory = tmp_path_factory.mktemp("simulated")

    def make(name, seed=1, chunk=0, **settings):
        path = directory / f"{name}.root"
        simulate(Simulation(**{"process": "dijet", "events": EVENTS, **settings}), seed, chunk, path)
        return path

    return make


@pytest.fixture(scope="module")
def dijet(make):
    return read(make("dijet"))


@pytest.fixture(scope="module")
def ttbar(make):
    return read(make("ttbar", process="ttbar"))


def test_equal_seed_and_chunk_give_equal_content(make, dijet):
    assert same(dijet, read(make("again")))


def test_both_formats_hold_the_same(make, dijet):
    assert same(dijet, read(make("rntuple", format="rntuple")))


def test_seeds_and_chunks_differ(make, dijet):
    other_seed = read(make("seed", seed=2))
    assert not ak.array_equal(dijet["AnalysisJetsAuxDyn.pt"], other_seed["AnalysisJetsAuxDyn.pt"])
    chunks = [read(make(f"chunk{index}", chunk=index, events=23, chunks=2)) for index in range(2)]
    assert [len(chunk["EventInfoAux.eventNumber"]) for chunk in chunks] == [12, 11]
    numbers = np.concatenate([chunk["EventInfoAux.eventNumber"] for chunk in chunks])
    assert numbers.tolist() == list(range(1, 24))
    first = [chunk["AnalysisJetsAuxDyn.pt"][:11] for chunk in chunks]
    assert not ak.array_equal(*first)


def test_blocks_join_without_a_seam(make, monkeypatch):
    monkeypatch.setattr(generate.batches, "__defaults__", (7,))
    arrays = read(make("blocks", events=20))
    assert arrays["EventInfoAux.eventNumber"].to_list() == list(range(1, 21))
    assert_spans_agree(arrays)


@pytest.mark.parametrize("sample", ["dijet", "ttbar"])
def test_jets_are_the_sums_of_their_constituents(sample, request):
    arrays = request.getfixturevalue(sample)
    assert_spans_agree(arrays)
    pt, eta, phi, mass = (arrays[f"JetConstituentsAuxDyn.{name}"] for name in ("pt", "eta", "phi", "m"))
    parts = [pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), np.hypot(pt * np.cosh(eta), mass)]
    counts = ak.flatten(arrays["AnalysisJetsAuxDyn.constituentCount"])
    px, py, pz, energy = (ak.sum(ak.unflatten(ak.flatten(part), counts), axis=1) for part in parts)
    jets = {name: ak.flatten(arrays[f"AnalysisJetsAuxDyn.{name}"]) for name in ("pt", "eta", "phi", "m")}
    np.testing.assert_allclose(np.hypot(px, py), jets["pt"], rtol=1e-5)
    np.testing.assert_allclose(np.arcsinh(pz / np.hypot(px, py)), jets["eta"], atol=1e-5)
    np.testing.assert_allclose(np.cos(np.arctan2(py, px) - jets["phi"]), 1.0, atol=1e-6)
    np.testing.assert_allclose(energy, np.hypot(jets["pt"] * np.cosh(jets["eta"]), jets["m"]), rtol=1e-5)


@pytest.mark.parametrize("sample", ["dijet", "ttbar"])
def test_values_are_finite_and_possible(sample, request):
    arrays = request.getfixturevalue(sample)
    for name, values in arrays.items():
        flat = ak.to_numpy(ak.flatten(values, axis=None))
        # Jets without tracks, or without a secondary vertex, have none of these.
        known = ~np.isnan(flat) if name.endswith(("ip_log_ratio", "sv_significance")) else np.ones(flat.shape, bool)
        assert np.isfinite(flat[known]).all(), name
        assert known.any(), name
    jets = {name.split(".")[1]: values for name, values in arrays.items() if name.startswith("AnalysisJets")}
    assert set(ak.flatten(jets["PartonTruthLabelID"])) <= {-1, 1, 2, 3, 4, 5, 6, 21}
    assert set(ak.flatten(jets["HadronConeExclTruthLabelID"])) <= {0, 4, 5, 15}
    assert ak.all(jets["pt"] > 15_000)
    assert ak.all(jets["pt"][:, :-1] >= jets["pt"][:, 1:])
    assert ak.all((jets["EMFrac"] >= 0) & (jets["EMFrac"] <= 1 + 1e-6))
    assert ak.all(((jets["Jvt"] >= 0) & (jets["Jvt"] <= 1)) | (jets["Jvt"] == -1))
    assert ak.all((jets["N90Constituents"] >= 1) & (jets["N90Constituents"] <= jets["constituentCount"]))
    neutral = arrays["JetConstituentsAuxDyn.charge"] == 0
    assert ak.all(arrays["JetConstituentsAuxDyn.d0"][neutral] == 0)


def test_beauty_jets_are_displaced(ttbar):
    owner = ttbar["InDetTrackParticlesAuxDyn.jetIndex"]
    label = ttbar["AnalysisJetsAuxDyn.HadronConeExclTruthLabelID"][owner]
    good = (ttbar["InDetTrackParticlesAuxDyn.pt"] > 1000) & (abs(ttbar["InDetTrackParticlesAuxDyn.z0"]) < 2)
    far = abs(ttbar["InDetTrackParticlesAuxDyn.d0"]) > 0.15
    assert ak.mean(far[good & (label == 5)]) > 3 * ak.mean(far[good & (label == 0)])


def test_event_information(ttbar):
    assert ttbar["EventInfoAux.eventNumber"].to_list() == list(range(1, EVENTS + 1))
    assert str(ttbar["EventInfoAux.runNumber"].type.content) == "uint32"
    assert str(ttbar["EventInfoAux.eventNumber"].type.content) == "uint64"
    assert set(ttbar["EventInfoAuxDyn.mcChannelNumber"]) == {410470}
    assert ttbar["EventInfoAuxDyn.mcEventWeights"].to_list() == [[1.0]] * EVENTS


def call(*words):
    parser = argparse.ArgumentParser()
    configure(parser)
    run(parser.parse_args([str(word) for word in words]))


def test_verb_without_a_configuration(tmp_path, caplog):
    caplog.set_level(logging.INFO, "jetloom")
    output = tmp_path / "deep" / "sample.root"
    call("--process", "dijet", "--events", 5, "--chunks", 2, "--chunk", 1, "--seed", 3, "--output", output)
    assert "2 of 2 events" in caplog.text
    assert "jets by PartonTruthLabelID" in caplog.text
    with uproot.open(output) as file:
        settings = json.loads(str(file["jetloom"]))["settings"]
    assert settings == {
        "process": "dijet", "events": 5, "chunks": 2, "chunk": 1, "seed": 3, "pt_hat_min": 100.0, "pt_hat_max": None,
        "pt_hat_power": 0.0, "energy": 13000.0, "detector": True, "format": "ttree", "multiple_interactions": True,
        "mass": None, "era": 2017, "displaced": False, "mass_heavy": 600.0, "mass_scalar": 150.0, "lifetime": 1500.0,
        "response": {"energy": 1.0, "hadronic": 1.0, "tracks": 1.0, "time": 0.0, "run_number": 284500},
    }  # fmt: skip


def test_verb_with_a_configuration_gives_the_same(tmp_path):
    config = tmp_path / "analysis.yaml"
    config.write_text("seed: 3\nsamples: {mine: {simulate: {process: dijet, events: 5}}, real: {files: [a.root]}}\n")
    call("--config", config, "--sample", "mine", "--output", tmp_path / "a.root")
    call("--process", "dijet", "--events", 5, "--seed", 3, "--output", tmp_path / "b.root")
    assert same(read(tmp_path / "a.root"), read(tmp_path / "b.root"))
    wrong = [
        (("--config", config), "needs --sample"),
        (("--config", config, "--sample", "mime"), "did you mean 'mine'"),
        (("--config", config, "--sample", "real"), "read from files"),
        (("--config", config, "--sample", "mine", "--seed", 4), "--seed does not go together"),
        (("--sample", "mine"), "--sample needs --config"),
        ((), "give --config and --sample, or --process"),
        (("--process", "dijet", "--events", 0), "events"),
        (("--process", "dijet", "--seed", -1), "--seed"),
        (("--process", "dijet", "--pt-hat-min", 7000), "pt_hat_min is 7000 GeV, and 6500 GeV is the most"),
        (("--process", "dijet", "--pt-hat-min", 7000, "--energy", 10000), "5000 GeV is the most that 10 TeV"),
        (("--process", "dijet", "--pt-hat-min", 90, "--pt-hat-max", 80), "pt_hat_max 80 is not above pt_hat_min 90"),
    ]
    for words, message in wrong:
        with pytest.raises(ConfigurationError, match=message):
            call(*words, "--output", tmp_path / "c.root")
    assert not (tmp_path / "c.root").exists()


@pytest.mark.parametrize("form", ["ttree", "rntuple"])
def test_a_first_block_without_jets(form, make, monkeypatch, dijet):
    # Branch types are fixed by the first block, which may well have no jet when blocks are small.
    from jetloom.simulation import sample

    monkeypatch.setattr(generate.batches, "__defaults__", (3,))
    real, calls = sample.detector.reconstruct, []

    def blind_at_first(*arguments):
        tracks, constituents = real(*arguments)
        calls.append(1)
        return (tracks[:, :0], constituents[:, :0]) if len(calls) == 1 else (tracks, constituents)

    monkeypatch.setattr(sample.detector, "reconstruct", blind_at_first)
    arrays = read(make(f"blind_{form}", events=6, format=form))
    assert {name: str(values.type.content) for name, values in arrays.items()} == {
        name: str(values.type.content) for name, values in dijet.items()
    }
    counts = ak.num(arrays["AnalysisJetsAuxDyn.pt"]).to_list()
    assert counts[:3] == [0, 0, 0]
    assert sum(counts) > 0
    assert_spans_agree(arrays)
