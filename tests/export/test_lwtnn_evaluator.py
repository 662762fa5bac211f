import json
import tarfile

import numpy as np
import pytest

from jetloom.errors import BadValueError, CorruptFileError, MissingFileError, MissingObjectError
from jetloom.export.lwtnn.document import parse_document, read_document, to_json
from jetloom.export.lwtnn.evaluator import Evaluator
from jetloom.export.lwtnn.old_keras import read_old
from jetloom.export.lwtnn.variables import read_variables
from jetloom.export.lwtnn.writer import write_document
from jetloom.export.pattern import ramp, sequence

ARCHIVES = {
    "simplernn_functional": ("simplernn_functional.json", "inputs.json", "simplernn_functional_weights.h5"),
    "lstm_functional": ("model.json", "inputs.json", "weights.h5"),
    "Dense_dropout_functional": ("model.json", "inputs.json", "weights.h5"),
    "add_dense_functional": ("architecture.json", "variables.json", "weights.h5"),
}


@pytest.fixture(scope="module")
def archive(data, tmp_path_factory):
    """The members of a published archive: architecture, variables, weights."""

    def unpacked(name):
        directory = tmp_path_factory.mktemp(name)
        with tarfile.open(data / f"{name}.tgz") as file:
            file.extractall(directory, filter="data")
        return [directory / member for member in ARCHIVES[name]]

    return unpacked


def _published(data, name):
    (values,) = json.loads((data / f"{name[0].lower()}{name[1:]}-out.json").read_text()).values()
    return [np.ravel(value)[0] for value in values.values()]


def _on_pattern(evaluator):
    document = evaluator.document
    vectors = [ramp(len(node.variables))[None] for node in document.inputs]
    runs = [(sequence(len(node.variables))[None], np.array([20])) for node in document.sequences]
    (found,) = evaluator.arrays(vectors, runs).values()
    return found[0]


@pytest.mark.parametrize("name", ARCHIVES)
def test_published_networks_of_old_keras_give_their_published_outputs(name, archive, data):
    architecture, variables, weights = archive(name)
    document, _ = write_document(read_old(architecture, weights), read_variables(variables))
    # By way of the text of the file: what is written is what is evaluated.
    evaluator = Evaluator(parse_document(json.loads(json.dumps(to_json(document)))))
    assert _on_pattern(evaluator) == pytest.approx(_published(data, name), abs=1e-6)
    assert _on_pattern(Evaluator(document, np.float32)) == pytest.approx(_published(data, name), abs=1e-5)


def test_a_published_json_gives_its_published_outputs(archive, data):
    architecture, _, _ = archive("lstm_functional")
    evaluator = Evaluator.open(architecture.with_name("basic_lstm_network_benchmark.json"))
    assert _on_pattern(evaluator) == pytest.approx(_published(data, "lstm_functional"), abs=1e-6)


DENSE = {"architecture": "dense", "weights": [1.0, 0.0, 0.0, 2.0], "bias": [0.5, 0.0], "activation": "linear"}
SIMPLE = {
    "architecture": "simplernn",
    "activation": "tanh",
    "components": {"h": {"weights": [0.5, -0.5, 1.0, 0.25], "U": [0.1, 0.2, 0.3, 0.4], "bias": [0.1, -0.1]}},
}


def _variables(*names, **more):
    return [{"name": name, "offset": 1.0, "scale": 2.0, **more} for name in names]


def _graph(**changes):
    found = {
        "inputs": [{"name": "jet", "variables": _variables("a", "b", default=3.0)}],
        "input_sequences": [],
        "nodes": [
            {"type": "input", "sources": [0], "size": 2},
            {"type": "feed_forward", "sources": [0], "layer_index": 0},
        ],
        "layers": [DENSE],
        "outputs": {"out": {"labels": ["x", "y"], "node_index": 1}},
    }
    return found | changes


def _sequential(*layers):
    return {
        "inputs": _variables("a", "b"),
        "outputs": ["x", "y"],
        "layers": list(layers),
        "defaults": {"a": 3.0, "b": 3.0},
        "miscellaneous": {"version": "1"},
    }


def test_inputs_are_shifted_and_scaled_and_nan_is_replaced_only_when_asked():
    evaluator = Evaluator(parse_document(_graph()))
    found = evaluator({"jet": {"a": 1.0, "b": [2.0, np.nan], "more": 7.0}})
    assert (found["out"]["x"][0], found["out"]["y"][0]) == (4.5, 12.0)
    assert np.isnan(found["out"]["y"][1])
    for bad in (np.nan, np.inf, -np.inf):
        replaced = evaluator({"jet": {"a": 1.0, "b": bad}}, replace_nan=True)
        assert replaced["out"]["y"].tolist() == [16.0]


def test_a_missing_name_is_an_error_of_one_line():
    evaluator = Evaluator(parse_document(_graph()))
    with pytest.raises(MissingObjectError, match=r"jet: the variable 'b' is not given"):
        evaluator({"jet": {"a": 1.0}})
    with pytest.raises(MissingObjectError, match=r"the input 'jet' is not given; did you mean 'jets'"):
        evaluator({"jets": {"a": 1.0, "b": 2.0}})


@pytest.mark.parametrize("layers", [(DENSE,), (DENSE, DENSE), (SIMPLE,), (DENSE, SIMPLE), (SIMPLE, DENSE)])
def test_both_dialects_evaluate_alike(layers, tmp_path):
    first = Evaluator(parse_document(_sequential(*layers)))
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(to_json(first.document)))
    second = Evaluator.open(path)
    assert first.document.sequential
    assert not second.document.sequential
    given = {"node_0": {"a": np.array([0.1, np.nan, 0.3]), "b": np.array([-1.0, 0.5, 2.0])}}
    found = [one(given, given, replace_nan=True)["outputs"] for one in (first, second)]
    assert all((found[0][label] == found[1][label]).all() for label in "xy")
    assert np.isfinite(found[0]["x"]).all()


