"""What JUNIPR expects at each step agrees with the log P that it gives, and sums to one."""

import numpy as np
import pytest

import toy_trees
from jetloom.data.view import Columns, DataFacts
from jetloom.evaluation.density.heads import head_sums, outcomes
from jetloom.evaluation.density.log_p import HEADS, LogProbabilities
from jetloom.models.junipr.model import JuniprModel
from jetloom.models.junipr.parameters import JuniprParameters

BINNING = {
    "granularity": 5,
    "scaling": "log",
    "momentum": {"e": [1.0, 600.0], "theta": [0.001, 1.5], "phi": [0.0, 6.283185307179586], "m": [0.1, 100.0]},
    "branching": {"z": [0.002, 0.5], "theta": [0.001, 1.5], "phi": [0.0, 6.283185307179586], "delta": [1e-5, 0.8]},
    "trees": {"max_constituents": 30},
}
FACTS = DataFacts(Columns([], np.zeros(0), np.ones(0), None), ["quark", "gluon"], trees=BINNING)


@pytest.fixture(scope="module", params=["factorised", "joint", "unique"])
def network(request):
    model = JuniprModel()
    return model, model.build(JuniprParameters(branching=request.param), FACTS, 7, {})


class OneBlock:
    """A view of some jets."""

    weight, facts = "weight", FACTS
    mean = std = missing = None

    def __init__(self, jets):
        self.jets = jets

    def blocks(self, role, rows):
        assert role == "test"
        yield self.jets


def test_the_expectation_of_what_happened_is_its_probability(network):
    model, net = network
    jets = toy_trees.jets(np.random.default_rng(3), 6, longest=20)
    expected, steps = model.expected(net), LogProbabilities(net, model, FACTS)(jets)
    for jet in range(6):
        one = jets.take(slice(jet, jet + 1))
        found = {head: values[0] for head, values in expected(model.features(one, FACTS)).items()}
        log_p, last = steps.of(jet), int(one.lengths[0])
        for head, (_, step, outcome) in outcomes(one, BINNING).items():
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
    mother, z = sums["mother"].steps, sums["z"].steps
    np.testing.assert_allclose(mother.weights, there, rtol=1e-6)
    np.testing.assert_allclose(mother.data.sum(axis=1), there, rtol=1e-6)
    np.testing.assert_allclose(mother.model.sum(axis=1), there, rtol=1e-4)
    np.testing.assert_allclose(z.data.sum(axis=1), there, rtol=1e-6)
    assert (z.model.sum(axis=1) <= there * 1.0001).all()
    for found in (sums["mother"], sums["z"]):
        np.testing.assert_allclose(found.total.data[0], found.steps.data.sum(axis=0))
        np.testing.assert_allclose(found.total.model[0], found.steps.model.sum(axis=0))
    assert sums["end"].total.data.sum() == pytest.approx(weights.sum())
    np.testing.assert_allclose(sums["end"].total.data[0, : lengths.max() + 1], np.bincount(lengths, weights))
    # No rank beyond the particles there are.
    ranks = np.arange(mother.model.shape[1])
    assert mother.model[ranks[None] > np.arange(len(there))[:, None]].max(initial=0.0) == 0.0


def test_the_mean_surprise_of_a_head_is_that_of_its_log_p(network):
    model, net = network
    jets = toy_trees.jets(np.random.default_rng(5), 150, longest=20)
    sums = head_sums(model.expected(net), net, model, OneBlock(jets), "test", [0, 1])
    log_p = LogProbabilities(net, model, FACTS)(jets).sums()
    weights = jets["weight"].astype("f8")
    for head in ("mother", "z", "phi"):
        mean = -(weights @ log_p[:, HEADS.index(head)]) / (weights @ jets.lengths)
        assert sums[head].mean_surprise() == pytest.approx(mean, rel=1e-4)
