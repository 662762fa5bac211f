"""Layers of vectors, and operations between them, as operators of ONNX. They work on the last axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jetloom.export.graphs.graph import Graph, Node
from jetloom.export.onnx.activations import FORM, activate
from jetloom.export.onnx.pieces import Pieces
from jetloom.export.preprocessing import scale_and_shift
from jetloom.export.refusals import refuse

Inputs = list[str]
Writer = Callable[[Pieces, Graph, Node, Inputs], str]


def affine(pieces: Pieces, name: str, layer: str, x: str, kernel: Any, bias: Any = None) -> str:
    """Add ``x @ kernel + bias``."""
    y = pieces.add("MatMul", [x, pieces.constant(kernel, f"{layer}/kernel")], name)
    return y if bias is None else pieces.add("Add", [y, pieces.constant(bias, f"{layer}/bias")], name)


def _dense(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001 - one signature for all
    return activate(pieces, node, affine(pieces, node.name, node.layer, inputs[0], *node.weights))


def _activation(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    return activate(pieces, node, inputs[0])


def _softmax(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    return pieces.add("Softmax", inputs, node.name, axis=int(node.config.get("axis", -1)))


def _relu(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    if node.config.get("threshold") or (node.config.get("max_value") is not None and node.config.get("negative_slope")):
        refuse(node, FORM, "it has a threshold", "use ReLU() or LeakyReLU()")
    if slope := node.config.get("negative_slope"):
        return pieces.add("LeakyRelu", inputs, node.name, alpha=float(slope))
    if node.config.get("max_value") is None:
        return pieces.add("Relu", inputs, node.name)
    ends = [pieces.constant(end, f"{node.layer}/end{end}") for end in (0.0, float(node.config["max_value"]))]
    return pieces.add("Clip", [*inputs, *ends], node.name)


def _leaky(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    return pieces.add("LeakyRelu", inputs, node.name, alpha=float(node.config["negative_slope"]))


def _elu(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    return pieces.add("Elu", inputs, node.name, alpha=float(node.config.get("alpha", 1.0)))


def _normalization(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    if node.config.get("invert"):
        refuse(node, FORM, "invert=True undoes a normalisation", "use Rescaling")
    mean, variance = node.weights[:2]
    spread = np.maximum(np.sqrt(variance), 1e-7)  # the epsilon of Keras
    centred = pieces.add("Sub", [inputs[0], pieces.constant(mean, f"{node.layer}/mean")], node.name)
    return pieces.add("Div", [centred, pieces.constant(spread, f"{node.layer}/deviation")], node.name)


def _rescaling(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    scaled = pieces.add("Mul", [inputs[0], pieces.constant(node.config["scale"], f"{node.layer}/scale")], node.name)
    return pieces.add("Add", [scaled, pieces.constant(node.config["offset"], f"{node.layer}/offset")], node.name)


def _batch_normalization(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    scale, shift = scale_and_shift(node, FORM)
    scaled = pieces.add("Mul", [inputs[0], pieces.constant(scale, f"{node.layer}/scale")], node.name)
    return pieces.add("Add", [scaled, pieces.constant(shift, f"{node.layer}/shift")], node.name)


def _layer_normalization(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    axis = node.config.get("axis", -1)
    if axis not in (-1, len(node.shape), [-1], [len(node.shape)]):
        refuse(node, FORM, f"it works on axis {axis}")
    waiting = list(node.weights)
    gamma = waiting.pop(0) if node.config.get("scale", True) else np.ones(node.size)
    beta = waiting.pop(0) if node.config.get("center", True) else np.zeros(node.size)
    given = [*inputs, pieces.constant(gamma, f"{node.layer}/gamma"), pieces.constant(beta, f"{node.layer}/beta")]
    return pieces.add("LayerNormalization", given, node.name, axis=-1, epsilon=float(node.config["epsilon"]))


def _maxout(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    parts = [
        affine(pieces, node.name, f"{node.layer}/{place}", inputs[0], kernel, bias)
        for place, (kernel, bias) in enumerate(zip(*node.weights, strict=True))
    ]
    return pieces.add("Max", parts, node.name)


def _highway(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    kernel, carry, bias, carry_bias = node.weights
    changed = activate(pieces, node, affine(pieces, node.name, node.layer, inputs[0], kernel, bias))
    logit = affine(pieces, node.name, f"{node.layer}/carry", inputs[0], carry, carry_bias)
    share = pieces.add("Sigmoid", [logit], node.name)
    moved = pieces.add("Mul", [share, pieces.add("Sub", [changed, inputs[0]], node.name)], node.name)
    return pieces.add("Add", [inputs[0], moved], node.name)


def _concatenate(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    return pieces.add("Concat", inputs, node.name, axis=int(node.config.get("axis", -1)))


def _between(operator: str) -> Writer:
    """Return a writer of what is done between several tensors, or between one and a number."""

    def write(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
        given = list(inputs)
        for place, value in sorted(node.constants.items()):
            given.insert(place, pieces.constant(value, f"{node.name}/number{place}"))
        found = given[0]
        for other in given[1:]:
            found = pieces.add(operator, [found, other], node.name)
        return found

    return write


def _where(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    given = list(inputs)
    for place, value in sorted(node.constants.items()):
        given.insert(place, pieces.constant(value, f"{node.name}/value{place}"))
    return pieces.add("Where", given, node.name)


def _fill_missing(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    values = pieces.constant(node.config["values"], f"{node.layer}/values")
    return pieces.add("Where", [pieces.add("IsNaN", inputs, node.name), values, *inputs], node.name)


def _plain(operator: str) -> Writer:
    return lambda pieces, _graph, node, inputs: pieces.add(operator, inputs, node.name)


def _nothing(pieces: Pieces, graph: Graph, node: Node, inputs: Inputs) -> str:  # noqa: ARG001
    return inputs[0]


WRITERS: dict[str, Writer] = {
    "Dense": _dense,
    "Activation": _activation,
    "Softmax": _softmax,
    "ReLU": _relu,
    "LeakyReLU": _leaky,
    "ELU": _elu,
    "Normalization": _normalization,
    "Rescaling": _rescaling,
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "Maxout": _maxout,
    "Highway": _highway,
    "Concatenate": _concatenate,
    "Add": _between("Add"),
    "Subtract": _between("Sub"),
    "Multiply": _between("Mul"),
    "Divide": _between("Div"),
    "TrueDivide": _between("Div"),
    "Maximum": _between("Max"),
    "Minimum": _between("Min"),
    "Where": _where,
    "FillMissing": _fill_missing,
    "Isnan": _plain("IsNaN"),
    "Exp": _plain("Exp"),
    "Log": _plain("Log"),
    "Tanh": _plain("Tanh"),
    "Sigmoid": _plain("Sigmoid"),
    "Relu": _plain("Relu"),
    "Absolute": _plain("Abs"),
    "Negative": _plain("Neg"),
    "Sqrt": _plain("Sqrt"),
    "Identity": _nothing,
    "Dropout": _nothing,
    "SpatialDropout1D": _nothing,
    "GaussianNoise": _nothing,
    "GaussianDropout": _nothing,
    "AlphaDropout": _nothing,
    "ActivityRegularization": _nothing,
}
"""Class of a layer or an operation -> its writer."""
