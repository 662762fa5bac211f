"""From the values of a branch to those of a column: missing where they are, and told where they do not fit its type."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.expressions.arithmetic import compare
from jetloom.expressions.numbers import EXACT, bounds, number
from jetloom.io.root.events import Mask, Offsets

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Values:
    """Values of one type, and where they are not known although they are no NaN; None: nowhere."""

    values: Array
    unknown: Mask | None = None

    def as_floats(self) -> Array:
        """Return the values in double precision, with NaN for what is not known."""
        result = self.values.astype(np.float64)
        return result if self.unknown is None else np.where(self.unknown, np.nan, result)


def without_declared(values: Array, declared: Sequence[float]) -> Values:
    """Mark the values that mean "missing" in a file, such as -999."""
    if not declared:
        return Values(values)
    unknown = np.zeros(len(values), bool)
    for value in declared:
        unknown |= compare(operator.eq, values, value)
    return Values(values, unknown)


def picked(offsets: Offsets, found: Values, index: int) -> Values:
    """Take one element of each vector; unknown where the vector is too short."""
    where = offsets[:-1] + index
    there = where < offsets[1:]
    values = np.zeros(len(where), found.values.dtype)
    values[there] = found.values[where[there]]
    unknown = ~there
    if found.unknown is not None:
        unknown[there] = found.unknown[where[there]]
    return Values(values, unknown)


def reduced(offsets: Offsets, found: Values, how: str) -> Values:
    """Make one number of each vector: its ``count``, ``sum``, ``max`` or ``min``.

    Of an empty vector the sum is 0, and the largest is unknown; so is what one unknown element goes into. Sums of
    integers are exact, those of floats in double precision.
    """
    count = np.diff(offsets)
    if how == "count":
        return Values(count)
    values = found.values
    if how == "sum":
        values = number(values)
        if values.dtype == np.int64 and len(count):
            ends = max(abs(end) for end in bounds(values)) * int(count.max())
            values = values.astype(object) if ends > np.iinfo(np.int64).max else values
    filled = count > 0
    result = np.zeros(len(count), values.dtype)
    unknown = np.zeros(len(count), bool) if how == "sum" else ~filled
    # The vectors follow one another: with the empty ones left out, each ends where the next begins.
    if filled.any():
        starts, stop = offsets[:-1][filled], offsets[-1]
        operation = {"max": np.maximum, "min": np.minimum, "sum": np.add}[how]
        result[filled] = operation.reduceat(values[:stop], starts)
        if found.unknown is not None:
            unknown[filled] = np.logical_or.reduceat(found.unknown[:stop], starts)
    return Values(result, unknown)


def stored(found: Values, kind: str, stored_as: str) -> Array:
    """Return values in the type of a column.

    Parameters
    ----------
    found : Values
        What a branch or an expression gives.
    kind : str
        The type that the schema says.
    stored_as : str
        The type of the column: floats, with NaN for what is unknown, for integers that may be missing.

    Raises
    ------
    ValueError
        If a value is missing and cannot be, or the type does not hold it.
    """
    values, unknown = found.values, found.unknown
    if np.dtype(kind).kind == "f":
        result = _as_float(values, kind)
    else:
        unknown = _unknown(values, unknown)
        result = _as_integer(values if unknown is None else np.where(unknown, 0, values), kind)
        if np.dtype(stored_as).kind == "f":
            _require_exact(result)
    if unknown is None:
        return result.astype(stored_as, copy=False)
    if np.dtype(stored_as).kind != "f":
        raise ValueError(f"has no value in {int(unknown.sum())} of {len(values)} rows")
    return np.where(unknown, np.nan, result).astype(stored_as)


def rounded(found: Values, result: Array) -> int | None:
    """Return an integer that a column of floats does not hold to the last digit, None if there is none."""
    values = found.values
    if values.dtype.kind not in "iu" or result.dtype.kind != "f" or _digits_fit(values, result.dtype):
        return None
    known = np.isfinite(result)
    with np.errstate(invalid="ignore"):
        lost = known & (np.where(known, result, 0).astype(values.dtype) != values)
    return int(values[lost][0]) if lost.any() else None


def _digits_fit(integers: Array, kind: np.dtype[Any]) -> bool:
    low, high = bounds(integers) if len(integers) else (0, 0)
    return max(-low, high) <= 2 ** (np.finfo(kind).nmant + 1)


def _unknown(values: Array, unknown: Mask | None) -> Mask | None:
    """Say where integers are not known; None: nowhere."""
    if values.dtype.kind == "f":
        unknown = np.isnan(values) if unknown is None else unknown | np.isnan(values)
    return unknown if unknown is not None and unknown.any() else None


def _as_float(values: Array, kind: str) -> Array:
    if values.dtype == kind:
        return values
    with np.errstate(over="ignore"):
        result = values.astype(kind)
    if np.dtype(kind).itemsize < 8 and values.dtype.kind != "b" and values.dtype.itemsize > np.dtype(kind).itemsize:
        lost = np.isinf(result)
        if lost.any():
            _refuse(values[lost & np.isfinite(values.astype(np.float64))], kind)
    return result


def _as_integer(values: Array, kind: str) -> Array:
    target = np.dtype(kind)
    if values.dtype.kind in "biu" and np.can_cast(values.dtype, target):
        return values.astype(target, copy=False)
    if values.dtype.kind == "f":
        _refuse(values[values != np.floor(values)], kind)
    ends = np.iinfo(target)
    _refuse(values[compare(operator.lt, values, int(ends.min)) | compare(operator.gt, values, int(ends.max))], kind)
    return values.astype(target)


def _require_exact(integers: Array) -> None:
    """Refuse integers that a column of floats, which may be missing, would round."""
    beyond = compare(operator.gt, integers, EXACT) | compare(operator.lt, integers, -EXACT)
    if beyond.any():
        raise ValueError(
            f"holds {integers[beyond][0].item()}, and integers that may be missing are held up to 2^53 only"
        )


def _refuse(lost: Array, kind: str) -> None:
    if len(lost):
        raise ValueError(f"holds {lost[0].item()!r}, which {kind} cannot hold ({len(lost)} such values)")
