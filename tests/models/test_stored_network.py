"""A stored network is loaded as it was, or refused by name."""

import zipfile

import numpy as np
import pytest

from jetloom.errors import CorruptFileError, MissingFileError
from jetloom.models.stored_network import load_network
from mutations import mutations, outcome


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
    whole, refused = saved.read_bytes(), 0
    for seed, damaged in mutations(whole, 30):
        saved.write_bytes(damaged)
        found, line = outcome(load_network, saved)
        refused += bool(line)
        if line:
            assert line.startswith(f"{saved}: is not a Keras model that can be loaded ("), seed
        else:
            assert all(np.array_equal(*pair) for pair in zip(found.weights, network.weights, strict=True)), seed
    assert refused > 15


def test_weights_that_are_no_numbers_are_refused(network, tmp_path):
    import keras

    other = keras.models.clone_model(network)
    other.set_weights([np.full(weight.shape, np.nan) for weight in network.weights])
    other.save(tmp_path / "model.keras")
    with pytest.raises(CorruptFileError, match=r"holds NaN in the weight '.*kernel'; train this point again"):
        load_network(tmp_path / "model.keras")
    assert all(np.isnan(weight).all() for weight in load_network(tmp_path / "model.keras", diverged=True).weights)


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
