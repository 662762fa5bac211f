"""Outputs of networks for trees: in the order of the jets, whatever stands in one batch."""

import numpy as np
import pytest

import toy_trees
from jetloom.errors import BadValueError
from jetloom.inference.tree_batches import LEAST_AT_ONCE, STEPS_AT_ONCE, TreeOutputs, steps_at_once


@pytest.fixture(scope="module")
def toy():
    from toy_density import ToyDensity

    return ToyDensity()


@pytest.fixture(scope="module")
def mean(toy):
    """The mean over steps of log P of each head: one row a jet."""
    import keras

    network = toy.build(None, None, 0, {})
    return keras.Model(network.inputs, keras.layers.GlobalAveragePooling1D()(network.outputs[0]))


def test_outputs_are_in_the_order_of_the_jets(toy, mean, monkeypatch):
    jets = toy_trees.jets(np.random.default_rng(1), 300, longest=40)
    found = TreeOutputs(mean, toy, None).in_order(jets)
    assert found.shape == (300, 6)
    for jet in (0, 11, 299):
        alone = jets.take(np.array([jet]))
        np.testing.assert_allclose(found[jet], np.asarray(mean([toy.features(alone, None)]))[0], rtol=1e-6)
    monkeypatch.setattr("jetloom.inference.tree_batches.steps_at_once", lambda network: 100)
    np.testing.assert_allclose(TreeOutputs(mean, toy, None).in_order(jets), found, rtol=1e-6)


def test_each_length_is_compiled_once(toy, mean, monkeypatch):
    shapes = []

    def forward(network, xla):
        def function(features):
            shapes.append(features.shape)
            return np.zeros((len(features), 2))

        return function

    monkeypatch.setattr("jetloom.inference.tree_batches.forward", forward)
    outputs = TreeOutputs(mean, toy, None)
    for seed in (1, 2, 3):
        jets = toy_trees.jets(np.random.default_rng(seed), 50 * seed, longest=40)
        assert sorted(np.concatenate([index for index, _ in outputs(jets)])) == list(range(50 * seed))
    steps = {shape[1] for shape in shapes}
    assert len(steps) >= 2
    assert len(set(shapes)) == len(steps)


def test_a_network_sees_all_steps_of_the_longer_ones_too(toy):
    """Even if its features are one array: a graph made for the steps of one batch would cut those of the next."""
    import keras

    inputs = keras.Input((None, 6))
    network = keras.Model(inputs, keras.layers.GRU(4, kernel_initializer=keras.initializers.GlorotUniform(1))(inputs))
    jets = toy_trees.jets(np.random.default_rng(1), 60, longest=40)
    found = TreeOutputs(network, toy, None).in_order(jets)
    for jet in range(0, 60, 7):
        features = toy.features(jets.take(np.array([jet])), None)
        np.testing.assert_allclose(found[jet], np.asarray(network(features))[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("rows", [1, 17])
def test_an_output_of_other_rows_is_refused(toy, mean, rows):
    jets = toy_trees.jets(np.random.default_rng(1), 100)
    outputs = TreeOutputs(mean, toy, None, lambda features: np.zeros((rows, 2)))
    with pytest.raises(BadValueError, match=rf"an output of shape \({rows}, 2\) for a batch of"):
        outputs.in_order(jets)


def test_an_output_of_each_step_is_no_output_of_the_jet(toy):
    jets = toy_trees.jets(np.random.default_rng(1), 100, longest=40)
    with pytest.raises(BadValueError, match="each jet has one of its own"):
        TreeOutputs(toy.build(None, None, 0, {}), toy, None).in_order(jets)


def test_an_error_in_the_making_of_a_batch_is_raised(toy, mean):
    jets = toy_trees.jets(np.random.default_rng(1), 10)
    with pytest.raises(ValueError, match="made to fail"):
        TreeOutputs(mean, _Failing(), None).in_order(jets)


class _Failing:
    compile_xla = False

    def features(self, jets, facts):
        raise ValueError("made to fail")


def test_large_networks_get_fewer_steps_at_once():
    class Network:
        def __init__(self, weights):
            self.weights = weights

        def count_params(self):
            return self.weights

    small, wide, huge = (steps_at_once(Network(weights)) for weights in (100, 80_000, 10**9))
    assert small in STEPS_AT_ONCE.values()
    assert small > wide >= huge == LEAST_AT_ONCE
