"""The operators of expressions: arithmetic, comparisons, logic and bits, element by element."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.expressions.numbers import (
    LARGEST_BITS,
    Array,
    alike,
    bounds,
    fits_int64,
    floats,
    is_float,
    number,
    settled,
    small,
    with_holes,
)

Mask = npt.NDArray[np.bool_]
Operation = Callable[[Any, Any], Any]

FLOAT32_EXACT = 2**24
"""Up to here single precision holds every integer."""


def add(left: Any, right: Any) -> Array:
    """Add; exact for integers."""
    return _ring(operator.add, left, right)


def subtract(left: Any, right: Any) -> Array:
    """Subtract; exact for integers, also for unsigned ones."""
    return _ring(operator.sub, left, right)


def multiply(left: Any, right: Any) -> Array:
    """Multiply; exact for integers."""
    return _ring(operator.mul, left, right)


def _ring(operation: Operation, left: Any, right: Any) -> Array:
    """Work in 64 bits where no result can leave them, in Python's integers otherwise."""
    one, other = number(left), number(right)
    if is_float(one) or is_float(other):
        return np.asarray(operation(floats(one), floats(other)))
    if one.dtype == other.dtype == np.int64:
        ends = [operation(a, b) for a in bounds(one) for b in bounds(other)]
        if fits_int64(min(ends), max(ends)):
            return np.asarray(operation(one, other))
    return settled(operation(one.astype(object), other.astype(object)))


def divide(left: Any, right: Any) -> Array:
    """Divide in double precision; by zero it gives an infinity or NaN."""
    one, other = number(left), number(right)
    _refuse_zero(one, other)
    return np.asarray(floats(one) / floats(other))


def floor_divide(left: Any, right: Any) -> Array:
    """Divide and round down; exact for integers, and by zero what it is for floats."""
    return _quotient(operator.floordiv, left, right)


def remainder(left: Any, right: Any) -> Array:
    """Return the remainder, with the sign of the divisor; exact for integers, NaN for a divisor of zero."""
    return _quotient(operator.mod, left, right)


def _quotient(operation: Operation, left: Any, right: Any) -> Array:
    one, other = number(left), number(right)
    _refuse_zero(one, other)
    if is_float(one) or is_float(other):
        return np.asarray(operation(floats(one), floats(other)))
    zero: Mask = np.asarray(other == 0, bool)
    divisor = np.where(zero, 1, other) if zero.any() else other
    # The one quotient of 64 bits that 64 bits do not hold is -2**63 // -1.
    if one.dtype == divisor.dtype == np.int64 and bounds(one)[0] > np.iinfo(np.int64).min:
        result = np.asarray(operation(one, divisor))
    else:
        result = settled(operation(one.astype(object), divisor.astype(object)))
    return with_holes(result, zero, operation(floats(one), floats(other))) if zero.any() else result


def power(left: Any, right: Any) -> Array:
    """Raise to a power; exact for integers with an exponent that is not negative."""
    base, exponent = number(left), number(right)
    if base.ndim == exponent.ndim == 0 and base == 0 and exponent < 0:
        raise ZeroDivisionError("0 to a negative power")
    if is_float(base) or is_float(exponent):
        return np.asarray(np.power(floats(base), floats(exponent)))
    if base.dtype == exponent.dtype == np.int64 and bounds(exponent)[0] >= 0:
        bits = max(abs(end).bit_length() for end in bounds(base))
        if bits * bounds(exponent)[1] < 63:
            return np.asarray(np.power(base, exponent))
    return settled(np.frompyfunc(_power, 2, 1)(base.astype(object), exponent.astype(object)))


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, float) or isinstance(exponent, float) or exponent < 0:
        return float(np.power(np.float64(base), np.float64(exponent)))
    if abs(base) > 1 and base.bit_length() * exponent > 2 * LARGEST_BITS:
        raise OverflowError("a power is beyond 1e307")
    return base**exponent


def _refuse_zero(dividend: Array, divisor: Array) -> None:
    """Refuse what Python refuses in plain numbers."""
    if dividend.ndim == divisor.ndim == 0 and divisor == 0:
        raise ZeroDivisionError("division by zero")


def negative(value: Any) -> Array:
    """Change the sign."""
    array = np.asarray(value)
    return -array if is_float(array) else subtract(0, array)


def positive(value: Any) -> Array:
    """Return the number itself; of a bool 0 or 1."""
    array = np.asarray(value)
    return array if is_float(array) else number(array)


