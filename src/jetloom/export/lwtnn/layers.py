"""The layers of lwtnn as functions of arrays whose last axis holds the values of a vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.export.lwtnn.activations import find_activation
from jetloom.export.lwtnn.recurrent import RECURRENT

Array = npt.NDArray[Any]
Layer = Callable[[Array], Array]
Entry = Mapping[str, Any]


def matrix(entry: Entry, key: str, n_in: int, dtype: Any) -> Array:
    """Return weights as a matrix of shape (n_in, n_out); the JSON has them row by row, one row an output.

    Raises
    ------
    ValueError
        If there are none, or not a multiple of ``n_in``.
    """
    values = np.asarray(entry[key], dtype)
    if values.ndim != 1 or not values.size or values.size % n_in:
        raise ValueError(f"{values.size} weights do not fit {n_in} inputs")
    return np.ascontiguousarray(values.reshape(-1, n_in).T)


def vector(entry: Entry, key: str, size: int, dtype: Any) -> Array:
    """Return values whose number is known; zeros where there are none.

    Raises
    ------
    ValueError
        If there is another number of them.
    """
    values = np.asarray(entry.get(key) or [], dtype)
    if values.size not in (0, size):
        raise ValueError(f"{values.size} values of '{key}' do not fit {size} outputs")
    return values if values.size else np.zeros(size, dtype)


def _dense(entry: Entry, n_in: int, dtype: Any) -> tuple[Layer, int]:
    act, linear = find_activation(entry.get("activation", "linear")), entry.get("activation") == "linear"
    if not len(entry["weights"]):
        bias = vector(entry, "bias", n_in, dtype)
        return (lambda x: act(x + bias)) if bias.any() else act, n_in
    kernel = matrix(entry, "weights", n_in, dtype)
    bias = vector(entry, "bias", kernel.shape[1], dtype)

    def compute(x: Array) -> Array:
        # Of sequences one product of a flat matrix: that of three dimensions is many small ones.
        y = x.reshape(-1, n_in) @ kernel
        y += bias
        y = y.reshape(*x.shape[:-1], kernel.shape[1]) if x.ndim != 2 else y
        return y if linear else act(y)

    return compute, kernel.shape[1]


def _normalization(entry: Entry, n_in: int, dtype: Any) -> tuple[Layer, int]:
    weights, bias = (np.asarray(entry[key], dtype) for key in ("weights", "bias"))
    if weights.size != n_in or bias.size != n_in:
        raise ValueError(f"{weights.size} weights and {bias.size} biases do not fit {n_in} inputs")
    return lambda x: (x + bias) * weights, n_in


def _maxout(entry: Entry, n_in: int, dtype: Any) -> tuple[Layer, int]:
    kernels = [matrix(one, "weights", n_in, dtype) for one in entry["sublayers"]]
    sizes = {kernel.shape[1] for kernel in kernels}
    if len(sizes) != 1:
        raise ValueError(f"its {len(kernels)} parts have {sorted(sizes)} outputs")
    (n_out,) = sizes
    biases = [vector(one, "bias", n_out, dtype) for one in entry["sublayers"]]
    return lambda x: np.max([x @ w + b for w, b in zip(kernels, biases, strict=True)], axis=0), n_out


def _highway(entry: Entry, n_in: int, dtype: Any) -> tuple[Layer, int]:
    act, gate = find_activation(entry["activation"]), find_activation("sigmoid")
    parts = [entry["components"][name] for name in ("t", "carry")]
    (w_t, w_c), (b_t, b_c) = (
        [matrix(part, "weights", n_in, dtype) for part in parts],
        [vector(part, "bias", n_in, dtype) for part in parts],
    )
    if w_t.shape[1] != n_in or w_c.shape[1] != n_in:
        raise ValueError(f"a highway of {n_in} inputs gives as many outputs, not {w_t.shape[1]}")

    def compute(x: Array) -> Array:
        share = gate(x @ w_c + b_c)
        found: Array = share * act(x @ w_t + b_t) + (1 - share) * x
        return found

    return compute, n_in


FEED_FORWARD = {"dense": _dense, "normalization": _normalization, "maxout": _maxout, "highway": _highway}


def build_layer(entry: Entry, n_in: int, scanned: bool, dtype: Any) -> tuple[Layer, int]:
    """Return the function of a layer, and how many values it gives.

    Parameters
    ----------
    entry : mapping
        The layer as the JSON has it.
    n_in : int
        How many values come to it.
    scanned : bool
        Whether it stands in a ``sequence`` node: it takes arrays of shape (rows, steps, n_in), others (..., n_in).
    dtype : data type
        It computes in this; lwtnn itself in double precision.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is no layer of lwtnn, or its numbers of weights do not fit.
    """
    known = RECURRENT if scanned else FEED_FORWARD
    architecture = entry["architecture"]
    if architecture not in known:
        raise ValueError(f"there is no layer '{architecture}' in such a node; known: {', '.join(known)}")
    return known[architecture](entry, n_in, dtype)
