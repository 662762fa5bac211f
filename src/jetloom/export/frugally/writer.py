"""Writing a graph as the JSON of frugally-deep.

The file holds the architecture as Keras 3 writes it, the weights by layer as base64 of little-endian float32, and one
test: inputs and outputs that the C++ library computes again when it loads the file.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import ConfigurationError
from jetloom.export.graphs.graph import INPUT, Graph, Node
from jetloom.export.refusals import refuse, refuse_states

Array = npt.NDArray[Any]
FORM = "frugally-deep"
VERSION = "0.20.0"
"""The version whose files these are, unless another one is asked for."""
KERAS_3, RECURRENT_3 = (0, 16, 0), (0, 20, 0)
"""The first version for Keras 3, and the first of these that has LSTM and GRU."""
LINE = 1024
"""Characters of a piece of base64."""
ACTIVATIONS = (
    "linear", "relu", "sigmoid", "tanh", "softmax", "elu", "selu", "silu", "swish", "gelu", "leaky_relu", "softplus",
    "softsign", "exponential", "hard_sigmoid",
)  # fmt: skip


def check_version(version: str) -> tuple[int, ...]:
    """Return a version as numbers.

    Raises
    ------
    ConfigurationError
        If it is none, or reads no networks of Keras 3.
    """
    try:
        numbers = tuple(int(part) for part in version.removeprefix("v").split("."))
    except ValueError:
        raise ConfigurationError(f"'{version}' is no version of frugally-deep", advice=f"as in {VERSION}") from None
    if numbers < KERAS_3:
        raise ConfigurationError(
            f"frugally-deep {version} reads networks of Keras 2 only", advice="use 0.16.0 or later, with LSTM 0.20.0"
        )
    return numbers


def write_content(
    graph: Graph, description: Mapping[str, Any], test: tuple[Mapping[str, Array], list[Array]], version: str = VERSION
) -> dict[str, Any]:
    """Return the object of the file.

    Parameters
    ----------
    graph : Graph
        The network, without what stands in the place of missing values: the library has no such operation.
    description : mapping
        What a reader must know. It stands under ``jetloom``; the library passes over it.
    test : (mapping of str to array, list of array)
        One row of each input, and what the network gives for it.
    version : str
        Of the library that is to read the file.

    Raises
    ------
    RefusedNetworkError
        If the library, or this version of it, has no such layer; it is named.
    """
    check_layers(graph, version)
    layers = _by_layer(graph)
    return {
        "architecture": {
            "class_name": "Functional",
            "config": {
                "name": "jetloom",
                "layers": [_layer(graph, calls) for calls in layers.values()],
                "input_layers": [_place(graph, name) for name in graph.inputs],
                "output_layers": [_place(graph, name) for name in graph.outputs],
            },
        },
        "image_data_format": "channels_last",
        "input_shapes": [list(graph[name].shape) for name in graph.inputs],
        "output_shapes": [list(graph[name].shape) for name in graph.outputs],
        "tests": [
            {
                "inputs": [_tensor(test[0][name]) for name in graph.inputs],
                "outputs": [_tensor(one) for one in test[1]],
            }
        ],
        "trainable_params": {name: found for name, calls in layers.items() if (found := _weights(calls[0]))},
        "hash": _hash(graph),
        "jetloom": {**description, "frugally_deep": version},
    }


def check_layers(graph: Graph, version: str = VERSION) -> None:
    """Refuse what a version of the library has not.

    Raises
    ------
    RefusedNetworkError
        With the layer.
    """
    numbers = check_version(version)
    for node in graph.nodes.values():
        _check(node, numbers, version)


def _check(node: Node, numbers: tuple[int, ...], version: str) -> None:
    if node.kind not in WEIGHTS or node.config.get("operation"):
        refuse(node, FORM)
    if not (node.layer or node.name).isascii():
        refuse(node, FORM, "its name is not plain ASCII", "give the layer another name")
    if node.kind in ("LSTM", "GRU", "SimpleRNN"):
        refuse_states(node, FORM)
        if numbers < RECURRENT_3:
            refuse(node, FORM, f"version {version} has no recurrent layers for Keras 3", f"use {VERSION}")
    for key in ("activation", "recurrent_activation"):
        name = node.config.get(key) or "linear"
        if name not in ACTIVATIONS:
            refuse(node, FORM, f"it has no activation {name!r}", f"use one of {', '.join(ACTIVATIONS)}")
    if node.kind == "Embedding" and node.config.get("mask_zero"):
        refuse(node, FORM, "mask_zero=True masks steps", "train it with mask_zero=False")
    if node.kind == "Conv1D" and node.config.get("groups", 1) != 1:
        refuse(node, FORM, "it has groups", "train it with groups=1")
    if node.kind == "Normalization" and len(np.atleast_1d(node.config.get("axis", -1))) != 1:
        refuse(node, FORM, "it works on several axes")


def _by_layer(graph: Graph) -> dict[str, list[Node]]:
    """Return the uses of each layer; a layer that is used twice stands once in the file."""
    found: dict[str, list[Node]] = {}
    for node in graph.nodes.values():
        # Layers of networks inside of networks may have one name: their nodes tell them apart.
        first = next((calls for calls in found.values() if _same(calls[0], node)), None)
        if first is None:
            found[node.name] = [node]
        else:
            first.append(node)
    return found


def _same(one: Node, other: Node) -> bool:
    return bool(one.weights) and len(one.weights) == len(other.weights) and all(
        first is second for first, second in zip(one.weights, other.weights, strict=True)
    )  # fmt: skip


def _place(graph: Graph, name: str) -> list[Any]:
    """Return what a node is called in the file: its layer, and which use of it."""
    for layer, calls in _by_layer(graph).items():
        for use, node in enumerate(calls):
            if node.name == name:
                return [layer, use, 0]
    raise KeyError(name)


def _layer(graph: Graph, calls: list[Node]) -> dict[str, Any]:
    node = calls[0]
    config = {key: value for key, value in node.config.items() if _is_plain(value)} | {"name": node.name}
    if node.kind == INPUT:
        config["batch_shape"] = [None, *node.shape]
    uses = [{"args": _arguments(graph, call), "kwargs": {}} for call in calls if call.sources]
    return {"module": "keras.layers", "class_name": node.kind, "config": config, "name": node.name,
            "inbound_nodes": uses, "registered_name": None}  # fmt: skip


def _is_plain(value: Any) -> bool:
    """Say whether a setting may decide what the layer computes: initialisers are objects, and decide nothing."""
    return not isinstance(value, dict | np.ndarray)


def _arguments(graph: Graph, node: Node) -> list[Any]:
    tensors = [
        {
            "class_name": "__keras_tensor__",
            "config": {
                "shape": [None, *graph[source].shape],
                "dtype": "float32",
                "keras_history": _place(graph, source),
            },
        }
        for source in node.sources
    ]
    return [tensors] if len(tensors) > 1 else tensors


def encoded(values: Array) -> list[str]:
    """Return numbers as the file has them: base64 of float32, in pieces."""
    text = base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode("ascii")
    return [text[start : start + LINE] for start in range(0, len(text), LINE)]


def _tensor(row: Array) -> dict[str, Any]:
    """Return one row as a tensor of the file."""
    return {"shape": list(np.shape(row)), "values": encoded(row)}


def _plain(*names: str) -> Callable[[Node], dict[str, Any]]:
    return lambda node: {name: encoded(one) for name, one in zip(names, node.weights, strict=False)}


def _convolution(node: Node) -> dict[str, Any]:
    found = {"weights": encoded(node.weights[0].transpose(2, 0, 1))}
    return found | ({"bias": encoded(node.weights[1])} if len(node.weights) > 1 else {})


def _batch_normalization(node: Node) -> dict[str, Any]:
    names = ["gamma"] * bool(node.config.get("scale", True)) + ["beta"] * bool(node.config.get("center", True))
    return _plain(*names, "moving_mean", "moving_variance")(node)


def _layer_normalization(node: Node) -> dict[str, Any]:
    names = ["gamma"] * bool(node.config.get("scale", True)) + ["beta"] * bool(node.config.get("center", True))
    return _plain(*names)(node)


def _none(node: Node) -> dict[str, Any]:  # noqa: ARG001 - one signature for all
    return {}


WEIGHTS: dict[str, Callable[[Node], dict[str, Any]]] = {
    INPUT: _none,
    "Dense": _plain("weights", "bias"),
    "Normalization": _plain("mean", "variance"),
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "LSTM": _plain("weights", "recurrent_weights", "bias"),
    "GRU": _plain("weights", "recurrent_weights", "bias"),
    "SimpleRNN": _plain("weights", "recurrent_weights", "bias"),
    "Conv1D": _convolution,
    "Embedding": _plain("weights"),
    **dict.fromkeys(
        (
            "Activation", "Softmax", "ReLU", "LeakyReLU", "ELU", "Rescaling", "Concatenate", "Add", "Subtract",
            "Multiply", "Dot", "Flatten", "Dropout", "GlobalAveragePooling1D", "GlobalMaxPooling1D",
        ),
        _none,
    ),
}  # fmt: skip
"""Class of a layer -> its weights by their names in the file."""


def _weights(node: Node) -> dict[str, Any]:
    return WEIGHTS[node.kind](node)


def _hash(graph: Graph) -> str:
    """Return a digest of names and weights."""
    found = hashlib.sha256()
    for node in graph.nodes.values():
        for weight in node.weights:
            found.update(np.ascontiguousarray(weight, "<f4").tobytes())
        found.update(node.name.encode())
    return found.hexdigest()
