"""Trees by depth: means at each step, and how far two samples are apart."""

import numpy as np
import pytest

from jetloom.data.block import Block
from jetloom.evaluation.density.depth import FEWEST, LOGARITHMIC, QUANTITIES, by_depth, depth_numbers, drifts
from junipr_toys import jets


def sample(rows=400, longest=6, seed=1):
    lengths = np.random.default_rng(seed).integers(0, longest + 1, rows)
    return jets(lengths, seed), np.random.default_rng(seed + 9).uniform(0.5, 2.0, rows)


def test_means_by_step_are_those_of_a_loop():
    block, weights = sample()
    found = by_depth([(block, weights)])
    for step in (0, 3, 5):
        chosen = np.flatnonzero(block.lengths > step)
        rows, mine = block.branchings[block.offsets[chosen] + step], weights[chosen]
        assert found.jets[step] == len(chosen)
        for place, name in enumerate(QUANTITIES[1:], 1):
            values = np.log(rows[name]) if name in LOGARITHMIC else rows[name]
            assert found.mean[place, step] == pytest.approx(np.average(values, weights=mine), rel=1e-6)
    masses = block["seed_m"][block.lengths > 0]
    expected = np.average(np.log(masses), weights=weights[block.lengths > 0])
    assert found.mean[0, 0] == pytest.approx(expected, rel=1e-6)  # the first mother is the root
    counts = np.bincount(block.lengths + 1, weights)
    np.testing.assert_allclose(found.sizes, counts)


def test_blocks_do_not_matter():
    block, weights = sample()
    one = by_depth([(block, weights)])
    half = np.arange(len(block)) < 150
    two = by_depth([(block.take(half), weights[half]), (block.take(~half), weights[~half])])
    for name in ("sizes", "jets", "mean", "std"):
        np.testing.assert_allclose(getattr(two, name), getattr(one, name))


def test_a_sample_is_like_itself_and_another_of_its_kind():
    block, weights = sample(3000)
    found = depth_numbers(by_depth([(block, weights)]), by_depth([(block, weights)]))
    assert found["constituents"]["distance"] == 0.0
    assert not np.any(found["depth"]["theta"]["pull"])
    other, weight = sample(3000, seed=2)
    found = depth_numbers(by_depth([(other, weight)]), by_depth([(block, weights)]))
    assert found["constituents"]["distance"] < 0.06
    pulls = np.array([found["depth"][name]["pull"] for name in QUANTITIES[1:]])
    assert pulls.shape == (4, 6)
    assert np.sqrt(np.mean(pulls**2)) < 2
    assert np.abs(pulls).max() > 0.1


def test_what_drifts_with_depth_is_seen_at_its_step():
    block, weights = sample(3000)
    table = block.branchings.copy()
    step = np.arange(len(table)) - np.repeat(block.offsets[:-1], block.lengths)
    table["theta"][step == 4] *= 1.3
    found = depth_numbers(
        by_depth([(Block.of_trees(block.rows, table, block.offsets), weights)]), by_depth([(block, weights)])
    )["depth"]
    ratio = np.array(found["theta"]["drawn"]) / found["theta"]["data"]
    np.testing.assert_allclose(ratio, [1, 1, 1, 1, 1.3, 1], rtol=1e-5)
    assert np.argmax(found["theta"]["pull"]) == 4
    assert not np.any(found["z"]["pull"])


def test_a_figure_shows_the_means_in_their_units():
    block, weights = sample(3000)
    other, weight = sample(3000, seed=2)
    deep = by_depth([(other, weight)]), by_depth([(block, weights)])
    shown, numbers = drifts(*deep), depth_numbers(*deep)["depth"]
    assert set(shown) == set(QUANTITIES)
    for name, drift in shown.items():
        assert drift.logarithmic == (name != "phi")
        np.testing.assert_allclose(drift.drawn, numbers[name]["drawn"])
        np.testing.assert_allclose(drift.data, numbers[name]["data"])
        # The pull of a small difference is that of the means themselves.
        errors = np.hypot(drift.data_errors, drift.drawn_errors)
        np.testing.assert_allclose((drift.drawn - drift.data) / errors, numbers[name]["pull"], atol=0.2)
    phi = block.branchings["phi"][block.offsets[:-1][block.lengths > 0]]
    assert shown["phi"].data[0] == pytest.approx(np.average(phi, weights=weights[block.lengths > 0]), rel=1e-6)


@pytest.mark.parametrize("rows", [0, 1, 30])
def test_few_jets_have_no_depth_and_no_jets_no_distance(rows):
    few, weights = sample(rows)
    many, others = sample(300)
    found = depth_numbers(by_depth([(few, weights)]), by_depth([(many, others)]))
    assert found["depth"]["z"]["drawn"] == []
    assert np.isfinite(found["constituents"]["distance"])
    assert rows < FEWEST
