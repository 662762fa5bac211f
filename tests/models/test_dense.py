import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from jetloom.data.block import Block
from jetloom.data.streams.batch import Batch
from jetloom.data.view import Columns, DataFacts
from jetloom.errors import ConfigurationError
from jetloom.models.registry import find_model, resolve_parameters
from jetloom.training.backends.backend import use_backend

INPUTS = Columns(["a", "b", "c"], np.array([1.0, 100.0, -5.0]), np.array([2.0, 10.0, 0.5]), np.array([1.0, 7.0, -5.0]))
FACTS = DataFacts(INPUTS, ["x", "y"])


@pytest.fixture(scope="module")
def keras():
    use_backend("tensorflow", 1)
    import keras

    return keras


@pytest.fixture(scope="module")
def inputs():
    return np.random.default_rng(1).normal(INPUTS.mean, INPUTS.std, (50, 3)).astype(np.float32)


def _build(seed=1, facts=FACTS, **parameters):
    model = find_model("dense")
    return model.build(model.parameters(**parameters), facts, seed, {})


def test_parameters_are_completed_with_defaults_in_one_order():
    found = resolve_parameters(find_model("dense"), {"units": 8})
    assert list(found) == list(find_model("dense").parameters.model_fields)
    assert found["units"] == 8
    assert found["optimizer"] == "adam"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"unit": 8}, r"^here: the model has no parameter 'unit'; did you mean 'units'"),
        ({"units": 0}, r"^here.units: .*greater than 0, not 0"),
        ({"units": 1.5}, r"^here.units: .*not 1.5"),
        ({"dropout": 1.0}, r"^here.dropout: .*less than 1, not 1.0"),
        ({"momentum": 1.5}, r"^here.momentum: .*less than 1"),
        ({"learning_rate": float("inf")}, r"^here.learning_rate: .*finite"),
        ({"activation": "rleu"}, r"^here.activation: .*'relu'.*, not 'rleu'"),
        ({"optimizer": "lion"}, r"^here.optimizer: .*'adam'"),
    ],
)
def test_wrong_parameters_are_refused(given, message):
    with pytest.raises(ConfigurationError, match=message):
        resolve_parameters(find_model("dense"), given, where="here")


def test_an_unknown_model_is_refused():
    with pytest.raises(ConfigurationError, match=r"model: no model 'dens'; did you mean 'dense'"):
        find_model("dens")


def test_the_network_is_what_the_parameters_say(keras):
    network = _build(hidden_layers=3, units=7, dropout=0.1, batch_normalization=True, activation="tanh", l2=0.01)
    kinds = [type(layer).__name__ for layer in network.layers]
    block = ["Dense", "BatchNormalization", "Activation", "Dropout"]
    assert kinds == ["InputLayer", "Normalization", *block * 3, "Dense", "Softmax"]
    assert network.get_layer("hidden_2").units == 7
    assert len(network.losses) == 4
    simple = [type(layer).__name__ for layer in _build(hidden_layers=0).layers]
    assert simple == ["InputLayer", "Normalization", "Dense", "Softmax"]


def test_logistic_regression_equals_numpy(keras, inputs):
    network = _build(hidden_layers=0)
    kernel, bias = (np.asarray(v) for v in network.get_layer("classes").weights)
    outputs = np.asarray(network(inputs))
    logits = ((inputs - INPUTS.mean) / INPUTS.std) @ kernel + bias
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(outputs, expected, rtol=2e-5, atol=1e-6)
    np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-6)


def test_missing_values_are_filled_inside(keras, inputs):
    network, broken, filled = _build(), inputs.copy(), inputs.copy()
    broken[::3, 1] = np.nan
    broken[1::3] = np.nan
    filled[::3, 1] = 7.0
    filled[1::3] = [1.0, 7.0, -5.0]
    np.testing.assert_array_equal(np.asarray(network(broken)), np.asarray(network(filled)))
    strict = _build(facts=DataFacts(replace(INPUTS, missing=None), FACTS.classes))
    assert np.isnan(np.asarray(strict(broken))).any()


