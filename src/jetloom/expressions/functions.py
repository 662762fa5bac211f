"""The functions of expressions."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from jetloom.expressions.arithmetic import absolute, compare, greater, is_true, lesser, power
from jetloom.expressions.numbers import Array, alike, floats, is_float, number, settled


class Function(NamedTuple):
    """A function and its number of arguments; None: two or more."""

    call: Callable[..., Any]
    nin: int | None


def _rounding(name: str) -> Function:
    """Return a function of NumPy that works in double precision."""
    function = getattr(np, name)
    return Function(lambda *values: function(*(floats(value) for value in values)), function.nin)


def _whole(name: str) -> Function:
    """Return a function of NumPy that leaves integers as they are."""
    function = getattr(np, name)

    def call(value: Any) -> Array:
        array = np.asarray(value)
        if array.dtype.kind == "O":
            array = settled(array)
            if array.dtype == np.int64:
                return array
            # Integers that 64 bits do not hold stay what they are, beside whatever is no integer.
            whole = [one if type(one) is int else function(float(one)) for one in array.flat]
            return np.array(whole, object).reshape(array.shape)
        return np.asarray(function(array)) if is_float(array) else number(array)

    return Function(call, 1)


def _sign(value: Any) -> Array:
    array = np.asarray(value)
    if is_float(array):
        return np.asarray(np.sign(array))
    positive, negative = (compare(operation, array, 0) for operation in (np.greater, np.less))
    return positive.astype(np.int64) - negative


def _where(condition: Any, one: Any, other: Any) -> Array:
    chosen = np.where(is_true(condition), *alike(one, other))
    return settled(chosen) if chosen.dtype.kind == "O" else chosen


def _clip(value: Any, low: Any, high: Any) -> Array:
    return lesser(greater(value, low), high)


def delta_phi(one: Any, other: Any) -> Array:
    """Return the difference of two angles, from -pi up to pi."""
    difference = floats(one) - floats(other)
    return np.asarray((difference + np.pi) % (2 * np.pi) - np.pi)


def delta_r(eta: Any, phi: Any, other_eta: Any, other_phi: Any) -> Array:
    """Return the distance of two directions in eta and phi."""
    return np.asarray(np.hypot(floats(eta) - floats(other_eta), delta_phi(phi, other_phi)))


_ROUNDING = (
    "sqrt", "cbrt", "exp", "log", "log2", "log10", "log1p", "expm1", "sin", "cos", "tan", "arcsin", "arccos", "arctan",
    "arctan2", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "hypot", "isfinite", "isnan",
)  # fmt: skip

FUNCTIONS: dict[str, Function] = {
    **{name: _rounding(name) for name in _ROUNDING},
    **{name: _whole(name) for name in ("floor", "ceil", "rint")},
    "abs": Function(absolute, 1),
    "sign": Function(_sign, 1),
    "minimum": Function(lesser, 2),
    "maximum": Function(greater, 2),
    "min": Function(lambda *values: reduce(lesser, values), None),
    "max": Function(lambda *values: reduce(greater, values), None),
    "where": Function(_where, 3),
    "clip": Function(_clip, 3),
    "pow": Function(power, 2),
    "deltaPhi": Function(delta_phi, 2),
    "deltaR": Function(delta_r, 4),
    "fabs": Function(absolute, 1),
    **{f"a{name}": _rounding(f"arc{name}") for name in ("sin", "cos", "tan", "tan2", "sinh", "cosh", "tanh")},
}
"""What an expression may call, by name."""
