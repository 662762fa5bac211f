"""Activations of Keras as operators of ONNX."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from jetloom.export.graphs.graph import Node
from jetloom.export.onnx.pieces import Pieces
from jetloom.export.refusals import refuse

FORM = "ONNX"
SIMPLE: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("Relu", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "softmax": ("Softmax", {"axis": -1}),
    "log_softmax": ("LogSoftmax", {"axis": -1}),
    "elu": ("Elu", {"alpha": 1.0}),
    "selu": ("Selu", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "exponential": ("Exp", {}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1.0 / 6.0, "beta": 0.5}),
}
"""Activation -> operator and its attributes."""


def _silu(pieces: Pieces, x: str, name: str) -> str:
    return pieces.add("Mul", [x, pieces.add("Sigmoid", [x], name)], name)


def _gelu(pieces: Pieces, x: str, name: str) -> str:
    """Return x times the normal distribution up to x."""
    root, half, one = (pieces.constant(value, f"gelu/{value:.4g}") for value in (math.sqrt(0.5), 0.5, 1.0))
    share = pieces.add("Add", [pieces.add("Erf", [pieces.add("Mul", [x, root], name)], name), one], name)
    return pieces.add("Mul", [pieces.add("Mul", [x, half], name), share], name)


COMPOSED: dict[str, Callable[[Pieces, str, str], str]] = {"silu": _silu, "swish": _silu, "gelu": _gelu}


def activate(pieces: Pieces, node: Node, x: str, key: str = "activation") -> str:
    """Add the activation of a layer; return the name of what it gives."""
    given = node.config.get(key) or "linear"
    if given == "linear":
        return x
    if isinstance(given, str) and given in COMPOSED:
        return COMPOSED[given](pieces, x, node.name)
    if not isinstance(given, str) or given not in SIMPLE:
        known = ", ".join(["linear", *SIMPLE, *COMPOSED])
        refuse(node, FORM, f"there is no writer for the activation {given!r}", f"use one of {known}")
    operator, attributes = SIMPLE[given]
    return pieces.add(operator, [x], node.name, **attributes)
