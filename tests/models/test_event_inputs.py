"""One-hot inputs, the Lorentz-boost layer and the grouped loss of the dense network."""

import math

import numpy as np
import pytest

from jetloom.data.streams.batch import Batch
from jetloom.data.view import Columns, DataFacts
from jetloom.models.registry import find_model
from jetloom.models.stored_network import load_network
from jetloom.training.backends.backend import use_backend

NAMES = ["x", "kind", "e1", "px1", "py1", "pz1", "e2", "px2", "py2", "pz2"]
PARTICLES = [["e1", "px1", "py1", "pz1"], ["e2", "px2", "py2", "pz2"]]
FACTS = DataFacts(
    Columns(NAMES, np.full(10, 5.0), np.full(10, 2.0), np.zeros(10)), ["a", "b", "c"],
    categories={"kind": [0.0, 1.0, 4.0]}, particles=PARTICLES,
)  # fmt: skip


@pytest.fixture(scope="module")
def keras():
    use_backend("tensorflow", 1)
    import keras

    return keras


def momenta(rows, seed=1):
    random = np.random.default_rng(seed)
    three = random.normal(0, 50, (rows, 2, 3))
    mass = random.uniform(1, 30, (rows, 2, 1))
    return np.concatenate([np.sqrt((three**2).sum(-1, keepdims=True) + mass**2), three], -1)


def rows_of(count):
    x = np.zeros((count, 10), np.float32)
    x[:, 0], x[:, 1] = 5, np.arange(count) % 5
    x[:, 2:] = momenta(count).reshape(count, 8)
    return x


def boosted_by_hand(momentum, frame):
    """The boost of one four-momentum as textbooks have it, in double precision."""
    mass = math.sqrt(frame[0] ** 2 - (frame[1:] ** 2).sum())
    gamma, beta = frame[0] / mass, frame[1:] / frame[0]
    along = beta @ momentum[1:]
    three = momentum[1:] + ((gamma - 1) * along / (beta @ beta) - gamma * momentum[0]) * beta
    return np.array([gamma * (momentum[0] - along), *three])


def test_boosts_are_those_of_textbooks_and_of_oneself_give_the_mass(keras):
    from jetloom.models.blocks.lorentz import boosted

    found = momenta(20)
    pairs = found[:, ::-1]
    got = np.asarray(boosted(found.astype(np.float32), pairs.astype(np.float32)))
    expected = [[boosted_by_hand(*both) for both in zip(*row, strict=True)] for row in zip(found, pairs, strict=True)]
    np.testing.assert_allclose(got, expected, rtol=2e-3, atol=0.02)
    rest = np.asarray(boosted(found.astype(np.float32), found.astype(np.float32)))
    np.testing.assert_allclose(rest[..., 1:], 0, atol=0.02)
    np.testing.assert_allclose(rest[..., 0] ** 2, found[..., 0] ** 2 - (found[..., 1:] ** 2).sum(-1), rtol=0.01)


def test_features_are_those_of_the_combinations(keras):
    from jetloom.models.blocks.lorentz import LorentzBoost, features_of

    x = momenta(5).astype(np.float32)
    e, m, pt, eta, cosine = (np.asarray(one) for one in features_of(x, ["E", "m", "pt", "eta", "pair_cos"]))
    np.testing.assert_allclose(pt, np.hypot(x[..., 1], x[..., 2]), rtol=1e-4)
    np.testing.assert_allclose(eta, np.arcsinh(x[..., 3] / pt), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(m**2, e**2 - (x[..., 1:].astype(float) ** 2).sum(-1), rtol=1e-2)
    unit = x[..., 1:] / np.linalg.norm(x[..., 1:], axis=-1, keepdims=True)
    np.testing.assert_allclose(cosine[:, 0], (unit[:, 0] * unit[:, 1]).sum(-1), atol=1e-4)
    layer = LorentzBoost(3, ["E", "pair_cos"], 1)
    assert np.shape(layer(x)) == (5, 6) == layer.compute_output_shape((5, 2, 4))


def test_kinds_are_one_hot_and_unseen_ones_nothing(keras):
    model = find_model("dense")
    network = model.build(model.parameters(hidden_layers=0), FACTS, 1, {})
    kernel = np.asarray(network.get_layer("classes").kernel)
    # 9 numbers, then a place for each of 0, 1 and 4
    assert kernel.shape == (12, 3)
    x = np.full((4, 10), 5, np.float32)
    x[:, 1] = [0, 1, 4, 2]
    logits = np.log(np.asarray(network(x)))
    # Against the row of an unseen kind, each differs by the weights of its place, up to the sum of the softmax.
    more = logits - logits[3] - np.vstack([kernel[9:], np.zeros(3)])
    np.testing.assert_allclose(more, more[:, :1] * np.ones(3), atol=1e-5)


def test_a_boosting_network_is_saved_whole(keras, tmp_path):
    model = find_model("dense")
    network = model.build(model.parameters(units=8, lbn_particles=3), FACTS, 1, {})
    assert network.get_layer("lorentz_boost").particle_weights.shape == (2, 3)
    x = rows_of(6)
    network.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(load_network(tmp_path / "model.keras")(x)), np.asarray(network(x)))
    again = model.build(model.parameters(units=8, lbn_particles=3), FACTS, 1, {})
    np.testing.assert_array_equal(np.asarray(again(x)), np.asarray(network(x)))


CHANCES = [[0.7, 0.2, 0.1], [0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]
TARGET = [0, 1, 2]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"loss_groups": [[0], [1, 2]], "group_weight": 2.0},
         [-3 * math.log(0.7), -math.log(0.2) - 2 * math.log(0.3), -math.log(0.6) - 2 * math.log(0.9)]),
        ({"focal_gamma": 2.0}, [-0.09 * math.log(0.7), -0.64 * math.log(0.2), -0.16 * math.log(0.6)]),
        ({"class_weights": [1.0, 2.0, 0.5]}, [-math.log(0.7), -2 * math.log(0.2), -0.5 * math.log(0.6)]),
        ({"loss_groups": [[1, 2]], "focal_gamma": 1.0, "class_weights": [1.0, 3.0, 1.0]},
         [-0.3 * math.log(0.7), 3 * (-0.8 * math.log(0.2) - 0.7 * math.log(0.3)),
          -0.4 * math.log(0.6) - 0.1 * math.log(0.9)]),
    ],
)  # fmt: skip
def test_the_grouped_loss_has_its_values_by_hand(keras, parameters, expected):
    model = find_model("dense")
    chances, target = np.array(CHANCES, np.float32), np.array(TARGET, np.int32)
    batch = Batch.of(chances, target, np.ones(3, np.float32))
    found = model.loss(batch, keras.ops.convert_to_tensor(chances), model.parameters(**parameters))
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-4)


def test_points_of_before_keep_their_names():
    model = find_model("dense")
    parameters = model.parameters().model_dump()
    new = {"lbn_particles", "lbn_features", "loss_groups", "group_weight", "focal_gamma", "class_weights"}
    assert not new & set(model.identity(parameters))
    assert "lbn_particles" in model.identity(parameters | {"lbn_particles": 2})
