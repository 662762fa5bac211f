"""The entries of lwtnn's list of layers, made from layers of Keras.

Kernels of Keras have one row an input; the JSON has one row an output. So each is the transpose, written row by row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import CorruptFileError
from jetloom.export.graphs.graph import Node
from jetloom.export.preprocessing import scale_and_shift, scaling_of
from jetloom.export.refusals import refuse, refuse_states

Array = npt.NDArray[Any]
Entry = dict[str, Any]
FORM = "lwtnn"
ACTIVATIONS: dict[str, Any] = {
    "linear": "linear",
    "relu": "rectified",
    "sigmoid": "sigmoid",
    "softmax": "softmax",
    "tanh": "tanh",
    "elu": {"function": "elu", "alpha": 1.0},
    "silu": {"function": "swish", "alpha": 1.0},
    "swish": {"function": "swish", "alpha": 1.0},
    "leaky_relu": {"function": "leakyrelu", "alpha": 0.2},
    "abs": "abs",
}


def misfit(cause: str, where: str) -> CorruptFileError:
    """Return the error of a variables file that does not fit."""
    return CorruptFileError(f"the variables file {cause}", where=where, advice="jetloom export --skeleton writes one")


def rows(values: Array) -> list[float]:
    """Return numbers as the JSON has them: one list, row by row, each as short as it can be for single precision."""
    found: list[float] = np.asarray(values, float).ravel().tolist()
    return found


def _activation(node: Node, generation: int, key: str = "activation") -> Any:
    name = node.config.get(key) or "linear"
    if name == "hard_sigmoid":
        if generation < 3:
            return name
        refuse(node, FORM, "hard_sigmoid of Keras 3 has the slope 1/6, that of lwtnn 0.2", "train it with sigmoid")
    if not isinstance(name, str) or name not in ACTIVATIONS:
        refuse(node, FORM, f"lwtnn has no activation {name!r}", f"use one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


def _only(activation: Any) -> Entry:
    return {"architecture": "dense", "weights": [], "bias": [], "activation": activation}


def dense(node: Node, generation: int) -> Entry:
    """Return a dense layer."""
    kernel = node.weights[0]
    bias = node.weights[1] if len(node.weights) > 1 else np.zeros(kernel.shape[1])
    activation = _activation(node, generation)
    return {"architecture": "dense", "weights": rows(kernel.T), "bias": rows(bias), "activation": activation}


def activation(node: Node, generation: int) -> Entry:
    """Return an activation alone."""
    return _only(_activation(node, generation))


def softmax(node: Node, generation: int) -> Entry:  # noqa: ARG001 - one signature for all
    """Return a softmax alone."""
    if node.config.get("axis", -1) not in (-1, len(node.shape)):
        refuse(node, FORM, f"it works on axis {node.config['axis']}")
    return _only("softmax")


def relu(node: Node, generation: int) -> Entry:  # noqa: ARG001
    """Return a rectifier alone."""
    if node.config.get("max_value") is not None or node.config.get("threshold"):
        refuse(node, FORM, "it has a largest value or a threshold", "use ReLU() or LeakyReLU()")
    slope = float(node.config.get("negative_slope") or 0.0)
    return _only({"function": "leakyrelu", "alpha": slope} if slope else "rectified")


def leaky_relu(node: Node, generation: int) -> Entry:  # noqa: ARG001
    """Return a leaky rectifier alone."""
    return _only({"function": "leakyrelu", "alpha": float(node.config["negative_slope"])})


def elu(node: Node, generation: int) -> Entry:  # noqa: ARG001
    """Return an exponential unit alone."""
    return _only({"function": "elu", "alpha": float(node.config.get("alpha", 1.0))})


def _scaled(scale: Array, shift: Array) -> Entry:
    """Return ``x * scale + shift``; a scale of 0 needs a matrix."""
    if (scale == 0).any():
        return {"architecture": "dense", "weights": rows(np.diag(scale)), "bias": rows(shift), "activation": "linear"}
    return {"architecture": "normalization", "weights": rows(scale), "bias": rows(shift / scale)}


def batch_normalization(node: Node, generation: int) -> Entry:  # noqa: ARG001
    """Return the scaling that a batch normalisation is after its training."""
    return _scaled(*scale_and_shift(node, FORM))


def scaling(node: Node, generation: int) -> Entry:  # noqa: ARG001
    """Return a normalisation that stands behind other layers."""
    found = scaling_of(node)
    if found is None:
        refuse(node, FORM, "it is no plain scaling of each value")
    offset, scale = found
    return _scaled(scale, offset * scale)


def _components(node: Node, names: str) -> dict[str, Entry]:
    """Return kernel, recurrent kernel and bias of each component, which Keras has side by side."""
    refuse_states(node, FORM)
    kernel, recurrent = node.weights[:2]
    units, count = recurrent.shape[0], len(names)
    bias = node.weights[2] if len(node.weights) > 2 else np.zeros(count * units)
    parts = [np.split(one, count, axis=-1) for one in (kernel, recurrent, bias)]
    return {
        name: {"weights": rows(w.T), "U": rows(u.T), "bias": rows(b)}
        for name, w, u, b in zip(names, *parts, strict=True)
    }


def lstm(node: Node, generation: int) -> Entry:
    """Return a long short-term memory; Keras has its gates in the order i, f, c, o."""
    return {"architecture": "lstm", "components": _components(node, "ifco"), **_both(node, generation)}


def gru(node: Node, generation: int) -> Entry:
    """Return a gated recurrent unit; Keras has its gates in the order z, r, h."""
    if node.config.get("reset_after") or (len(node.weights) > 2 and node.weights[2].ndim > 1):
        refuse(node, FORM, "reset_after=True is another network than lwtnn's", "train it with reset_after=False")
    return {"architecture": "gru", "components": _components(node, "zrh"), **_both(node, generation)}


def _both(node: Node, generation: int) -> Entry:
    return {
        "activation": _activation(node, generation),
        "inner_activation": _activation(node, generation, "recurrent_activation"),
    }


def simple_rnn(node: Node, generation: int) -> Entry:
    """Return a simple recurrent layer."""
    return {
        "architecture": "simplernn",
        "components": _components(node, "h"),
        "activation": _activation(node, generation),
    }


def conv1d(node: Node, generation: int) -> Entry:
    """Return a convolution over the steps of a sequence."""
    config, kernel = node.config, node.weights[0]
    if _one(config.get("strides", 1)) != 1 or config.get("groups", 1) != 1:
        refuse(node, FORM, "it has strides or groups", "train it with strides=1 and groups=1")
    rate, padding = _one(config.get("dilation_rate", 1)), config["padding"]
    if padding == "same" and (len(kernel) - 1) * rate % 2:
        advice = "train it with an odd kernel_size, or padding='causal'"
        refuse(node, FORM, "lwtnn pads at the start what Keras pads at the end of an even kernel", advice)
    return {
        "architecture": "conv1d",
        "weights": rows(kernel.transpose(2, 1, 0)),
        "bias": rows(node.weights[1] if len(node.weights) > 1 else np.zeros(kernel.shape[2])),
        "dilation_rate": rate,
        "padding": padding,
        "activation": _activation(node, generation),
    }


def _one(value: Any) -> int:
    return int(value[0] if isinstance(value, list | tuple) else value)


def embedding(node: Node, generation: int) -> Entry:  # noqa: ARG001
    """Return a table of vectors by index."""
    if node.config.get("mask_zero"):
        refuse(node, FORM, "mask_zero=True masks steps", "train it with mask_zero=False on sequences without padding")
    table = node.weights[0]
    return {
        "architecture": "embedding",
        "sublayers": [{"index": 0, "n_out": int(table.shape[1]), "weights": rows(table.T)}],
    }


def maxout(node: Node, generation: int) -> Entry:  # noqa: ARG001
    """Return a maxout layer: weights of shape (parts, inputs, outputs) and (parts, outputs)."""
    kernel, bias = node.weights
    parts = [
        {"architecture": "dense", "activation": "linear", "weights": rows(w.T), "bias": rows(b)}
        for w, b in zip(kernel, bias, strict=True)
    ]
    return {"architecture": "maxout", "sublayers": parts, "activation": "linear"}


def highway(node: Node, generation: int) -> Entry:
    """Return a highway layer: kernel, bias, kernel and bias of what it lets through."""
    kernel, carry, bias, carry_bias = node.weights
    parts = {"t": (kernel, bias), "carry": (carry, carry_bias)}
    return {
        "architecture": "highway",
        "components": {name: {"weights": rows(w.T), "bias": rows(b)} for name, (w, b) in parts.items()},
        "activation": _activation(node, generation),
    }
