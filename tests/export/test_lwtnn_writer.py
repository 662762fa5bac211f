import json

import numpy as np
import pytest

import export_networks
from jetloom.errors import CorruptFileError, RefusedNetworkError
from jetloom.export.graphs.keras_graph import graph_of
from jetloom.export.lwtnn.document import InputNode, Variable, parse_document, to_json
from jetloom.export.lwtnn.evaluator import Evaluator
from jetloom.export.lwtnn.variables import Variables, read_variables, skeleton
from jetloom.export.lwtnn.writer import write_document
from jetloom.export.pattern import ramp, sequence

GOLDEN = {
    "dense": [0.4204465, 0.2501984, 0.3293550],
    "simple": [-0.7032852, -0.8732798, -0.5237648],
    "lstm": [-0.1332607, -0.3025055, -0.2010234],
    "gru": [-0.1847745, -0.8549227, -0.8228413],
}


def _evaluator(network, variables=None):
    document, _ = write_document(graph_of(network), variables)
    return Evaluator(parse_document(json.loads(json.dumps(to_json(document)))))


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_networks(keras, name):
    own = keras.layers
    layer = {
        "dense": own.Dense(3, activation="softmax"),
        "simple": own.SimpleRNN(3),
        "lstm": own.LSTM(3),
        "gru": own.GRU(3, reset_after=False),
    }[name]
    given = keras.Input((2,) if name == "dense" else (None, 2))
    network = export_networks.fill(keras.Model(given, layer(given)), sines=True)
    evaluator = _evaluator(network)
    if name == "dense":
        found = evaluator.arrays([ramp(2)[None]], [])
    else:
        found = evaluator.arrays([], [(sequence(2)[None], np.array([20]))])
    assert next(iter(found.values()))[0] == pytest.approx(GOLDEN[name], abs=2e-7)


VECTORS = (
    "plain", "no bias", "activations", "activation layers", "batch normalisation", "no centre", "normalisation",
    "normalisation behind", "rescaling", "maxout", "highway", "network inside",
)  # fmt: skip
RUNS = ("lstm", "gru", "simple", "conv1d", "dilated", "time distributed", "dense on steps")


@pytest.mark.parametrize("name", VECTORS)
def test_networks_of_vectors_close(keras, name, tmp_path):
    network = export_networks.dense(keras, *export_networks.vectors(keras)[name])
    network.save(tmp_path / "network.keras")
    network = keras.saving.load_model(tmp_path / "network.keras")
    rows = np.random.default_rng(1).normal(0, 2, (50, 3)).astype(np.float32)
    given = {"jets": {f"variable_{place}": rows[:, place] for place in range(3)}}
    found = _evaluator(network)(given)["classes"]
    expected = np.asarray(network(rows, training=False))
    assert np.stack([found["out_0"], found["out_1"]], axis=1) == pytest.approx(expected, abs=1e-6)
    assert expected[:, 0].std() > 1e-3


@pytest.mark.parametrize("name", RUNS)
def test_networks_of_sequences_close(keras, name):
    network = export_networks.recurrent(keras, *export_networks.runs(keras)[name])
    steps = np.random.default_rng(1).normal(0, 1, (8, 9, 3)).astype(np.float32)
    given = {"tracks": {f"variable_{place}": steps[:, :, place] for place in range(3)}}
    found = _evaluator(network)({}, given)["classes"]
    expected = np.asarray(network(steps, training=False))
    assert np.stack([found["out_0"], found["out_1"]], axis=1) == pytest.approx(expected, abs=1e-6)
    assert expected[:, 0].std() > 1e-3


