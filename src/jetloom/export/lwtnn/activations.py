"""The activations of lwtnn, on the last axis of arrays of any shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Activation = Callable[[Array], Array]


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)), without an overflow anywhere."""
    with np.errstate(over="ignore"):
        found: Array = 1.0 / (1.0 + np.exp(-x))
    return found


def softmax(x: Array) -> Array:
    """Return exp(x) over its sum along the last axis."""
    grown = np.exp(x - x.max(axis=-1, keepdims=True))
    found: Array = grown / grown.sum(axis=-1, keepdims=True)
    return found


def _elu(x: Array, alpha: float) -> Array:
    return np.where(x >= 0, x, alpha * np.expm1(np.minimum(x, 0)))


PLAIN: dict[str, Activation] = {
    "linear": lambda x: x,
    "sigmoid": sigmoid,
    "rectified": lambda x: np.maximum(x, 0),
    "softmax": softmax,
    "tanh": np.tanh,
    # That of Keras 1 and 2; the one of Keras 3 has another slope.
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "abs": np.abs,
}
WITH_ALPHA: dict[str, Callable[[Array, float], Array]] = {
    "elu": _elu,
    "leakyrelu": lambda x, alpha: np.where(x > 0, x, alpha * x),
    "swish": lambda x, alpha: x * sigmoid(alpha * x),
}


def find_activation(given: Any) -> Activation:
    """Return an activation by what stands in the JSON: its name, or an object of ``function`` and ``alpha``.

    Raises
    ------
    ValueError
        If lwtnn has none of this name, or one that needs it has no alpha.
    """
    if isinstance(given, dict):
        name, alpha = given.get("function"), given.get("alpha")
    else:
        # Old files name elu without its alpha, which is 1 then.
        name, alpha = given, 1.0 if given == "elu" else None
    if isinstance(name, str) and name.removesuffix("_legacy") in PLAIN:
        return PLAIN[name.removesuffix("_legacy")]
    if name not in WITH_ALPHA:
        raise ValueError(f"there is no activation {name!r}; known: {', '.join([*PLAIN, *WITH_ALPHA])}")
    if alpha is None:
        raise ValueError(f"the activation '{name}' has no alpha")
    function, value = WITH_ALPHA[name], float(alpha)
    return lambda x: function(x, value)
