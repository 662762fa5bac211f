"""Reading the JSON of frugally-deep again, as its C++ does: architecture, weights and the embedded test."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import CorruptFileError, MissingFileError
from jetloom.export.graphs.graph import INPUT, Graph, Node, in_order

Array = npt.NDArray[Any]
AGAIN = "make it again with jetloom export"


def read_graph(path: Path) -> tuple[Graph, tuple[dict[str, Array], list[Array]]]:
    """Read a file.

    Returns
    -------
    graph : Graph
        The network.
    test : (dict of str to array, list of array)
        The embedded test: inputs of one row by their names, and the outputs.

    Raises
    ------
    MissingFileError, CorruptFileError
        If there is no such file, or it is cut, or its weights do not fit.
    """
    if not path.is_file():
        raise MissingFileError("there is no such file", path=path)
    try:
        content = json.loads(path.read_bytes().decode("utf-8"))
        config, weights = content["architecture"]["config"], content["trainable_params"]
        names: dict[tuple[str, int], str] = {}
        nodes = [node for layer in config["layers"] for node in _nodes(layer, weights.get(layer["name"], {}), names)]
        graph = Graph(
            in_order(nodes), [one[0] for one in config["input_layers"]],
            [names[one[0], one[1]] for one in config["output_layers"]],
        )  # fmt: skip
        test = content["tests"][0]
        inputs = {name: _tensor(one) for name, one in zip(graph.inputs, test["inputs"], strict=True)}
        return graph, (inputs, [_tensor(one) for one in test["outputs"]])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        cause = f"has no {error}" if isinstance(error, KeyError) else str(error)
        raise CorruptFileError(f"is no network of frugally-deep: {cause}", path=path, advice=AGAIN) from None


def decoded(pieces: list[str]) -> Array:
    """Return the numbers of pieces of base64."""
    return np.frombuffer(base64.b64decode("".join(pieces), validate=True), "<f4")


def _tensor(entry: dict[str, Any]) -> Array:
    return decoded(entry["values"]).reshape(entry["shape"])


def _nodes(layer: dict[str, Any], params: dict[str, Any], names: dict[tuple[str, int], str]) -> list[Node]:
    """Return each use of a layer."""
    kind, config = layer["class_name"], layer["config"]
    arrays = {key: decoded(value) for key, value in params.items()}
    weights = _shaped(kind, config, arrays, layer["name"])
    if kind == INPUT:
        names[layer["name"], 0] = layer["name"]
        return [Node(layer["name"], INPUT, [], tuple(config["batch_shape"][1:]), config)]
    found = []
    for use, call in enumerate(layer["inbound_nodes"]):
        name = f"{layer['name']}_{use}" if use else layer["name"]
        names[layer["name"], use] = name
        given = call["args"][0] if isinstance(call["args"][0], list) else call["args"]
        tensors = [one["config"]["keras_history"] for one in given]
        sources = [f"{source}_{at}" if at else source for source, at, _ in tensors]
        found.append(Node(name, kind, sources, (), config, weights, layer=layer["name"]))
    return found


def _shaped(kind: str, config: dict[str, Any], arrays: dict[str, Array], name: str) -> list[Array]:
    """Return the weights of a layer in the shapes and the order of Keras.

    Raises
    ------
    ValueError
        If their numbers do not fit.
    """
    bias = [arrays["bias"]] if "bias" in arrays else []
    if kind == "Dense":
        return [arrays["weights"].reshape(-1, config["units"]), *bias]
    if kind in ("LSTM", "GRU", "SimpleRNN"):
        width = config["units"] * {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}[kind]
        if arrays["recurrent_weights"].size != width * config["units"]:
            raise ValueError(f"'{name}' has {arrays['recurrent_weights'].size} recurrent weights")
        return [arrays["weights"].reshape(-1, width), arrays["recurrent_weights"].reshape(-1, width), *bias]
    if kind == "Conv1D":
        filters, size = config["filters"], int(np.ravel(config["kernel_size"])[0])
        return [arrays["weights"].reshape(filters, size, -1).transpose(1, 2, 0), *bias]
    if kind == "Embedding":
        return [arrays["weights"].reshape(config["input_dim"], config["output_dim"])]
    order = ["mean", "variance", "gamma", "beta", "moving_mean", "moving_variance"]
    return [arrays[key] for key in order if key in arrays]
