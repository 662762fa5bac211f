import json

import numpy as np
import pytest

import export_networks
from jetloom.errors import (
    ConfigurationError,
    CorruptFileError,
    MissingObjectError,
    ParityError,
    RefusedNetworkError,
    StaleError,
)
from jetloom.export.export import export
from jetloom.export.format import Tolerance
from jetloom.export.formats import FORMATS, find_format
from jetloom.export.frugally.format import FrugallyDeep
from jetloom.export.frugally.reader import read_graph
from jetloom.export.frugally.writer import check_version
from jetloom.export.graphs.keras_graph import graph_of
from jetloom.export.lwtnn.variables import skeleton
from jetloom.export.lwtnn.writer import without_masks
from jetloom.export.onnx.format import Onnx
from jetloom.export.onnx.writer import Session
from jetloom.export.parity import deviations
from jetloom.export.rows import all_rows, ramp_features
from jetloom.export.subject import Subject


def _subject(network, **description):
    return Subject(network, skeleton(without_masks(graph_of(network))), description)


@pytest.fixture(scope="module")
def jetloom_network(keras):
    """A network as the model dense makes it: missing values and normalisation inside."""
    from jetloom.models.blocks.missing import fill_missing

    own = keras.layers
    given = keras.Input((3,), name="jets")
    x = fill_missing(given, np.array([5.0, -2.0, 0.5]))
    x = own.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 0.25, 100.0])(x)
    for activation in ("relu", "gelu", "selu", "silu", "tanh"):
        x = own.BatchNormalization()(own.Dense(6, activation=activation)(x))
    return export_networks.fill(keras.Model(given, own.Dense(3, activation="softmax", name="probabilities")(x)))


def _exported(network, name, path):
    subject = _subject(network, cuts=["pt > 20"])
    return export(subject, find_format(name), all_rows(subject, None), path)


@pytest.mark.parametrize("name", ["onnx", "frugally_deep"])
def test_every_network_is_the_same_in_onnx_and_frugally_deep(keras, name, tmp_path):
    vectors = {key: export_networks.dense(keras, *layers) for key, layers in export_networks.vectors(keras).items()}
    runs = {key: export_networks.recurrent(keras, *layers) for key, layers in export_networks.runs(keras).items()}
    refused = []
    for key, network in (vectors | runs | {"two": export_networks.two_inputs(keras)}).items():
        try:
            _exported(network, name, tmp_path / "network")
        except RefusedNetworkError:
            refused.append(key)
    assert refused == ([] if name == "onnx" else ["maxout", "highway", "two"])


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "lwtnn"])
def test_a_network_with_missing_values_and_its_normalisation(jetloom_network, name, tmp_path):
    path = tmp_path / "network"
    found = _exported(jetloom_network, name, path)
    assert [one["title"].partition(",")[2].strip() for one in found["comparisons"]] == [
        "", "", "values missing", "values infinite"
    ]  # fmt: skip
    assert all(one["largest"] <= found["tolerance"] for one in found["comparisons"])
    assert path.exists()


@pytest.mark.parametrize("name", ["onnx", "lwtnn", "frugally_deep"])
def test_real_rows_bring_their_own_missing_values(keras, name, tmp_path):
    from jetloom.models.blocks.missing import fill_missing

    given = keras.Input((3,), name="jets")
    x = keras.layers.Dense(2, name="classes")(fill_missing(given, np.array([5.0, -2.0, 0.5])))
    subject = _subject(export_networks.fill(keras.Model(given, x)))
    real = np.random.default_rng(1).normal(size=(30, 3)).astype(np.float32)
    real[::3, 1] = np.nan
    found = export(subject, find_format(name), all_rows(subject, {"jets": real}), tmp_path / "network")
    assert found["comparisons"][1]["note"].startswith("after filling" if name == "frugally_deep" else "")
    assert found["comparisons"][1]["largest"] < 1e-6


def test_reset_after_is_held_by_onnx_and_frugally_deep(keras, tmp_path):
    network = export_networks.recurrent(keras, keras.layers.GRU(3, return_sequences=True), keras.layers.GRU(2))
    for name in ("onnx", "frugally_deep"):
        assert _exported(network, name, tmp_path / name)["comparisons"][1]["rows"] == 256


def test_onnx_has_any_number_of_rows_its_metadata_and_one_thread_gives_all(jetloom_network, tmp_path):
    path = tmp_path / "network.onnx"
    _exported(jetloom_network, "onnx", path)
    session = Session(path)
    assert session.description["cuts"] == ["pt > 20"]
    assert session.description["schema"]["inputs"][0]["variables"][0]["name"] == "variable_0"
    assert session.description["scaling_inside"]["jets"]["missing"] == [5.0, -2.0, 0.5]
    rows = np.random.default_rng(3).normal(size=(1000, 3)).astype(np.float32)
    assert len(session({"jets": rows})[0]) == 1000
    assert len(session({"jets": rows[:1]})[0]) == 1


