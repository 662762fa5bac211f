"""Evaluating a graph with NumPy, layer by layer as Keras 3 defines them: the check of files that only C++ reads."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.export.graphs.graph import INPUT, Graph, Node
from jetloom.export.lwtnn.activations import PLAIN, sigmoid, softmax
from jetloom.export.refusals import refuse

Array = npt.NDArray[Any]


def _erf(x: Array) -> Array:
    return np.array([math.erf(value) for value in x.ravel()]).reshape(x.shape)


def _elu(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x >= 0, x, alpha * np.expm1(np.minimum(x, 0)))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": sigmoid,
    "tanh": PLAIN["tanh"],
    "softmax": softmax,
    "elu": _elu,
    "selu": lambda x: 1.0507009873554805 * _elu(x, 1.6732632423543772),
    "silu": lambda x: x * sigmoid(x),
    "swish": lambda x: x * sigmoid(x),
    "gelu": lambda x: 0.5 * x * (1.0 + _erf(x / math.sqrt(2.0))),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "softplus": lambda x: np.logaddexp(x, 0.0),
    "softsign": lambda x: x / (1.0 + np.abs(x)),
    "exponential": np.exp,
    "hard_sigmoid": lambda x: np.clip(x / 6.0 + 0.5, 0, 1),
}
"""The activations of Keras 3."""


def evaluate(graph: Graph, features: Mapping[str, Array]) -> list[Array]:
    """Return the outputs of a graph for rows, in double precision.

    Parameters
    ----------
    graph : Graph
        The network.
    features : mapping of str to array
        By input, rows first.

    Raises
    ------
    RefusedNetworkError
        If it has a layer that is not known here.
    """
    values: dict[str, Array] = {}
    for name, node in graph.nodes.items():
        if node.kind == INPUT:
            values[name] = np.asarray(features[name], float)
        elif node.kind in LAYERS:
            values[name] = LAYERS[node.kind](node, [values[source] for source in node.sources])
        else:
            refuse(node, "the NumPy evaluation")
    return [values[name] for name in graph.outputs]


def _act(node: Node, x: Array, key: str = "activation") -> Array:
    name = node.config.get(key) or "linear"
    if name not in ACTIVATIONS:
        refuse(node, "the NumPy evaluation", f"there is no activation {name!r}")
    return ACTIVATIONS[name](x)


def _dense(node: Node, inputs: list[Array]) -> Array:
    kernel, *bias = node.weights
    return _act(node, inputs[0] @ kernel.astype(float) + (bias[0] if bias else 0.0))


def _normalization(node: Node, inputs: list[Array]) -> Array:
    mean, variance = node.weights[:2]
    return (inputs[0] - mean) / np.maximum(np.sqrt(variance.astype(float)), 1e-7)


def _batch_normalization(node: Node, inputs: list[Array]) -> Array:
    waiting = [one.astype(float) for one in node.weights]
    gamma = waiting.pop(0) if node.config.get("scale", True) else 1.0
    beta = waiting.pop(0) if node.config.get("center", True) else 0.0
    mean, variance = waiting
    return (inputs[0] - mean) / np.sqrt(variance + node.config["epsilon"]) * gamma + beta


def _layer_normalization(node: Node, inputs: list[Array]) -> Array:
    waiting = [one.astype(float) for one in node.weights]
    gamma = waiting.pop(0) if node.config.get("scale", True) else 1.0
    beta = waiting.pop(0) if node.config.get("center", True) else 0.0
    centred = inputs[0] - inputs[0].mean(axis=-1, keepdims=True)
    return centred / np.sqrt(centred.var(axis=-1, keepdims=True) + node.config["epsilon"]) * gamma + beta


def _steps(node: Node, states: list[Array]) -> Array:
    """Return all states, or the last one, whichever the layer gives."""
    return np.stack(states, axis=1) if node.config.get("return_sequences") else states[-1]


def _recurrent(node: Node) -> tuple[Array, Array, Array]:
    kernel, recurrent, *bias = (one.astype(float) for one in node.weights)
    return kernel, recurrent, bias[0] if bias else np.zeros(kernel.shape[1])


def _lstm(node: Node, inputs: list[Array]) -> Array:
    kernel, recurrent, bias = _recurrent(node)
    h = c = np.zeros((len(inputs[0]), len(recurrent)))
    states = []
    for step in range(inputs[0].shape[1]):
        i, f, g, o = np.split(inputs[0][:, step] @ kernel + h @ recurrent + bias, 4, axis=1)
        i, f, o = (_act(node, gate, "recurrent_activation") for gate in (i, f, o))
        c = f * c + i * _act(node, g)
        h = o * _act(node, c)
        states.append(h)
    return _steps(node, states)


def _gru(node: Node, inputs: list[Array]) -> Array:
    kernel, recurrent, bias = _recurrent(node)
    after = bool(node.config.get("reset_after", True))
    of_input, of_state = bias.reshape(2, -1) if bias.size == 2 * kernel.shape[1] else (bias, np.zeros_like(bias))
    units = len(recurrent)
    h = np.zeros((len(inputs[0]), units))
    states = []
    for step in range(inputs[0].shape[1]):
        given, carried = inputs[0][:, step] @ kernel + of_input, h @ recurrent + of_state
        z = _act(node, given[:, :units] + carried[:, :units], "recurrent_activation")
        r = _act(node, given[:, units : 2 * units] + carried[:, units : 2 * units], "recurrent_activation")
        reset = r * carried[:, 2 * units :] if after else (r * h) @ recurrent[:, 2 * units :]
        h = z * h + (1 - z) * _act(node, given[:, 2 * units :] + reset)
        states.append(h)
    return _steps(node, states)


def _simple(node: Node, inputs: list[Array]) -> Array:
    kernel, recurrent, bias = _recurrent(node)
    h, states = np.zeros((len(inputs[0]), len(recurrent))), []
    for step in range(inputs[0].shape[1]):
        h = _act(node, inputs[0][:, step] @ kernel + h @ recurrent + bias)
        states.append(h)
    return _steps(node, states)


def _conv1d(node: Node, inputs: list[Array]) -> Array:
    kernel, *bias = (one.astype(float) for one in node.weights)
    rate, stride = (int(np.ravel(node.config.get(key, 1))[0]) for key in ("dilation_rate", "strides"))
    view = (len(kernel) - 1) * rate
    before = {"valid": 0, "causal": view, "same": view // 2}[node.config["padding"]]
    after = view - before if node.config["padding"] == "same" else 0
    x = np.pad(inputs[0], ((0, 0), (before, after), (0, 0)))
    steps = x.shape[1] - view
    parts = (x[:, place * rate : place * rate + steps] @ part for place, part in enumerate(kernel))
    total = np.sum(list(parts), axis=0) + (bias[0] if bias else 0.0)
    return _act(node, total[:, ::stride])


def _dot(node: Node, inputs: list[Array]) -> Array:  # noqa: ARG001 - one signature for all
    return np.einsum("rs,rsk->rk" if inputs[0].ndim == 2 else "rsj,rsk->rjk", *inputs)


LAYERS: dict[str, Callable[[Node, list[Array]], Array]] = {
    "Dense": _dense,
    "Activation": lambda node, inputs: _act(node, inputs[0]),
    "Softmax": lambda node, inputs: softmax(inputs[0]),  # noqa: ARG005 - one signature for all
    "ReLU": lambda node, inputs: np.where(
        inputs[0] > 0, np.minimum(inputs[0], node.config.get("max_value") or np.inf),
        (node.config.get("negative_slope") or 0.0) * inputs[0],
    ),
    "LeakyReLU": lambda node, inputs: np.where(inputs[0] > 0, inputs[0], node.config["negative_slope"] * inputs[0]),
    "ELU": lambda node, inputs: _elu(inputs[0], node.config.get("alpha", 1.0)),
    "Normalization": _normalization,
    "Rescaling": lambda node, inputs: inputs[0] * node.config["scale"] + node.config["offset"],
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "LSTM": _lstm,
    "GRU": _gru,
    "SimpleRNN": _simple,
    "Conv1D": _conv1d,
    "Embedding": lambda node, inputs: node.weights[0][inputs[0].astype(int)].astype(float),
    "Concatenate": lambda node, inputs: np.concatenate(inputs, axis=node.config.get("axis", -1)),
    "Add": lambda node, inputs: np.sum(inputs, axis=0),  # noqa: ARG005
    "Subtract": lambda node, inputs: inputs[0] - inputs[1],  # noqa: ARG005
    "Multiply": lambda node, inputs: np.prod(inputs, axis=0),  # noqa: ARG005
    "Dot": _dot,
    "Flatten": lambda node, inputs: inputs[0].reshape(len(inputs[0]), -1),  # noqa: ARG005
    "Dropout": lambda node, inputs: inputs[0],  # noqa: ARG005
    "GlobalAveragePooling1D": lambda node, inputs: inputs[0].mean(axis=1),  # noqa: ARG005
    "GlobalMaxPooling1D": lambda node, inputs: inputs[0].max(axis=1),  # noqa: ARG005
}  # fmt: skip
"""Class of a layer -> its function."""
