"""What JUNIPR expects at each step agrees with the log P that it gives, and sums to one."""

import numpy as np
import pytest

import toy_trees
from jetloom.evaluation.density import HEADS, log_probabilities
from jetloom.evaluation.heads import HeadSums, head_sums, outcomes
from jetloom.models.base import DataFacts
from jetloom.models.junipr.model import JuniprModel
from jetloom.models.junipr.parameters import JuniprParameters

BINNING = {
    "granularity": 5,
    "scaling": "log",
    "momentum": {"e": [1.0, 600.0], "theta": [0.001, 1.5], "phi": [0.0, 6.283185307179586], "m": [0.1, 100.0]},
    "branching": {"z": [0.002, 0.5], "theta": [0.001, 1.5], "phi": [0.0, 6.283185307179586], "delta": [1e-5, 0.8]},
    "trees": {"max_constituents": 30},
}
FACTS = DataFacts([], ["quark", "gluon"], np.zeros(0), np.ones(0), None, BINNING)


@pytest.fixture(scope="module", params=["factorised", "joint", "unique"])
def network(request):
    model = JuniprModel()
    return model, model.build(JuniprParameters(branching=request.param), FACTS, 7, {})


class OneBlock:
    """A view of some jets."""

    weight, binning, inputs, classes = "weight", BINNING, FACTS.inputs, FACTS.classes
    mean = std = missing = None

    def __init__(self, jets):
        self.jets = jets

    def blocks(self, role):
        assert role == "test"
        yield self.jets


def test_the_expectation_of_what_happened_is_its_probability(network):
    model, net = network
    jets = toy_trees.jets(np.random.default_rng(3), 6, longest=20)
    expected, steps = model.expected(net), log_probabilities(net, model, jets, FACTS)
    for jet in range(6):
        one = jets.take(slice(jet, jet + 1))
        found = expected(model.features(one, FACTS), np.ones(1))
        log_p, last = steps.of(jet), int(one.lengths[0])
        for head, (step, outcome, _) in outcomes(one, np.ones(1), BINNING).items():
            column = log_p[:, HEADS.index(head)]
            np.testing.assert_allclose(np.log(found[head][step, outcome]), column[step], rtol=1e-4, atol=1e-5)
        # It did not end at the steps before.
        np.testing.assert_allclose(np.log1p(-found["end"][:last, 0]), log_p[:last, 0], rtol=1e-4, atol=1e-5)
        assert (found["end"][last + 1 :] == 0).all()
        assert (found["mother"][last:] == 0).all()


def test_expectations_sum_to_the_weights_of_the_jets_that_have_the_step(network):
    model, net = network
    jets = toy_trees.jets(np.random.default_rng(4), 200, longest=20)
    sums = head_sums(model.expected(net), net, model, OneBlock(jets), "test", [1])
    own = jets["label"] == 1
    lengths, weights = jets.lengths[own], jets["weight"][own].astype("f8")
    there = np.array([weights[lengths > step].sum() for step in range(lengths.max())])
    np.testing.assert_allclose(sums["mother"].data.sum(axis=1), there, rtol=1e-6)
    np.testing.assert_allclose(sums["mother"].model.sum(axis=1), there, rtol=1e-4)
    np.testing.assert_allclose(sums["z"].data.sum(axis=1), there, rtol=1e-6)
    assert (sums["z"].model.sum(axis=1) <= there * 1.0001).all()
    assert sums["end"].data.sum() == pytest.approx(weights.sum())
    # No rank beyond the particles there are.
    ranks = np.arange(sums["mother"].model.shape[1])
    assert sums["mother"].model[ranks[None] > np.arange(len(there))[:, None]].max(initial=0.0) == 0.0


def test_sums_by_hand():
    sums = HeadSums.empty()
    sums.happened(np.array([0, 0, 2]), np.array([1, 1, 0]), np.array([2.0, 1.0, 3.0]))
    np.testing.assert_array_equal(sums.data, [[0, 3], [0, 0], [3, 0]])
    np.testing.assert_array_equal(sums.squares, [[0, 5], [0, 0], [9, 0]])
    sums.expected(np.array([[0.5, 0.5, 2.0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]))
    trimmed = sums.trimmed()
    assert trimmed.data.shape == trimmed.squares.shape == trimmed.model.shape == (3, 3)
    np.testing.assert_array_equal(trimmed.model[0], [0.5, 0.5, 2.0])