def test_an_onnx_file_of_another_network_or_none_is_refused(keras, jetloom_network, tmp_path):
    path = tmp_path / "network.onnx"
    _exported(jetloom_network, "onnx", path)
    session = Session(path)
    with pytest.raises(StaleError, match=r"takes \[3\] values a row as 'jets', not \[2\]; it is the file of another"):
        session({"jets": np.zeros((1, 2))})
    with pytest.raises(MissingObjectError, match="'jets' is not given"):
        session({"events": np.zeros((1, 3))})
    other = _subject(export_networks.dense(keras))
    with pytest.raises(ParityError):
        deviations(other.outputs(ramp_features(other)), Onnx().evaluate(other, path, ramp_features(other)))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CorruptFileError, match="is no ONNX network"):
        Session(path)


class _Wrong(Onnx):
    """Writes another network."""

    def __init__(self, other):
        self.other = other

    def write(self, subject, path):
        super().write(_subject(self.other), path)


def test_a_miss_fails_and_leaves_no_file(keras, tmp_path):
    network = export_networks.dense(keras)
    other = keras.models.clone_model(network)
    other.set_weights([weight * 1.001 for weight in network.get_weights()])
    subject, path = _subject(network), tmp_path / "network.onnx"
    path.write_text("what was there before")
    with pytest.raises(ParityError, match=r"network.onnx: onnx: differs from Keras by up to .* on the golden ramp"):
        export(subject, _Wrong(other), all_rows(subject, None), path)
    assert path.read_text() == "what was there before"
    assert list(tmp_path.iterdir()) == [path]


def test_deviations_are_relative_and_nan_is_like_nan_only():
    nan, inf = np.nan, np.inf
    expected = [np.array([[1000.0], [0.5], [nan], [nan], [inf], [inf]])]
    found = [np.array([[1001.0], [0.6], [nan], [1.0], [inf], [-inf]])]
    assert deviations(expected, found).tolist() == pytest.approx([1e-3, 0.1, 0.0, inf, 0.0, inf])
    assert Tolerance(1e-6, 1e-5, 1e-3).share == 1e-3


def test_the_embedded_test_of_frugally_deep_is_replayed(jetloom_network, tmp_path):
    path = tmp_path / "network.fdeep.json"
    _exported(jetloom_network, "frugally_deep", path)
    content = json.loads(path.read_text())
    assert set(content) >= {"architecture", "tests", "trainable_params", "input_shapes", "output_shapes", "hash"}
    assert content["jetloom"]["frugally_deep"] == "0.20.0"
    assert content["jetloom"]["fill_missing_before"] == {
        "jets": {"variable_0": 5.0, "variable_1": -2.0, "variable_2": 0.5}
    }
    params = content["trainable_params"]
    params["dense_1" if "dense_1" in params else next(n for n in params if "bias" in params[n])]["bias"] = params[
        next(n for n in params if "gamma" in params[n])
    ]["gamma"]
    path.write_text(json.dumps(content))
    with pytest.raises(ParityError, match="its own test"):
        FrugallyDeep().evaluate(_subject(jetloom_network), path, {})
    path.write_text(json.dumps(content)[:-100])
    with pytest.raises(CorruptFileError, match="is no network of frugally-deep"):
        read_graph(path)


def test_versions_of_frugally_deep(keras, tmp_path):
    subject = _subject(export_networks.recurrent(keras, keras.layers.LSTM(2)))
    with pytest.raises(RefusedNetworkError, match=r"'lstm.*' \(LSTM\): version 0.18.0 has no recurrent layers"):
        FrugallyDeep("0.18.0").write(subject, tmp_path / "network")
    FrugallyDeep("0.18.0").write(_subject(export_networks.dense(keras)), tmp_path / "network")
    with pytest.raises(ConfigurationError, match=r"0\.15\.31 reads networks of Keras 2 only"):
        check_version("0.15.31")
    with pytest.raises(ConfigurationError, match="'new' is no version"):
        check_version("new")


def _bad(keras):
    own = keras.layers
    steps, jets = keras.Input((None, 3)), keras.Input((3,))
    return [
        ("Lambda", jets, own.Lambda(lambda x: x + 1)(jets)),
        ("Masking", steps, own.LSTM(2)(own.Masking()(steps))),
        ("MultiHeadAttention", steps, own.MultiHeadAttention(1, 2)(steps, steps)),
        ("it goes backwards", steps, own.GRU(2, go_backwards=True)(steps)),
        ("it starts from a state", [steps, jets], own.SimpleRNN(3)(steps, initial_state=jets)),
    ]


@pytest.mark.parametrize("name", ["onnx", "frugally_deep"])
def test_layers_that_a_format_has_not_are_named(keras, name, tmp_path):
    for what, inputs, outputs in _bad(keras):
        subject = _subject(keras.Model(inputs, outputs))
        with pytest.raises(RefusedNetworkError, match=what) as caught:
            find_format(name).write(subject, tmp_path / "network")
        assert caught.value.advice
    given = keras.Input((5, 3), batch_size=1)
    stateful = keras.Model(given, keras.layers.LSTM(2, stateful=True)(given))
    with pytest.raises(RefusedNetworkError, match="stateful"):
        find_format(name).write(_subject(stateful), tmp_path / "network")


def test_an_unknown_format_is_told():
    with pytest.raises(ConfigurationError, match=r"no format 'onx'; did you mean 'onnx'"):
        find_format("onx")
