"""What the network sees of momenta and branchings, and files of versions in which it saw something else."""

from pathlib import Path

import numpy as np
import pytest
from junipr_loop import log_p

from jetloom.config.tasks.trees import Binning
from jetloom.data.block import Block
from jetloom.data.fitting.binning import fit_binning
from jetloom.data.view import Columns, DataFacts
from jetloom.errors import ConfigurationError
from jetloom.models.junipr.features import padded
from jetloom.models.junipr.start import load_unary, refuse_differences
from junipr_toys import clustered_jets

PLAIN = Path(__file__).with_name("plain_scaled.keras")
"""A density that an earlier version saved: it sees plain scaled values."""


@pytest.fixture(scope="module")
def jets():
    return clustered_jets(200, seed=4)


def _facts(jets, **settings):
    binning = fit_binning(Binning(granularity=4, **settings), lambda: [jets], {"max_constituents": 16})
    return DataFacts(Columns(["pt"], np.ones(1), np.ones(1), None), ["gluon", "quark"], trees=binning)


def _seen(layer, features):
    """What the network sees, (variables, values), where there are branchings."""
    there = (np.arange(features["rank"].shape[1]) < features["length"][:, None]).ravel()
    pairs = {
        "seed": (layer._seed_scale, features["seed"].T),
        "mother": (layer._mother_scale, features["mother"].reshape(-1, 4).T[:, there]),
        "daughters": (layer._daughters_scale, features["daughters"].reshape(-1, 8).T[:, there]),
        "branching": (layer._branching_seen, features["branching"].reshape(-1, 4).T[:, there]),
    }
    return {name: np.asarray(scale(values)) for name, (scale, values) in pairs.items()}


@pytest.mark.parametrize("scaling", ["log", "log1p"])
def test_the_network_sees_mean_0_and_deviation_1(build, jets, scaling):
    network = build(data=_facts(jets, scaling=scaling), width=3)
    for name, values in _seen(network.get_layer("junipr"), padded(jets)).items():
        np.testing.assert_allclose(values.mean(axis=1), 0, atol=2e-4, err_msg=name)
        constant = np.array([False, True, True, False]) if name == "seed" else np.zeros(len(values), bool)
        np.testing.assert_allclose(values.std(axis=1), ~constant, rtol=1e-3, atol=1e-5, err_msg=name)


def test_masses_of_rounding_are_one_and_the_same_to_the_network(build, jets):
    """Whatever rounding made of a photon's mass, the log probability is that of no mass."""
    network = build(data=_facts(jets), width=3)
    found = []
    for share in (0.0, 1e-8, -1e-8, 9e-6, -0.1):
        table = jets.branchings.copy()
        for side in ("hard", "soft"):
            photon = table[f"{side}_m"] < 0.1
            table[f"{side}_m"][photon] = share * table[f"{side}_e"][photon]
        found.append(np.asarray(network(padded(Block.of_trees(jets.rows, table, jets.offsets)))))
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


def test_log_p_is_that_of_a_loop_over_what_is_seen(build, jets):
    network, features = build(data=_facts(jets), width=3), padded(jets)
    random = np.random.default_rng(6)
    for variable in network.variables:
        variable.assign(np.asarray(variable) + random.normal(0, 0.4, variable.shape))
    found = np.asarray(network(features), np.float64)
    for row in range(5):
        expected = log_p(network.get_layer("junipr"), features, row)
        np.testing.assert_allclose(found[row, : len(expected)], expected, rtol=1e-4, atol=5e-5)


def test_the_inputs_lie_inside_the_saved_network(keras, build, jets, tmp_path):
    network, features = build(data=_facts(jets), width=3), padded(jets)
    network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(np.asarray(loaded(features)), np.asarray(network(features)))


def test_a_file_of_an_earlier_version_gives_the_numbers_that_it_gave(keras):
    network = keras.saving.load_model(PLAIN, compile=False)
    found = np.asarray(network(padded(clustered_jets(6, seed=3)))).sum(axis=(1, 2))
    np.testing.assert_allclose(found, [-85.5459, -15.3481, -23.5519, -29.4584, -24.7845, -94.9036], atol=2e-4)


def test_densities_of_other_inputs_make_no_ratio(keras, build, jets, tmp_path):
    build(data=_facts(jets), width=3).save(tmp_path / "model.keras")
    layer = load_unary(tmp_path / "model.keras", "start")
    with pytest.raises(ConfigurationError, match="trained with another 'inputs' than the dataset has"):
        refuse_differences({"start": layer}, {**layer.binning, "inputs": None})
