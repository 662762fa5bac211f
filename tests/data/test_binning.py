"""Limits and bins of trees, fitted on a training part."""

import logging
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom.config.tasks.trees import Binning
from jetloom.data.block import Block
from jetloom.data.fitting.binning import empty_bins, fit_binning
from jetloom.errors import EmptySampleError
from jetloom.io.trees import BRANCHING_VARIABLES
from jetloom.physics.scaling import bins, scale
from junipr_toys import clustered_jets
from tree_files import TREE_JETS, make_trees

LOGARITHMIC = ("z", "theta", "delta")


@pytest.fixture(scope="module")
def jets():
    rows, branchings = make_trees(600, 3)
    return Block.of_trees(rows, branchings, np.concatenate([[0], np.cumsum(rows["n_branchings"])]))


def _fit(jets, block=100, **settings):
    steps = range(0, len(jets), block)
    return fit_binning(
        Binning(**settings), lambda: (jets.take(slice(k, k + block)) for k in steps), {"algorithm": "cambridge_aachen"}
    )


@pytest.mark.parametrize("tail", [0.0, 0.001, 0.02, 0.2])
def test_ranges_from_data_leave_the_tail_beyond_each_edge(jets, tail):
    binning = _fit(jets, tail=tail)
    one = 1.5 / len(jets.branchings)
    for name in LOGARITHMIC:
        low, high = binning["branching"][name]
        values = jets.branchings[name]
        assert (values < low).mean() == pytest.approx(tail, abs=one + 0.002)
        assert (values > high).mean() == pytest.approx(tail, abs=one + 0.002)
        assert binning["shares"][name]["below"] == (values < low).mean()
        assert binning["shares"][name]["above"] == (values > high).mean()
    if tail == 0:
        for name in LOGARITHMIC:
            low, high = binning["branching"][name]
            assert low == pytest.approx(jets.branchings[name].min(), rel=1e-3)
            assert high == pytest.approx(jets.branchings[name].max(), rel=1e-3)
            assert binning["shares"][name]["below"] == binning["shares"][name]["above"] == 0


def test_momenta_are_those_of_roots_and_daughters(jets):
    binning = _fit(jets, tail=0.0)
    low, high = binning["momentum"]["e"]
    assert high == pytest.approx(jets["seed_e"].max(), rel=1e-3)
    assert low == pytest.approx(jets.branchings["soft_e"].min(), rel=1e-3)
    theta = np.concatenate([jets.branchings["hard_theta"], jets.branchings["soft_theta"]])
    assert binning["momentum"]["theta"] == pytest.approx([theta.min(), theta.max()], rel=1e-3)
    assert binning["momentum"]["phi"] == binning["branching"]["phi"] == [0.0, 2 * math.pi]


def test_counts_are_those_of_the_bins(jets):
    binning = _fit(jets, granularity=7)
    for name in BRANCHING_VARIABLES:
        found = bins(jets.branchings[name], name, binning["branching"][name], "log", 7)
        assert binning["shares"][name]["counts"] == np.bincount(found, minlength=7).tolist()
    assert binning["branchings"] == len(jets.branchings)
    assert binning["granularity"] == 7
    assert binning["trees"] == {"algorithm": "cambridge_aachen"}


def test_the_fit_does_not_depend_on_the_blocks(jets):
    assert _fit(jets, 7) == _fit(jets, 600)


def test_the_constants_of_the_paper(jets):
    binning = _fit(jets, ranges="junipr")
    assert binning["momentum"]["e"] == [1.0, 500.0]
    assert binning["momentum"]["theta"] == pytest.approx([2e-4, math.pi / 2])
    assert binning["momentum"]["m"] == [1.0, 500.0]
    assert binning["branching"]["z"] == pytest.approx([0.002, 0.5])
    assert binning["branching"]["theta"] == pytest.approx([0.05, math.pi / 2])
    assert binning["branching"]["delta"] == pytest.approx([2e-4, math.pi / 4])


def test_the_logarithm_of_the_atlas_system(jets):
    published = _fit(jets, scaling="log1p", ranges="junipr")
    assert published["scaling"] == "log1p"
    assert published["branching"]["z"] == [2.0, 0.5]
    assert published["branching"]["delta"] == [5000.0, math.pi]
    from_data = _fit(jets, scaling="log1p", tail=0.01)
    for name in LOGARITHMIC:
        factor, limit = from_data["branching"][name]
        assert factor == published["branching"][name][0]
        assert (scale(jets.branchings[name], name, [factor, limit], "log1p") > 1).mean() == pytest.approx(
            0.01, abs=3e-3
        )
        assert from_data["shares"][name]["below"] == 0


def test_what_has_no_logarithm_does_not_shape_the_limits(jets):
    branchings = jets.branchings.copy()
    branchings["delta"][::2] = 0
    branchings["soft_m"] = -0.1
    found = _fit(Block.of_trees(jets.rows, branchings, jets.offsets), tail=0.0)
    known = branchings["delta"][branchings["delta"] > 0]
    assert found["branching"]["delta"] == pytest.approx([known.min(), known.max()], rel=1e-3)
    assert found["shares"]["delta"]["below"] == (branchings["delta"] == 0).mean()
    assert found["momentum"]["m"][0] == pytest.approx(branchings["hard_m"].min(), rel=1e-3)
    assert found["momentum_shares"]["m"]["below"] > 0.3


