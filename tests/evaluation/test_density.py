"""log P by jet, step and head: order, sums, buckets, and what a wrong network is told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toy_trees
from jetloom.data.block import Block
from jetloom.data.streams.buckets import padded_steps
from jetloom.errors import BadValueError
from jetloom.evaluation.density.log_p import LogProbabilities, Steps, places
from jetloom.evaluation.density.surprise import NAMES, by_class, mean_surprise
from jetloom.evaluation.statistics.bootstrap import Draws
from jetloom.inference.tree_batches import buckets


@pytest.fixture(scope="module")
def toy():
    from toy_density import ToyDensity

    model = ToyDensity()
    return model, model.build(None, None, 0, {})


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 100), min_size=1, max_size=60), st.integers(1, 300))
def test_each_jet_is_in_one_bucket_of_like_length(lengths, steps):
    lengths = np.array(lengths)
    seen, shapes = [], {}
    for index, rows in buckets(lengths, steps):
        padded = set(padded_steps(lengths[index]).tolist())
        assert len(padded) == 1
        assert len(index) <= rows
        assert rows & (rows - 1) == 0
        assert len(index) == 1 or rows * min(padded) <= steps
        assert shapes.setdefault(min(padded), rows) == rows, "another shape of the same length"
        seen += index.tolist()
    assert sorted(seen) == list(range(len(lengths)))


def test_places_by_hand():
    offsets = np.array([0, 2, 3, 6])
    np.testing.assert_array_equal(places(offsets, np.array([2, 0])), [3, 4, 5, 0, 1])


def test_log_p_is_that_of_each_jet_whatever_the_batches(toy, monkeypatch):
    model, network = toy
    jets = toy_trees.jets(np.random.default_rng(1), 200)
    steps = LogProbabilities(network, model, None)(jets)
    for jet in (0, 7, 199):
        own = jets.branchings[jets.offsets[jet] : jets.offsets[jet + 1]]["z"]
        expected = np.zeros((len(own) + 1, 6))
        expected[:, 0] = -0.1
        expected[:-1, 1:] = -own[:, None] * np.arange(2, 7)
        np.testing.assert_allclose(steps.of(jet), expected, rtol=1e-6)
    np.testing.assert_allclose(steps.sums()[:, 0], -0.1 * (jets.lengths + 1), rtol=1e-6)
    np.testing.assert_allclose(steps.sums()[7], steps.of(7).sum(axis=0), rtol=1e-5)
    monkeypatch.setattr("jetloom.inference.tree_batches.steps_at_once", lambda network: 100)
    again = LogProbabilities(network, model, None)(jets)
    np.testing.assert_array_equal(steps.values, again.values)


def test_a_jet_of_one_constituent_has_one_step(toy):
    model, network = toy
    jets = toy_trees.jets(np.random.default_rng(1), 3, longest=0)
    steps = LogProbabilities(network, model, None)(jets)
    np.testing.assert_allclose(steps.values, [[-0.1, 0, 0, 0, 0, 0]] * 3, rtol=1e-6)


def test_blocks_one_after_the_other_without_the_empty_ones(toy):
    model, network = toy
    jets = toy_trees.jets(np.random.default_rng(1), 30)
    parts = [slice(0, 10), slice(10, 10), slice(10, 30)]
    log_p = LogProbabilities(network, model, None)
    found = list(log_p.iter_blocks(jets.take(part) for part in parts))
    assert [len(block) for block, _ in found] == [10, 20]
    values = np.concatenate([steps.values for _, steps in found])
    np.testing.assert_array_equal(values, log_p(jets).values)

    def broken():
        yield jets
        raise OSError("cannot be read")

    with pytest.raises(OSError, match="cannot be read"):
        list(log_p.iter_blocks(broken()))


def test_no_jets(toy):
    model, network = toy
    jets = toy_trees.jets(np.random.default_rng(1), 3).take(slice(0, 0))
    assert len(LogProbabilities(network, model, None)(jets)) == 0
    assert Steps(np.zeros((0, 6), "f4"), np.zeros(1, "i8")).sums().shape == (0, 6)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (lambda f: f[..., :5], "an output of shape"),
        (lambda f: f[:, :1], "an output of shape"),
        (lambda f: f[..., 0], "an output of shape"),
        (lambda f: f * np.nan, "not finite"),
    ],
)
def test_a_network_that_gives_no_log_p(toy, output, message):
    class Wrong:
        def count_params(self):
            return 1

        def __call__(self, features, training):
            return output(features)

    jets = toy_trees.jets(np.random.default_rng(1), 5)
    with pytest.raises(BadValueError, match=message):
        LogProbabilities(Wrong(), toy[0], None)(jets)


def test_means_by_hand_and_their_errors():
    rng = np.random.default_rng(0)
    log_p = -rng.gamma(4.0, 1.0, (4000, 6))
    weights = np.ones(4000)
    found = mean_surprise(log_p, weights, np.arange(4000), Draws(1))
    assert list(found) == list(NAMES)
    assert found["loss"]["value"] == pytest.approx(-log_p.sum(axis=1).mean())
    assert sum(found[name]["value"] for name in NAMES[1:]) == pytest.approx(found["loss"]["value"])
    assert found["loss"]["std"] == pytest.approx(log_p.sum(axis=1).std() / np.sqrt(4000), rel=0.3)
    # Two equal jets an event know half as much.
    twice = mean_surprise(np.repeat(log_p[:2000], 2, axis=0), weights, np.arange(4000) // 2, Draws(1))
    assert twice["loss"]["std"] == pytest.approx(np.sqrt(2) * found["loss"]["std"], rel=0.35)


def test_weights_count_and_a_class_without_jets_has_no_mean():
    log_p = -np.tile([[1.0] * 6, [3.0] * 6], (10, 1))
    columns = {"label": np.zeros(20, int), "weight": np.tile([3.0, 1.0], 10), "event": np.arange(20)}
    found = by_class(log_p, columns, ["quark", "gluon"], Draws(0))
    assert found["quark"]["surprise"]["z"]["value"] == pytest.approx(1.5)
    assert found["quark"]["effective_jets"] == pytest.approx(16)
    assert found["gluon"]["jets"] == 0
    assert found["gluon"]["surprise"]["loss"] == {"value": None, "std": None, "not_meaningful": "no jets"}


def test_toy_trees_are_trees():
    jets = toy_trees.jets(np.random.default_rng(2), 50)
    assert isinstance(jets, Block)
    rows = jets.branchings
    np.testing.assert_allclose(rows["soft_e"] / (rows["hard_e"] + rows["soft_e"]), rows["z"], rtol=1e-4)
