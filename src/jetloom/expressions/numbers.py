"""Numbers in expressions: integers that never wrap, and floats in double precision.

An array of integers is one of int64, or of Python's own integers (dtype object) where a value or a result needs more.
So a row's value does not depend on the type that the file has it in, nor on the other rows of its block. An array of
Python's own numbers may hold floats as well, in rows where the result is no integer (a division by zero, say).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

LARGEST_BITS = 1023
"""Integers of more bits than a float can hold are an error: they would fill the memory before they meant anything."""

EXACT = 2**53
"""Up to here double precision holds every integer."""

_INT64 = np.iinfo(np.int64)


def number(value: Any) -> Array:
    """Return a value ready for arithmetic: float64, int64, or Python's numbers; a bool counts as 0 or 1."""
    array = np.asarray(value)
    match array.dtype.kind:
        case "b" | "i":
            return array.astype(np.int64, copy=False)
        case "u":
            fits = array.dtype.itemsize < 8 or not array.size or int(array.max()) <= _INT64.max
            return array.astype(np.int64 if fits else object)
        case "f":
            return array.astype(np.float64, copy=False)
        case "O":
            return array
    raise TypeError(f"{array.dtype} is no type of number")


def floats(value: Any) -> Array:
    """Return a value in double precision."""
    return np.asarray(value).astype(np.float64, copy=False)


def is_float(array: Array) -> bool:
    """Say whether an array is one of floats."""
    return array.dtype.kind == "f"


def bounds(integers: Array) -> tuple[int, int]:
    """Return the smallest and the largest of some integers as Python's, (0, 0) of none."""
    return (int(integers.min()), int(integers.max())) if integers.size else (0, 0)


def fits_int64(low: int, high: int) -> bool:
    """Say whether all integers between two fit into 64 bits with a sign."""
    return _INT64.min <= low and high <= _INT64.max


def small(integers: Array) -> bool:
    """Say whether double precision holds these integers exactly."""
    if integers.dtype.kind == "b" or (integers.dtype.kind in "iu" and integers.dtype.itemsize < 8):
        return True
    if integers.dtype.kind == "O" and not _all_integers(integers):
        return False
    low, high = bounds(integers)
    return low >= -EXACT and high <= EXACT


def settled(result: Any) -> Array:
    """Return Python's numbers as int64 where they fit, and refuse those that are too large for anything.

    Raises
    ------
    OverflowError
        If an integer is beyond the range of floats.
    """
    array = np.asarray(result, object)
    if not _all_integers(array):
        return array
    low, high = bounds(array)
    if max(low.bit_length(), high.bit_length()) > LARGEST_BITS:
        raise OverflowError("a result is beyond 1e307")
    return array.astype(np.int64) if fits_int64(low, high) else array


def plain(value: Any) -> Any:
    """Return the final value of an expression: Python's numbers become int64, uint64, or floats if neither holds them.

    A value of no column becomes a scalar.
    """
    array = np.asarray(value)
    if array.dtype.kind == "O":
        kinds: tuple[Any, ...] = (np.int64, np.uint64) if _all_integers(array) else ()
        low, high = bounds(array) if kinds else (0, 0)
        fitting = [kind for kind in kinds if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max]
        array = array.astype(fitting[0] if fitting else np.float64)
    return array[()]


def alike(left: Any, right: Any) -> tuple[Array, Array]:
    """Return two values in one type that holds both exactly, for choosing between them."""
    one, other = np.asarray(left), np.asarray(right)
    if one.dtype == other.dtype and one.dtype.kind in "bf":
        return one, other
    one, other = number(one), number(other)
    if one.dtype == other.dtype:
        return one, other
    if (is_float(one) or small(one)) and (is_float(other) or small(other)):
        return floats(one), floats(other)
    return one.astype(object), other.astype(object)


def with_holes(integers: Array, holes: npt.NDArray[np.bool_], filling: Array) -> Array:
    """Put floats into some rows of integers: as floats where that loses nothing, else as Python's numbers."""
    if not holes.any():
        return integers
    kind: Any = np.float64 if small(integers) else object
    return np.where(holes, filling.astype(kind), integers.astype(kind))


def _all_integers(array: Array) -> bool:
    return all(type(value) is int for value in array.flat)
