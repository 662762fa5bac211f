"""Layers of sequences as operators of ONNX: arrays of shape (rows, steps, values)."""

from __future__ import annotations

from typing import Any

import numpy as np

from jetloom.export.graphs.graph import Graph, Node
from jetloom.export.onnx.activations import FORM, activate
from jetloom.export.onnx.pieces import Pieces
from jetloom.export.onnx.vectors import WRITERS as VECTORS
from jetloom.export.onnx.vectors import Writer
from jetloom.export.refusals import refuse, refuse_states

Inputs = list[str]
GATES = {"tanh": "Tanh", "sigmoid": "Sigmoid", "relu": "Relu", "softsign": "Softsign"}
"""Activations that ONNX's recurrent operators have as Keras has them."""


def _blocks(values: Any, order: list[int], count: int) -> Any:
    """Return the parts of the last axis in another order, which is that of ONNX."""
    parts = np.split(values, count, axis=-1)
    return np.concatenate([parts[place] for place in order], axis=-1)


def _scan(pieces: Pieces, node: Node, x: str, operator: str, order: list[int], gates: list[str], **more: Any) -> str:
    """Add a recurrent operator."""
    refuse_states(node, FORM)
    count = len(order)
    kernel, recurrent = (_blocks(one, order, count) for one in node.weights[:2])
    units = recurrent.shape[0]
    bias = np.zeros((2, count * units), np.float32)
    if len(node.weights) > 2:
        own = np.atleast_2d(node.weights[2])
        bias[: len(own)] = own
    bias = _blocks(bias, order, count)
    given = [
        pieces.add("Transpose", [x], node.name, perm=[1, 0, 2]),
        pieces.constant(kernel.T[None], f"{node.layer}/kernel"),
        pieces.constant(recurrent.T[None], f"{node.layer}/recurrent"),
        pieces.constant(bias.reshape(1, -1), f"{node.layer}/bias"),
    ]
    last = not node.config.get("return_sequences")
    place = 1 if last else 0
    found = pieces.add(operator, given, node.name, place, hidden_size=units, activations=gates, **more)
    axis = pieces.integers([0 if last else 1], f"axis{0 if last else 1}")
    found = pieces.add("Squeeze", [found, axis], node.name)
    return found if last else pieces.add("Transpose", [found], node.name, perm=[1, 0, 2])


def _gate(node: Node, key: str) -> str:
    name = node.config.get(key) or "linear"
    if name not in GATES:
        refuse(node, FORM, f"ONNX has no recurrent layer with {key}={name!r}", f"use one of {', '.join(GATES)}")
    return GATES[name]


