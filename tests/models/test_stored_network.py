"""A stored network is loaded as it was, or refused by name."""

import zipfile

import numpy as np
import pytest

from jetloom.errors import CorruptFileError, MissingFileError
from jetloom.models.stored_network import load_network
from mutations import mutated


@pytest.fixture(scope="module")
def network():
    import keras

    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.Dense(2)(inputs))


@pytest.fixture
def saved(network, tmp_path):
    network.save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


def test_a_network_is_loaded(saved, network):
    for found, weight in zip(load_network(saved).weights, network.weights, strict=True):
        assert np.array_equal(found, weight)


def test_damage_is_refused_or_changes_no_weight(saved, network):
    whole, refused = saved.read_bytes(), []
    for seed in range(30):
        saved.write_bytes(mutated(whole, np.random.default_rng(seed)))
        try:
            weights = [np.asarray(weight) for weight in load_network(saved).weights]
        except CorruptFileError as error:
            refused.append(error.line())
        else:
            assert all(np.array_equal(one, other) for one, other in zip(weights, network.weights, strict=True))
    assert len(refused) > 15
    assert all(line.startswith(f"{saved}: is not a Keras model that can be loaded (") for line in refused)


def test_weights_that_are_no_numbers_are_refused(network, tmp_path):
    import keras

    other = keras.models.clone_model(network)
    other.set_weights([np.full(weight.shape, np.nan) for weight in network.weights])
    other.save(tmp_path / "model.keras")
    with pytest.raises(CorruptFileError, match=r"holds NaN in the weight '.*kernel'; train this point again"):
        load_network(tmp_path / "model.keras")


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_network_is_refused(tmp_path, content):
    path = tmp_path / "model.keras"
    with pytest.raises(MissingFileError):
        load_network(path)
    path.write_bytes(content)
    with pytest.raises(CorruptFileError, match="is not a Keras model"):
        load_network(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(CorruptFileError, match="is not a Keras model"):
        load_network(path)
