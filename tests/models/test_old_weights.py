"""Weights of the old trainer in the network that is built anew."""

import pickle

import h5py
import numpy as np
import pytest

from jetloom.cli.main import main
from jetloom.errors import CorruptFileError, InputError
from jetloom.training.backends.backend import use_backend

UNITS = {"clusters": 10, "tracks": 10, "segments": 5}
LAYERS = {
    **{f"conv1d_{8 + k}": f"clusters_conv_{k}" for k in range(3)}, "constit_final_conv1d": "clusters_conv_3",
    **{f"conv1d_{11 + k}": f"tracks_conv_{k}" for k in range(3)}, "track_final_conv1d": "tracks_conv_3",
    **{f"conv1d_{14 + k}": f"segments_conv_{k}" for k in range(2)}, "MSeg_final_conv1d": "segments_conv_2",
    "lstm_3": "clusters_lstm_0", "lstm_4": "tracks_lstm_0", "lstm_5": "segments_lstm_0",
    "dense_1": "dense_0", "dense_2": "dense_1", "main_output": "probabilities",
}  # fmt: skip


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A network with random weights, and these as the old trainer stored them: its collections in another order."""
    use_backend("tensorflow", 1)
    from jetloom.data.view import DataFacts
    from jetloom.models.displaced.network import build_tagger, seeds_of
    from jetloom.models.displaced.old_weights import SHAPES, DisplacedParameters, _columns

    collections = {name: _columns(size, slots) for name, (slots, size) in SHAPES.items()}
    tagger = build_tagger(
        DisplacedParameters(), DataFacts(_columns(3), ["qcd", "signal", "bib"], collections), seeds_of(3)
    )
    path = tmp_path_factory.mktemp("old") / "final_model_weights_1.keras"
    rng = np.random.default_rng(2)
    with h5py.File(path, "w") as file:
        for old, ours in LAYERS.items():
            arrays = [
                array + rng.normal(0, 0.1, array.shape).astype("f4") for array in tagger.get_layer(ours).get_weights()
            ]
            tagger.get_layer(ours).set_weights(arrays)
            if old == "dense_1":
                ends = np.cumsum([UNITS[name] for name in ("clusters", "segments", "tracks")])
                clusters, segments, tracks, jet = np.split(arrays[0], ends)
                arrays[0] = np.concatenate([clusters, tracks, segments, jet])
            keys = ("kernel", "recurrent_kernel", "bias") if "lstm" in old else ("kernel", "bias")
            for key, array in zip(keys, arrays, strict=True):
                file[f"{old}/{old}/{'lstm_cell/' if 'lstm' in old else ''}{key}:0"] = array
    return path, tagger


def _rows():
    rng = np.random.default_rng(5)
    shapes = {"jets": (4, 3), "clusters": (4, 30, 12), "tracks": (4, 20, 10), "segments": (4, 30, 6)}
    return {name: rng.normal(size=shape).astype("f4") for name, shape in shapes.items()}


def test_the_network_says_what_it_said(stored, tmp_path):
    from jetloom.models.stored_network import load_network

    path, tagger = stored
    assert main(["import_tagger", str(path), "--output", str(tmp_path / "tagger.keras")]) in (0, None)
    found = load_network(tmp_path / "tagger.keras")
    assert found.count_params() == 60067
    np.testing.assert_allclose(np.array(found(_rows())), np.array(tagger(_rows())), atol=1e-6)


def test_what_holds_no_weights_is_refused_with_the_way_out(stored, tmp_path):
    from jetloom.models.displaced.old_weights import published_tagger

    for name, content, cause in (
        ("a.pkl", pickle.dumps({"a": 1}), "is a pickle, which may run anything.*parquet"),
        ("b.keras", b"PK\x03\x04 and more", "is a whole model of Keras; take the weights"),
        ("c.h5", b"nothing", "it is no HDF5"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=cause):
            published_tagger(tmp_path / name)
    path = tmp_path / "less.h5"
    path.write_bytes(stored[0].read_bytes())
    with h5py.File(path, "r+") as file:
        del file["main_output"]
    with pytest.raises(CorruptFileError, match="has no layer 'main_output'"):
        published_tagger(path)