def test_what_lies_beyond_and_empty_bins_are_named(jets, caplog):
    with caplog.at_level(logging.WARNING):
        binning = _fit(jets, ranges="junipr", e_sub=100.0, r_sub=0.001, granularity=50)
    share = (jets.branchings["z"] < 0.2).mean()
    assert f"z: {100 * share:.1f}% of the branchings lie below the range" in caplog.messages
    empty = empty_bins(binning)["theta"]
    assert empty
    assert f"theta: no branching in the bins {', '.join(map(str, empty))}" in caplog.messages
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        _fit(jets, ranges="junipr", e_sub=100.0, warn_above=1.0)
    assert not any("lie" in message for message in caplog.messages)


def test_jets_without_branchings_have_no_ranges(jets):
    none = Block.of_trees(np.zeros(5, TREE_JETS), jets.branchings[:0], np.zeros(6, np.int64))
    with pytest.raises(EmptySampleError, match="no tree has a momentum e to make bins of"):
        _fit(none)


def test_one_value_alone_has_a_range(jets):
    one = jets.take(np.flatnonzero(jets.lengths > 0)[:1])
    branchings = one.branchings[:1]
    rows = one.rows.copy()
    rows["n_branchings"] = 1
    binning = _fit(Block.of_trees(rows, branchings, np.array([0, 1])))
    for name in LOGARITHMIC:
        low, high = binning["branching"][name]
        assert low < branchings[name][0] < high


@pytest.fixture(scope="module")
def clustered():
    return clustered_jets(300)


def _photons(found, share, noise, seed):
    """Jets of which a share of the constituents are photons, whose masses are rounding of a size."""
    table, rng = found.branchings.copy(), np.random.default_rng(seed)
    for side in ("hard", "soft"):
        leaf = table[f"{side}_m"] < 0.2
        photon = leaf & (rng.random(len(table)) < share)
        square = rng.normal(0, 1, len(table)) * (noise * table[f"{side}_e"]) ** 2
        rounding = np.sign(square) * np.sqrt(np.abs(square))
        table[f"{side}_m"] = np.where(photon, rounding, np.where(leaf, 0.13957, table[f"{side}_m"]))
    return Block.of_trees(found.rows, table, found.offsets)


@settings(max_examples=10, deadline=None)
@given(
    share=st.sampled_from([0.05, 0.24, 0.6, 0.95]),
    noise=st.sampled_from([0.0, 1e-9, 1e-8, 1e-6, 1e-4]),
    seed=st.integers(0, 100),
)
def test_the_range_of_masses_is_that_of_real_ones_in_a_file_of_photons(clustered, share, noise, seed):
    found = _photons(clustered, share, noise, seed)
    binning = _fit(found)
    low, high = binning["momentum"]["m"]
    assert low == pytest.approx(0.13957, rel=2e-3)
    assert high > 1.0
    # As without the photons' masses: they do not shape it, whatever the rounding made of them.
    table = found.branchings.copy()
    for side in ("hard", "soft"):
        table[f"{side}_m"][table[f"{side}_m"] < 0.1] = 0
    assert _fit(Block.of_trees(found.rows, table, found.offsets))["momentum"]["m"] == pytest.approx(
        [low, high], rel=0.02
    )


def test_two_particles_of_one_direction_do_not_shape_the_range_of_angles(jets):
    branchings = jets.branchings.copy()
    rng = np.random.default_rng(2)
    one = rng.random(len(branchings)) < 0.3
    branchings["theta"][one], branchings["delta"][one] = rng.uniform(0, 4e-7, (2, one.sum()))
    found = _fit(Block.of_trees(jets.rows, branchings, jets.offsets), tail=0.0)
    for name in ("theta", "delta"):
        assert found["branching"][name][0] == pytest.approx(branchings[name][~one].min(), rel=1e-3)
        assert found["shares"][name]["below"] == pytest.approx(one.mean())


def test_trees_without_any_mass_have_the_published_range(jets, caplog):
    rows, branchings = jets.rows.copy(), jets.branchings.copy()
    rows["seed_m"] = branchings["hard_m"] = branchings["soft_m"] = 0
    found = _fit(Block.of_trees(rows, branchings, jets.offsets))
    assert found["momentum"]["m"] == [1.0, 500.0]
    assert "no particle has a mass" in caplog.text


def test_what_networks_see_is_described_unless_it_is_as_published(jets):
    inputs = _fit(jets)["inputs"]
    assert inputs["floor"] == -0.25
    low, high = _fit(jets)["momentum"]["e"]
    seen = np.log(jets.branchings["hard_e"].astype("f8") / low) / np.log(high / low)
    assert inputs["hard"]["mean"][0] == pytest.approx(seen.mean(), rel=1e-4)
    assert inputs["hard"]["std"][0] == pytest.approx(seen.std(), rel=1e-4)
    assert inputs["seed"]["std"][1:3] == [1.0, 1.0]  # the axis of a jet is always the same
    assert "inputs" not in _fit(jets, inputs="scaled")