def test_sequences_of_no_step_give_zeros_and_lengths_may_differ():
    document = parse_document(_sequential(SIMPLE))
    evaluator = Evaluator(document)
    long = np.array([0.3, -0.2, 0.8])
    found = evaluator({}, {"node_0": {"a": [long, long[:1], []], "b": [long, long[:1], []]}})["outputs"]
    assert [found["x"][2], found["y"][2]] == [0.0, 0.0]
    for row, steps in enumerate((3, 1)):
        alone = evaluator({}, {"node_0": {"a": long[:steps], "b": long[:steps]}})["outputs"]
        assert alone["x"][0] == pytest.approx(found["x"][row], abs=1e-12)
    h = np.zeros(2)
    for value in (long + 1.0) * 2.0:
        h = np.tanh(np.array([[0.5, -0.5], [1.0, 0.25]]) @ [value, value] + np.array([[0.1, 0.2], [0.3, 0.4]]) @ h
                    + [0.1, -0.1])  # fmt: skip
    assert [found["x"][0], found["y"][0]] == pytest.approx(h.tolist(), abs=1e-12)


def test_a_sum_over_no_step_is_zero_and_what_follows_is_computed():
    content = _graph(
        inputs=[],
        input_sequences=[{"name": "tracks", "variables": _variables("a", "b")}],
        nodes=[
            {"type": "feed_forward", "sources": [2], "layer_index": 0},
            {"type": "input_sequence", "sources": [0], "size": 2},
            {"type": "sum", "sources": [1]},
        ],
        outputs={"out": {"labels": ["x", "y"], "node_index": 0}},
    )
    found = Evaluator(parse_document(content))({}, {"tracks": {"a": [[], [1.0, 2.0]], "b": [[], [0.0, 0.0]]}})
    assert found["out"]["x"].tolist() == [0.5, 10.5]
    assert found["out"]["y"].tolist() == [0.0, 8.0]


def _nodes(**change):
    nodes = [dict(node) for node in _graph()["nodes"]]
    nodes[1] |= change
    return nodes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nodes": _nodes(type="multiply")}, r"there is no node type 'multiply'"),
        ({"nodes": _nodes(sources=[1])}, r"nodes\[1\]: feeds itself"),
        ({"nodes": _nodes(sources=[7])}, r"nodes\[1\]: .*sources \[7\]"),
        ({"nodes": _nodes(layer_index=3)}, r"nodes\[1\]: has the layer 3, of 1"),
        ({"nodes": _nodes(type="sequence")}, r"nodes\[1\].*needs a sequence"),
        ({"layers": [DENSE | {"weights": [1.0, 2.0, 3.0]}]}, r"layers\[0\]: 3 weights do not fit 2 inputs"),
        ({"layers": [DENSE | {"bias": [1.0]}]}, r"layers\[0\]: 1 values of 'bias' do not fit 2 outputs"),
        ({"layers": [DENSE | {"activation": "gelu"}]}, r"layers\[0\]: there is no activation 'gelu'"),
        ({"layers": [DENSE | {"architecture": "attention"}]}, r"there is no layer 'attention'"),
        ({"layers": [{"architecture": "dense"}]}, r"layers\[0\]: has no 'weights'"),
        ({"outputs": {"out": {"labels": ["x"], "node_index": 1}}}, r"outputs.out: 1 labels for 2 values"),
        ({"outputs": {"out": {"labels": ["x", "y"], "node_index": 5}}}, r"outputs.out: is node 5, of 2"),
        ({"inputs": [{"name": "jet", "variables": _variables("a")}]}, r"an input of 1 variables has the size 2"),
        ({"inputs": [{"name": "jet"}]}, r"has no 'variables'"),
    ],
)
def test_what_is_no_network_is_refused_in_one_line(changes, message):
    with pytest.raises(CorruptFileError, match=message) as caught:
        Evaluator(parse_document(_graph(**changes)))
    assert "\n" not in caught.value.line()


def test_a_cut_file_is_named(tmp_path):
    path = tmp_path / "network.json"
    with pytest.raises(MissingFileError, match=r"network\.json: there is no such file"):
        read_document(path)
    whole = json.dumps(_graph())
    for cut in ("", whole[: len(whole) // 2], "[1, 2]"):
        path.write_text(cut)
        with pytest.raises(CorruptFileError, match=r"network.json: "):
            read_document(path)


def test_rows_that_do_not_stand_beside_each_other_are_refused():
    evaluator = Evaluator(parse_document(_graph()))
    with pytest.raises(BadValueError, match="several numbers of rows"):
        evaluator({"jet": {"a": [1.0, 2.0], "b": [1.0, 2.0, 3.0]}})


def test_a_value_that_cannot_be_embedded_is_refused():
    table = {
        "architecture": "embedding",
        "sublayers": [{"index": 0, "n_out": 2, "weights": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}],
    }
    content = _sequential(table, DENSE | {"weights": [1.0, 0.0, 0.0, 1.0], "bias": []})
    content["inputs"] = [{"name": "origin", "offset": 0.0, "scale": 1.0}]
    evaluator = Evaluator(parse_document(content))
    found = evaluator({}, {"node_0": {"origin": [0.0, 2.0]}})["outputs"]
    assert [found["x"][0], found["y"][0]] == [3.0, 6.0]
    with pytest.raises(BadValueError, match=r"no number from 0 to 2"):
        evaluator({}, {"node_0": {"origin": [3.0]}})