def absolute(value: Any) -> Array:
    """Return the absolute value."""
    array = np.asarray(value)
    if is_float(array):
        return np.asarray(np.abs(array))
    array = number(array)
    return np.where(array < 0, negative(array), array) if array.dtype == np.int64 else settled(abs(array))


def compare(operation: Operation, left: Any, right: Any) -> Mask:
    """Compare: integers exactly, with each other and with floats.

    A column in single precision is held against a constant of the same precision, so that ``x == 0.1`` finds the rows
    that were written as 0.1.
    """
    one, other = np.asarray(left), np.asarray(right)
    if is_float(one) == is_float(other) and "O" not in (one.dtype.kind, other.dtype.kind):
        one, other = _as_single(one, other)
    elif is_float(one) and _exact_in(one, other):
        other = other.astype(one.dtype)
    elif is_float(other) and _exact_in(other, one):
        one = one.astype(other.dtype)
    else:
        one, other = one.astype(object), other.astype(object)
    return np.asarray(operation(one, other), bool)


def _exact_in(target: Array, integers: Array) -> bool:
    """Say whether integers can be written in the type of some floats without rounding."""
    if integers.dtype.kind == "O" or target.dtype == np.float16:
        return False
    if target.dtype == np.float64:
        return small(integers)
    low, high = bounds(integers)
    return low >= -FLOAT32_EXACT and high <= FLOAT32_EXACT


def _as_single(one: Array, other: Array) -> tuple[Array, Array]:
    """Round a constant to the precision of the column that it is held against."""
    for column, constant in ((one, other), (other, one)):
        if column.dtype == np.float32 and constant.dtype == np.float64 and constant.ndim == 0 and column.ndim:
            rounded = constant.astype(np.float32)
            if np.isfinite(rounded) or not np.isfinite(constant):
                return (column, rounded) if column is one else (rounded, column)
    return one, other


def is_true(value: Any) -> Mask:
    """Say where a value is true: neither 0 nor NaN."""
    array = np.asarray(value)
    if array.dtype.kind == "b":
        return array
    known = ~np.isnan(array) if is_float(array) else np.asarray(array == array, bool)
    return known & np.asarray(array != 0, bool)


def is_false(value: Any) -> Mask:
    """Say where a value is false. NaN is neither true nor false, so that no cut on it passes."""
    array = np.asarray(value)
    return ~array if array.dtype.kind == "b" else np.asarray(array == 0, bool)


def lesser(left: Any, right: Any) -> Array:
    """Return the smaller value; NaN if one is."""
    return _choose(np.minimum, operator.lt, left, right)


def greater(left: Any, right: Any) -> Array:
    """Return the larger value; NaN if one is."""
    return _choose(np.maximum, operator.gt, left, right)


def _choose(fast: Operation, operation: Operation, left: Any, right: Any) -> Array:
    one, other = alike(left, right)
    if one.dtype.kind != "O":
        return np.asarray(fast(one, other))
    unknown = np.asarray(one != one, bool)
    return settled(np.where(unknown | np.asarray(operation(one, other), bool), one, other))


def bits(operation: Operation, left: Any, right: Any) -> Array:
    """Combine the bits of integers, or bools. Floats that hold integers count as such, and NaN stays NaN."""
    one, other = np.asarray(left), np.asarray(right)
    if one.dtype.kind == other.dtype.kind == "b":
        return np.asarray(operation(one, other))
    (one, unknown), (other, also) = _whole(one), _whole(other)
    if one.dtype != other.dtype:
        one, other = one.astype(object), other.astype(object)
    result = operation(one, other)
    result = settled(result) if np.asarray(result).dtype.kind == "O" else result
    return with_holes(result, unknown | also, np.full(np.shape(result), np.nan))


def invert(value: Any) -> Array:
    """Invert the bits of integers, or bools."""
    array = np.asarray(value)
    if array.dtype.kind == "b":
        return ~array
    integers, unknown = _whole(array)
    return with_holes(subtract(-1, integers), unknown, np.full(np.shape(integers), np.nan))


def _whole(array: Array) -> tuple[Array, Mask]:
    """Return integers, and where they are not known; refuse floats that hold none."""
    if not is_float(array):
        return number(array), np.zeros(array.shape, bool)
    unknown: Mask = np.asarray(np.isnan(array))
    filled = np.where(unknown, 0.0, floats(array))
    if (filled != np.floor(filled)).any():
        raise TypeError("only integers have bits")
    if (np.abs(filled) > 2.0 ** (np.finfo(array.dtype).nmant + 1)).any():
        raise TypeError(f"the last bits of such large integers are lost in {array.dtype}: store them as int64")
    return filled.astype(np.int64), unknown