def test_normalisation_lies_inside(keras, inputs):
    shifted = DataFacts(Columns(INPUTS.names, INPUTS.mean * 8 + 8, INPUTS.std * 8, None), FACTS.classes)
    plain = DataFacts(replace(INPUTS, missing=None), FACTS.classes)
    np.testing.assert_allclose(
        np.asarray(_build(facts=shifted)(inputs * 8 + 8)), np.asarray(_build(facts=plain)(inputs)), atol=1e-5
    )


def test_the_seed_alone_decides_the_weights(keras):
    def weights(seed):
        return [np.asarray(variable) for variable in _build(seed, dropout=0.5).trainable_variables]

    first, again, other = weights(1), weights(1), weights(2)
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))
    kernels = [array for array in first if array.shape == (64, 64)]
    assert len(kernels) == 1


def test_two_layers_of_one_shape_start_differently(keras):
    kernels = [np.asarray(_build(hidden_layers=3).get_layer(f"hidden_{k}").kernel) for k in (1, 2)]
    assert (kernels[0] != kernels[1]).any()


WITHOUT_JETLOOM = """
import sys
sys.modules["jetloom"] = None  # whoever imports it fails
import keras, numpy
network = keras.saving.load_model(sys.argv[1], compile=False)
numpy.save(sys.argv[3], network.predict(numpy.load(sys.argv[2]), batch_size=50, verbose=0))
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_saved_model_gives_the_same_without_the_package(keras, inputs, tmp_path, backend):
    facts = DataFacts(replace(INPUTS, missing=np.array([0.1, 1e-7, -5.3])), FACTS.classes)
    network, broken = _build(facts=facts, batch_normalization=True, dropout=0.3), inputs.copy()
    broken[::5, 0], broken[1::5] = np.nan, np.nan
    network.save(tmp_path / "model.keras")
    np.save(tmp_path / "inputs.npy", broken)
    files = [tmp_path / name for name in ("model.keras", "inputs.npy", "outputs.npy")]
    environment = os.environ | {"KERAS_BACKEND": backend}
    subprocess.run([sys.executable, "-c", WITHOUT_JETLOOM, *files], env=environment, check=True)
    np.testing.assert_allclose(np.load(tmp_path / "outputs.npy"), network(broken), rtol=2e-6)
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(np.asarray(loaded(broken)), np.asarray(network(broken)))


def test_a_model_saved_with_a_layer_of_ours_still_loads(keras, inputs, tmp_path):
    from jetloom.models.blocks.missing import FillMissing

    given = keras.Input((3,))
    network = keras.Model(given, FillMissing(INPUTS.missing.tolist())(given))
    network.save(tmp_path / "model.keras")
    inputs = np.where(inputs > INPUTS.mean, np.nan, inputs).astype(np.float32)
    filled = np.asarray(keras.saving.load_model(tmp_path / "model.keras", compile=False)(inputs))
    np.testing.assert_array_equal(filled, np.where(np.isnan(inputs), INPUTS.missing.astype(np.float32), inputs))


def test_the_loss_is_the_cross_entropy_of_each_row(keras):
    rng = np.random.default_rng(3)
    outputs = rng.dirichlet([1, 1, 1], 40).astype(np.float32)
    labels = rng.integers(0, 3, 40).astype(np.int32)
    batch = Batch.of(np.zeros((40, 1), np.float32), labels, np.ones(40, np.float32))
    expected = -np.log(np.clip(outputs[np.arange(40), labels], 1e-7, 1))
    loss = np.asarray(find_model("dense").loss(batch, keras.ops.convert_to_tensor(outputs), None))
    assert loss.shape == (40,)
    np.testing.assert_allclose(loss, expected, rtol=1e-5, atol=1e-6)


def test_features_are_the_input_columns_in_order():
    block = np.zeros(3, [("b", "f4"), ("a", "f4"), ("c", "f4"), ("label", "i4")])
    block["a"], block["b"], block["c"] = 1, 2, 3
    features = find_model("dense").features(Block(block), FACTS)
    assert features.dtype == np.float32
    assert features.tolist() == [[1, 2, 3]] * 3