def test_a_graph_of_two_inputs_and_two_outputs_closes(keras):
    network = export_networks.two_inputs(keras)
    generator = np.random.default_rng(1)
    jets, tracks = generator.normal(1, 2, (6, 3)).astype(np.float32), generator.normal(0, 1, (6, 7, 4))
    evaluator = _evaluator(network)
    assert {node.type for node in evaluator.document.nodes} == {
        "input", "input_sequence", "sequence", "feed_forward", "time_distributed", "concatenate", "add", "sum"
    }  # fmt: skip
    found = evaluator(
        {"jets": {f"variable_{k}": jets[:, k] for k in range(3)}},
        {"tracks": {f"variable_{k}": tracks[:, :, k] for k in range(4)}},
    )
    classes, mass = (np.asarray(one) for one in network([jets, tracks.astype(np.float32)]))
    assert np.stack(list(found["classes"].values()), axis=1) == pytest.approx(classes, abs=1e-6)
    assert found["mass"]["out_0"] == pytest.approx(mass[:, 0], abs=1e-5)
    assert sum(layer["architecture"] == "dense" for layer in evaluator.document.layers) == 6  # the shared one once


def test_an_embedding_closes(keras):
    given = keras.Input((None,), name="origin", dtype="int32")
    x = keras.layers.LSTM(3)(keras.layers.Embedding(5, 2)(given))
    network = export_networks.fill(keras.Model(given, keras.layers.Dense(2, name="classes")(x)))
    steps = np.random.default_rng(1).integers(0, 5, (4, 6))
    found = _evaluator(network)({}, {"origin": {"variable_0": steps}})["classes"]
    assert np.stack(list(found.values()), axis=1) == pytest.approx(np.asarray(network(steps)), abs=1e-6)


def test_missing_values_and_scaling_of_a_network_of_jetloom_become_those_of_the_variables(keras):
    from jetloom.models.blocks.missing import fill_missing

    given = keras.Input((2,), name="jets")
    x = fill_missing(given, np.array([5.0, -2.0]))
    x = keras.layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 0.25])(x)
    network = export_networks.fill(keras.Model(given, keras.layers.Dense(2, name="classes")(x)))
    variables = Variables(
        [InputNode("btag", [Variable("pt", 0.0, 1.0), Variable("mass", 1.0, 0.5)])], [], {"flavour": ["b", "light"]}
    )
    evaluator = _evaluator(network, variables)
    (node,) = evaluator.document.inputs
    assert [one.name for one in node.variables] == ["pt", "mass"]
    assert [one.default for one in node.variables] == [5.0, -5.0]
    assert (node.variables[0].offset, node.variables[0].scale) == (-1.0, 0.5)
    assert [layer["architecture"] for layer in evaluator.document.layers] == ["dense"]
    rows = np.array([[1.5, 3.0], [np.nan, 1.0], [2.0, np.nan]], np.float32)
    seen = np.stack([rows[:, 0], (rows[:, 1] + 1.0) * 0.5], axis=1)
    found = evaluator({"btag": {"pt": rows[:, 0], "mass": rows[:, 1]}}, replace_nan=True)["flavour"]
    assert np.stack([found["b"], found["light"]], axis=1) == pytest.approx(np.asarray(network(seen)), abs=1e-6)


