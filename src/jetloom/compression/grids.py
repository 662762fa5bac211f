"""From numbers to integer codes and back: the step of a grid follows from the bound.

Only additions, multiplications, divisions and powers of two take part, in a fixed order, so that a code means the same
number on every machine. Missing and infinite values have codes of their own.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from jetloom.compression.bounds import Bound

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]

NAN, INFINITE, MINUS_INFINITE = (np.int64(np.iinfo(np.int64).min + step) for step in (1, 2, 3))
"""Codes of what is no finite number; no grid gives them to a number."""

LARGEST = 2**61
"""Codes of numbers lie between plus and minus this."""

SEGMENTS = 16
"""Parts of an octave (a factor of two) that have a step of their own on a relative grid."""

LOWEST_OCTAVE = 1100
"""Added to the binary exponent of a double, so that codes are positive."""

_POWERS = np.ldexp(1.0, np.clip(np.arange(2 * LOWEST_OCTAVE) - LOWEST_OCTAVE - 1, -1100, 1023))
"""Half of the power of two that an octave ends with; a mantissa times two is exact, and 2 ** 1024 is no double."""


class Coded(NamedTuple):
    """Codes of values.

    Attributes
    ----------
    codes : int64 array
    negative : bool array or None
        Signs, on grids of magnitudes; None if no value is below 0 or the grid has signed codes.
    """

    codes: Codes
    negative: Mask | None


def encode(values: Values, bound: Bound) -> Coded:
    """Return the codes of values.

    Parameters
    ----------
    values : array of a float or integer type
    bound : Bound
        Of integers only an exact or absolute one has a grid; ``relative`` is taken by their size as doubles.

    Returns
    -------
    Coded
        Codes of what lies beyond the grid are 0: :func:`decode` does not give these values back, and the caller keeps
        them otherwise.
    """
    if bound.kind == "exact":
        return _bits(values)
    numbers = np.ascontiguousarray(values, np.float64)
    if bound.kind == "absolute":
        with np.errstate(over="ignore", invalid="ignore"):
            steps = np.rint(numbers / (2 * bound.size))
            codes = np.where(np.abs(steps) < LARGEST, steps, 0).astype(np.int64)
        return Coded(_with_specials(codes, numbers), None)
    codes, negative = _relative_codes(numbers, *_segments(bound.size))
    return Coded(_with_specials(codes, numbers), negative if negative.any() else None)


def decode(coded: Coded, bound: Bound, kind: np.dtype[Any]) -> Values:
    """Return the values of codes, in the type that they had.

    Parameters
    ----------
    coded : Coded
    bound : Bound
        The one of :func:`encode`.
    kind : dtype
        Of the values. Integers are rounded to the nearest.
    """
    if bound.kind == "exact":
        return _from_bits(coded, kind)
    if bound.kind == "absolute":
        numbers = coded.codes.astype(np.float64) * (2 * bound.size)
    else:
        numbers = _relative_values(coded.codes, _POWERS, *_segments(bound.size))
        if coded.negative is not None:
            numbers[coded.negative] *= -1
    for code, value in ((NAN, np.nan), (INFINITE, np.inf), (MINUS_INFINITE, -np.inf)):
        numbers[coded.codes == code] = value
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        return np.clip(np.nan_to_num(np.rint(numbers)), float(limits.min), _below(limits.max)).astype(kind)
    with np.errstate(over="ignore"):
        return numbers.astype(kind)


def within(values: Values, decoded: Values, bound: Bound) -> Mask:
    """Say of each value whether what was decoded lies within the bound: the same bits, or near enough.

    Missing and infinite values are to come back bit for bit.
    """
    same: Mask = _raw(values) == _raw(decoded)
    if bound.kind == "exact":
        return same
    wide = np.longdouble if values.dtype.itemsize == 8 else np.float64  # integers of 64 bits, too, are exact in it
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.abs(values.astype(wide))
        allowed = bound.size if bound.kind == "absolute" else bound.size * size
        near = np.abs(values.astype(wide) - decoded.astype(wide)) <= allowed
    if values.dtype.kind == "f":
        near &= np.isfinite(values) & np.isfinite(decoded)
    return same | near


def _below(limit: int) -> float:
    """Return the largest double that an integer type can hold."""
    return float(limit) if float(limit) <= limit else float(np.nextafter(float(limit), 0))


def _raw(values: Values) -> npt.NDArray[Any]:
    return np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}")


def _with_specials(codes: Codes, numbers: npt.NDArray[np.float64]) -> Codes:
    if not np.isfinite(numbers).all():
        codes[np.isnan(numbers)] = NAN
        codes[np.isposinf(numbers)] = INFINITE
        codes[np.isneginf(numbers)] = MINUS_INFINITE
    return codes


def _bits(values: Values) -> Coded:
    """Return integers as they are, and of floats the bits of the size, which grow with it, and the sign."""
    if values.dtype.kind in "iu":
        if values.dtype.itemsize == 8:  # beyond the codes of numbers, and wrapped round
            return Coded(np.ascontiguousarray(values).view(np.int64).copy(), None)
        return Coded(values.astype(np.int64), None)
    if values.dtype.kind == "b":
        return Coded(values.astype(np.int64), None)
    raw = _raw(values)
    top = raw.dtype.type(1) << raw.dtype.type(8 * values.dtype.itemsize - 1)
    negative = (raw & top) != 0
    return Coded((raw & ~top).astype(np.int64), negative if negative.any() else None)


def _from_bits(coded: Coded, kind: np.dtype[Any]) -> Values:
    if kind.kind in "iu":
        return coded.codes.view(np.uint64).astype(kind) if kind.kind == "u" else coded.codes.astype(kind)
    if kind.kind == "b":
        return coded.codes != 0
    raw = coded.codes.astype(f"u{kind.itemsize}")
    if coded.negative is not None:
        raw[coded.negative] |= raw.dtype.type(1) << raw.dtype.type(8 * kind.itemsize - 1)
    return raw.view(kind)


def _segments(bound: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], Codes]:
    """Return lower edges of the segments of [0.5, 1), widths of their bins, first codes of each and of the next octave.

    The bins of a segment are equally wide, and half of their width is at most the bound times the lower edge.
    """
    lower = 0.5 + np.arange(SEGMENTS) / (2 * SEGMENTS)
    # A bin is a little narrower than it may be: the sums below are rounded.
    bins = np.ceil(1 / (2 * SEGMENTS) / (2 * bound * lower) * (1 + 2.0**-40)).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(bins)])
    return lower, 1 / (2 * SEGMENTS) / bins, first


@njit(cache=True, error_model="numpy")
def _relative_codes(
    numbers: npt.NDArray[np.float64], lower: npt.NDArray[np.float64], width: npt.NDArray[np.float64], first: Codes
) -> tuple[Codes, Mask]:
    codes, negative = np.zeros(len(numbers), np.int64), np.zeros(len(numbers), np.bool_)
    for i in range(len(numbers)):
        size = abs(numbers[i])
        if not size > 0.0 or size == np.inf:
            continue
        negative[i] = numbers[i] < 0.0
        mantissa, exponent = math.frexp(size)
        segment = int((mantissa - 0.5) * (2 * SEGMENTS))
        bins = first[segment + 1] - first[segment]
        inside = min(int((mantissa - lower[segment]) / width[segment]), bins - 1)
        codes[i] = 1 + (exponent + LOWEST_OCTAVE) * first[SEGMENTS] + first[segment] + inside
    return codes, negative


@njit(cache=True, error_model="numpy")
def _relative_values(
    codes: Codes,
    powers: npt.NDArray[np.float64],
    lower: npt.NDArray[np.float64],
    width: npt.NDArray[np.float64],
    first: Codes,
) -> npt.NDArray[np.float64]:
    numbers = np.zeros(len(codes))
    last = len(powers) * first[SEGMENTS]
    for i in range(len(codes)):
        if codes[i] <= 0 or codes[i] > last:  # no number has such a code
            continue
        exponent = (codes[i] - 1) // first[SEGMENTS]
        inside = (codes[i] - 1) - exponent * first[SEGMENTS]
        # Upper segments have fewer bins, so the segment is never below that of equal numbers by much, nor above it.
        segment = inside * SEGMENTS // first[SEGMENTS]
        while first[segment] > inside:
            segment -= 1
        while first[segment + 1] <= inside:
            segment += 1
        mantissa = lower[segment] + (inside - first[segment] + 0.5) * width[segment]
        numbers[i] = 2.0 * mantissa * powers[exponent]
    return numbers