def _lstm(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    outer = _gate(node, "activation")
    gates = [_gate(node, "recurrent_activation"), outer, outer]
    return _scan(pieces, node, inputs[0], "LSTM", [0, 3, 1, 2], gates)  # Keras: i, f, c, o; ONNX: i, o, f, c


def _gru(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    gates = [_gate(node, "recurrent_activation"), _gate(node, "activation")]
    after = int(bool(node.config.get("reset_after", True)))
    return _scan(pieces, node, inputs[0], "GRU", [0, 1, 2], gates, linear_before_reset=after)


def _simple(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    return _scan(pieces, node, inputs[0], "RNN", [0], [_gate(node, "activation")])


def _conv1d(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    config, kernel = node.config, node.weights[0]
    stride, rate = (_one(config.get(key, 1)) for key in ("strides", "dilation_rate"))
    view = (len(kernel) - 1) * rate
    padding = config["padding"]
    if padding == "same" and stride != 1:
        refuse(node, FORM, "padding='same' with strides depends on the length", "use padding='causal'")
    pads = {"valid": [0, 0], "causal": [view, 0], "same": [view // 2, view - view // 2]}[padding]
    given = [
        pieces.add("Transpose", inputs, node.name, perm=[0, 2, 1]),
        pieces.constant(kernel.transpose(2, 1, 0), f"{node.layer}/kernel"),
    ]
    if len(node.weights) > 1:
        given.append(pieces.constant(node.weights[1], f"{node.layer}/bias"))
    groups = int(config.get("groups", 1))
    found = pieces.add("Conv", given, node.name, pads=pads, strides=[stride], dilations=[rate], group=groups)
    return activate(pieces, node, pieces.add("Transpose", [found], node.name, perm=[0, 2, 1]))


def _one(value: Any) -> int:
    return int(value[0] if isinstance(value, list | tuple) else value)


def _embedding(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    if node.config.get("mask_zero"):
        refuse(node, FORM, "mask_zero=True masks steps", "train it with mask_zero=False")
    from onnx import TensorProto

    whole = pieces.add("Cast", inputs, node.name, to=TensorProto.INT64)
    return pieces.add("Gather", [pieces.constant(node.weights[0], f"{node.layer}/table"), whole], node.name)


def _reduce(operator: str) -> Writer:
    def write(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
        axis = node.config.get("axis", 1)
        axes = [int(one) for one in (axis if isinstance(axis, list | tuple) else [axis])] if axis is not None else None
        keep = int(bool(node.config.get("keepdims")))
        if operator == "ReduceSum":  # its axes are an input in this opset
            given = [*inputs, pieces.integers(axes, f"{node.name}/axes")] if axes else inputs
            return pieces.add(operator, given, node.name, keepdims=keep)
        if axes is None:
            return pieces.add(operator, inputs, node.name, keepdims=keep)
        return pieces.add(operator, inputs, node.name, keepdims=keep, axes=axes)

    return write


def _dot(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:
    """Add the sum over steps of one number a step, or of a column of them, times a vector a step."""
    first, second = (graph[source] for source in node.sources)
    one_axis = node.config["axes"] in (1, [1, 1], (1, 1)) and not node.config.get("normalize")
    if not one_axis or len(first.shape) not in (1, 2) or len(second.shape) != 2:
        refuse(node, FORM, "only Dot(axes=1) of (steps,) or (steps, columns) and (steps, values) is written")
    if len(first.shape) == 2:
        column = pieces.add("Transpose", [inputs[0]], node.name, perm=[0, 2, 1])
        return pieces.add("MatMul", [column, inputs[1]], node.name)
    row = pieces.add("Unsqueeze", [inputs[0], pieces.integers([1], "axis1")], node.name)
    product = pieces.add("MatMul", [row, inputs[1]], node.name)
    return pieces.add("Squeeze", [product, pieces.integers([1], "axis1")], node.name)


def _flatten(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    return pieces.add("Flatten", inputs, node.name, axis=1)


def _reshape(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    shape = [0, *(-1 if size is None else size for size in node.shape)]
    return pieces.add("Reshape", [*inputs, pieces.integers(shape, f"{node.name}/shape")], node.name)


def _distributed(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:
    inner = Node(
        node.name, node.config["layer"]["class_name"], node.sources, node.shape, node.config["layer"]["config"],
        node.weights, layer=node.layer,
    )  # fmt: skip
    if inner.kind not in VECTORS:
        refuse(node, FORM, f"there is no writer for {inner.kind} on each step of a sequence")
    return VECTORS[inner.kind](pieces, graph, inner, inputs)


WRITERS: dict[str, Writer] = VECTORS | {
    "LSTM": _lstm,
    "GRU": _gru,
    "SimpleRNN": _simple,
    "Conv1D": _conv1d,
    "Embedding": _embedding,
    "Sum": _reduce("ReduceSum"),
    "Mean": _reduce("ReduceMean"),
    "Max": _reduce("ReduceMax"),
    "GlobalAveragePooling1D": _reduce("ReduceMean"),
    "GlobalMaxPooling1D": _reduce("ReduceMax"),
    "Dot": _dot,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "TimeDistributed": _distributed,
}
"""Class of a layer or an operation -> its writer."""