def _refused(keras):
    own = keras.layers
    steps, jets = keras.Input((None, 3), name="tracks"), keras.Input((3,), name="jets")
    state = own.Dense(2)(jets)
    return {
        r"'gru' \(GRU\): reset_after=True .*train it with reset_after=False": (steps, own.GRU(2, name="gru")(steps)),
        r"'m' \(Masking\): .*leave Masking out": (steps, own.LSTM(2)(own.Masking(name="m")(steps))),
        r"'l' \(Lambda\): .*as a layer of your own": (jets, own.Lambda(lambda x: 2 * x, name="l")(jets)),
        r"'b' \(Bidirectional\): ": (steps, own.Bidirectional(own.LSTM(2), name="b")(steps)),
        r"'back' \(LSTM\): it goes backwards": (steps, own.LSTM(2, go_backwards=True, name="back")(steps)),
        r"'s' \(SimpleRNN\): it starts from a state": (
            [steps, jets], own.SimpleRNN(2, name="s")(steps, initial_state=state)
        ),
        r"'d' \(Dense\): lwtnn has no activation 'gelu'": (jets, own.Dense(2, activation="gelu", name="d")(jets)),
        r"'h' \(Dense\): hard_sigmoid of Keras 3": (jets, own.Dense(2, activation="hard_sigmoid", name="h")(jets)),
        r"'c' \(Conv1D\): lwtnn pads at the start": (
            steps, own.LSTM(2)(own.Conv1D(2, 2, padding="same", name="c")(steps))
        ),
        r"'st' \(Conv1D\): it has strides": (steps, own.LSTM(2)(own.Conv1D(2, 2, strides=2, name="st")(steps))),
        r"'multiply' \(Multiply\): ": (jets, own.Multiply(name="multiply")([jets, jets])),
        r"'cat' \(Concatenate\): lwtnn can concatenate vectors": (
            steps, own.LSTM(2)(own.Concatenate(name="cat")([steps, steps]))
        ),
        r"'pool' \(GlobalAveragePooling1D\)": (steps, own.GlobalAveragePooling1D(name="pool")(steps)),
        r"'e' \(Embedding\): mask_zero=True": (
            ids := keras.Input((None,), name="ids"), own.LSTM(2)(own.Embedding(4, 2, mask_zero=True, name="e")(ids))
        ),
    }  # fmt: skip


def test_what_lwtnn_has_not_is_refused_by_name_with_a_way_out(keras):
    for message, (inputs, outputs) in _refused(keras).items():
        with pytest.raises(RefusedNetworkError, match=message) as caught:
            write_document(graph_of(keras.Model(inputs, outputs)))
        assert caught.value.advice, message
    given = keras.Input((5, 3), batch_size=1)
    with pytest.raises(RefusedNetworkError, match="stateful"):
        write_document(graph_of(keras.Model(given, keras.layers.LSTM(2, stateful=True)(given))))


def test_a_network_whose_steps_cannot_be_seen_is_refused(keras):
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(RefusedNetworkError, match="a Own with a call of its own"):
        graph_of(Own())
    with pytest.raises(RefusedNetworkError, match="shape of its input"):
        graph_of(keras.Sequential([keras.layers.Dense(2)]))


def test_a_skeleton_names_every_input_and_output(keras, tmp_path):
    network = export_networks.two_inputs(keras)
    path = tmp_path / "variables.json"
    path.write_text(json.dumps(skeleton(graph_of(network)).to_json()))
    found = read_variables(path)
    assert [(node.name, node.names) for node in found.inputs] == [("jets", [f"variable_{k}" for k in range(3)])]
    assert [(node.name, len(node.names)) for node in found.sequences] == [("tracks", 4)]
    assert found.outputs == {"classes": ["out_0", "out_1", "out_2"], "mass": ["out_0"]}


def _given(inputs=("a", "b", "c"), labels=("x", "y"), scale=1.0):
    node = {"name": "jets", "variables": [{"name": one, "offset": 0.0, "scale": scale} for one in inputs]}
    return {"inputs": [node], "input_sequences": [], "outputs": [{"name": "flavour", "labels": list(labels)}]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_given(inputs=("a", "b")), "jets: .*names 2 variables, and the network takes 3"),
        (_given(inputs=("a", "a", "b")), "jets: .*two variables of one name"),
        (_given(labels=("x", "y", "z")), "outputs.flavour: has 3 labels for 2 values"),
        (_given(labels=("x", "x")), "two labels of one name"),
        (_given(scale=0.0), "a scale of 0"),
        (_given() | {"inputs": []}, "names 0 nodes of type input, and the network has 1"),
        (_given() | {"outputs": []}, "names 0 outputs, and the network has 1"),
        ({"inputs": []}, "is no variables file: has no"),
    ],
)
def test_variables_that_do_not_fit_are_refused(keras, content, message, tmp_path):
    path = tmp_path / "variables.json"
    path.write_text(json.dumps(content))
    graph = graph_of(export_networks.dense(keras))
    with pytest.raises(CorruptFileError, match=message):
        write_document(graph, read_variables(path))
