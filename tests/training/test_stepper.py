"""One step, on both backends. Keras has one backend a process, so JAX runs in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jetloom.data.streams.batch import Batch
from jetloom.models.updates import MAIN

SCRIPT = """
import sys
import numpy as np
from jetloom.training.backends.backend import use_backend
use_backend("jax", 1)
sys.path.insert(0, sys.argv[1])
from test_stepper import steps
np.savez(sys.argv[2], **steps())
"""


def _data():
    rng = np.random.default_rng(4)
    features = rng.normal(size=(48, 3)).astype(np.float32)
    labels = (features[:, 0] + 0.5 * rng.normal(size=48) > 0).astype(np.int32)
    weights = rng.normal(1, 0.6, 48).astype(np.float32)  # some are negative
    return Batch.of(features, labels, weights)


def _stepper(optimizer, **parameters):
    from jetloom.data.view import Columns, DataFacts
    from jetloom.models.registry import find_model
    from jetloom.training.steppers.choice import make_stepper

    model = find_model("dense")
    settings = model.parameters(optimizer=optimizer, units=5, **parameters)
    facts = DataFacts(Columns(["a", "b", "c"], np.zeros(3), np.ones(3), None), ["x", "y"])
    stepper = make_stepper(model.build(settings, facts, 1, {}), model, settings)
    rng = np.random.default_rng(9)  # the same start, however a backend draws
    for variable in stepper.network.trainable_variables:
        variable.assign(rng.normal(0, 0.5, variable.shape).astype(np.float32))
    stepper.refresh()
    return stepper


CASES = {
    "linear": ("sgd", {"hidden_layers": 0, "learning_rate": 0.5}),
    "penalty": ("sgd", {"hidden_layers": 0, "learning_rate": 0.5, "l2": 0.1}),
    "clipped": ("sgd", {"hidden_layers": 0, "learning_rate": 0.5, "clip_norm": 0.01}),
    "momentum": ("sgd", {"hidden_layers": 1, "learning_rate": 0.1, "momentum": 0.9}),
    "whole": ("sgd", {"hidden_layers": 1, "learning_rate": 0.5, "l2": 0.1}),
    "filled": ("sgd", {"hidden_layers": 1, "learning_rate": 0.5, "l2": 0.1}),
    "filled pieces": ("sgd", {"hidden_layers": 1, "learning_rate": 0.5, "l2": 0.1, "micro_batch": 7}),
    "adam": ("adam", {"hidden_layers": 2, "batch_normalization": True, "activation": "tanh"}),
    "pieces": ("sgd", {"hidden_layers": 1, "learning_rate": 0.5, "l2": 0.1, "micro_batch": 7}),
    "sum": ("sgd", {"hidden_layers": 1, "learning_rate": 0.5 / 16, "reduction": "sum"}),
    "sum in pieces": ("sgd", {"hidden_layers": 1, "learning_rate": 0.5 / 16, "reduction": "sum", "micro_batch": 7}),
    "rmsprop": ("rmsprop", {"hidden_layers": 1, "momentum": 0.5}),
}


def steps():
    """Make five steps in each case on the backend that is there; the last batch is smaller."""
    found = {}
    data = _data()
    for name, (optimizer, parameters) in CASES.items():
        stepper = _stepper(optimizer, **parameters)
        batches = [data.take(slice(k, None)) for k in (0, 0, 0, 0, 20)]
        if name.startswith("filled"):
            batches = [Batch.concatenate([batch, data.take(np.arange(5)).filled_from(0)]) for batch in batches]
        sums = [stepper.train({MAIN: batch}) for batch in batches]
        found[f"{name}/sums"] = np.array(sums)
        found[f"{name}/outputs"] = stepper.predict(data.features)
        stepper.sync()
        for index, variable in enumerate(stepper.network.trainable_variables):
            found[f"{name}/{index}"] = np.array(variable)
    return found


@pytest.fixture(scope="module")
def tensorflow():
    from jetloom.training.backends.backend import use_backend

    use_backend("tensorflow", 1)
    return steps()


@pytest.fixture(scope="module")
def jax(tmp_path_factory):
    path = tmp_path_factory.mktemp("jax") / "steps.npz"
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(path)]
    subprocess.run(command, check=True, env=environment)
    with np.load(path) as archive:
        return dict(archive)


@pytest.mark.parametrize("case", CASES)
def test_both_backends_take_the_same_steps(tensorflow, jax, case):
    assert tensorflow.keys() == jax.keys()
    for name in tensorflow:
        if name.startswith(f"{case}/"):
            np.testing.assert_allclose(tensorflow[name], jax[name], rtol=2e-3, atol=2e-4, err_msg=name)


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
@pytest.mark.parametrize("case", ["linear", "penalty", "clipped"])
def test_a_weighted_gradient_equals_the_one_computed_by_hand(request, backend, case):
    found = request.getfixturevalue(backend)
    data = _data()
    features, labels, weights = data.features.astype(float), data.target.astype(int), data.weights.astype(float)
    rng = np.random.default_rng(9)
    kernel = rng.normal(0, 0.5, (3, 2)).astype(np.float32).astype(float)
    bias = rng.normal(0, 0.5, 2).astype(np.float32).astype(float)
    parameters = CASES[case][1]
    for k, sums in zip((0, 0, 0, 0, 20), found[f"{case}/sums"], strict=True):
        x, y, w = features[k:], labels[k:], weights[k:]
        logits = x @ kernel + bias
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        assert sums[0] == pytest.approx((w * -np.log(probabilities[np.arange(len(y)), y])).sum(), rel=1e-4)
        assert sums[1] == pytest.approx(w[probabilities.argmax(axis=1) == y].sum(), rel=1e-4)
        slope = (probabilities - np.eye(2)[y]) * w[:, None] / len(w)  # over rows, not over weights
        gradients = [x.T @ slope + 2 * parameters.get("l2", 0) * kernel, slope.sum(axis=0)]
        if parameters.get("clip_norm"):
            norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
            assert norm > parameters["clip_norm"]
            gradients = [gradient * parameters["clip_norm"] / norm for gradient in gradients]
        kernel = kernel - 0.5 * gradients[0]
        bias = bias - 0.5 * gradients[1]
    np.testing.assert_allclose(found[f"{case}/0"], kernel, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[f"{case}/1"], bias, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_gradients_of_micro_batches_add_up_to_that_of_the_batch(request, backend):
    """Also where the last one is smaller, with a penalty on the weights."""
    found = request.getfixturevalue(backend)
    for name in ("sums", "outputs", "0", "1", "2", "3"):
        expected = found[f"whole/{name}"]
        np.testing.assert_allclose(found[f"pieces/{name}"], expected, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_rows_that_fill_a_batch_up_change_nothing(request, backend):
    found = request.getfixturevalue(backend)
    for name in ("filled", "filled pieces"):
        np.testing.assert_allclose(found[f"{name}/sums"], found["whole/sums"], rtol=1e-5)
        np.testing.assert_allclose(found[f"{name}/outputs"], found["whole/outputs"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("pieces", [0, 7])
def test_the_step_of_a_sum_is_that_of_a_mean_at_its_rate_over_the_rows(tensorflow, pieces):
    data = _data()
    mean = _stepper("sgd", learning_rate=0.5, hidden_layers=1)
    total = _stepper("sgd", learning_rate=0.5 / 48, hidden_layers=1, reduction="sum", micro_batch=pieces)
    for _ in range(3):
        expected = mean.train({MAIN: data})
        np.testing.assert_allclose(total.train({MAIN: data}), expected, rtol=1e-5)
    np.testing.assert_allclose(total.predict(data.features), mean.predict(data.features), rtol=1e-4, atol=1e-6)


def test_weights_decay_apart_from_the_gradient(tensorflow):
    data = _data()
    kernels = []
    for decay in (0.0, 0.1):
        stepper = _stepper("sgd", learning_rate=0.5, hidden_layers=0, weight_decay=decay)
        before = stepper.arrays()[0].copy()
        stepper.train({MAIN: data})
        kernels.append(stepper.arrays()[0])
    np.testing.assert_allclose(kernels[1], kernels[0] - 0.5 * 0.1 * before, rtol=1e-4, atol=1e-6)


def test_optimisers_are_what_the_parameters_say(tensorflow):
    from jetloom.models.base import Parameters
    from jetloom.training.optimizers import make_optimizer

    found = {
        name: make_optimizer(Parameters(optimizer=name, momentum=0.5, clip_norm=2.0, learning_rate=0.25))
        for name in ("adam", "adamw", "sgd", "rmsprop", "nadam")
    }
    assert {name: type(optimizer).__name__.lower() for name, optimizer in found.items()} == {
        name: name for name in found
    }
    assert found["sgd"].momentum == found["rmsprop"].momentum == 0.5
    assert all(optimizer.global_clipnorm == 2.0 for optimizer in found.values())
    assert all(float(np.asarray(optimizer.learning_rate)) == 0.25 for optimizer in found.values())
    assert make_optimizer(Parameters()).global_clipnorm is None


def test_a_state_is_taken_out_and_put_back(tensorflow):
    data = _data()
    one = _stepper("adam", dropout=0.5)
    one.train({MAIN: data})
    state = [array.copy() for array in one.arrays()]
    expected = [one.train({MAIN: data}) for _ in range(3)]
    other = _stepper("adam", dropout=0.5)
    other.load(state)
    np.testing.assert_array_equal([other.train({MAIN: data}) for _ in range(3)], expected)
    with pytest.raises(ValueError, match="shorter"):
        other.load(state[:-1])


def test_a_learning_rate_is_set(tensorflow):
    stepper = _stepper("sgd", learning_rate=0.5)
    stepper.learning_rate = 0.125
    assert stepper.learning_rate == 0.125
    before = stepper.arrays()[0].copy()
    stepper.learning_rate = 0.0
    stepper.train({MAIN: _data()})
    np.testing.assert_array_equal(stepper.arrays()[0], before)
