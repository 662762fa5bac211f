"""Compressors at the same bounds on one column: ours, SZ3, zfp, truncated floats, zstd alone.

A relative bound of SZ3 and zfp, which have none for each value, goes by logarithms of sizes; signs, zeros and what is
no number are then packed by zstd beside them. Where a bound is 0, only what is lossless is asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import zstandard

from jetloom.compression.bounds import EXACT, Bound
from jetloom.compression.columns import decode_column, encode_column

Values = npt.NDArray[Any]

OURS, SZ3, ZFP, TRUNCATION, ZSTD = "jetloom", "SZ3", "zfp", "truncation and zstd", "zstd alone"
PACKAGES = {SZ3: "pysz", ZFP: "zfpy"}
"""What has to be installed for a method (the extra `peers`)."""
_LEVEL = 9


class Coded(NamedTuple):
    """What a compressor made.

    Attributes
    ----------
    size : int
        Bytes.
    decoded : array
        What they decode to, of the type of the values.
    encoding, decoding : float
        Seconds.
    """

    size: int
    decoded: Values
    encoding: float
    decoding: float


def available() -> tuple[list[str], list[str]]:
    """Return the methods that can be asked here, and those whose package is not installed."""
    lacking = [name for name, package in PACKAGES.items() if find_spec(package) is None]
    return [name for name in METHODS if name not in lacking], lacking


def ours(values: Values, bound: Bound) -> Coded:
    """Return what jetloom makes of a column."""
    start = time.perf_counter()
    encoded = encode_column(values, bound)
    middle = time.perf_counter()
    decoded = decode_column(encoded.facts, encoded.data, values.dtype)
    return Coded(len(encoded.data), decoded, middle - start, time.perf_counter() - middle)


def zstd(values: Values, bound: Bound = EXACT) -> Coded:  # noqa: ARG001 - methods are called alike
    """Return what zstd makes of the values' bytes, sorted by their place in a value."""
    start = time.perf_counter()
    packed = _shuffled(values)
    middle = time.perf_counter()
    raw = np.frombuffer(zstandard.ZstdDecompressor().decompress(packed), "u1").reshape(values.itemsize, -1)
    decoded = np.ascontiguousarray(raw.T).reshape(-1).view(values.dtype)
    return Coded(len(packed), decoded, middle - start, time.perf_counter() - middle)


def truncation(values: Values, bound: Bound) -> Coded:
    """Round mantissas to as few bits as keep the bound for all values, and let zstd do the rest."""
    start = time.perf_counter()
    rounded = truncated(values, bound)
    coded = zstd(rounded)
    return coded._replace(encoding=time.perf_counter() - start - coded.decoding)


def truncated(values: Values, bound: Bound) -> Values:
    """Return floats with their mantissas rounded to as few bits as keep the bound; other values stay as they are."""
    if bound.kind == "exact" or values.dtype.kind != "f" or not len(values):
        return values
    finite = np.isfinite(values)
    largest = float(np.abs(values[finite]).max(initial=0))
    size = bound.size if bound.kind == "relative" else bound.size / max(largest, np.finfo(np.float64).tiny)
    bits = max(0, int(np.ceil(-np.log2(min(size, 0.5)))) - 1)
    mantissa = np.finfo(values.dtype).nmant
    if bits >= mantissa:
        return values
    kind = np.dtype(f"u{values.itemsize}")
    dropped = kind.type(mantissa - bits)
    half = kind.type(1) << kind.type(dropped - 1)
    rounded = ((np.ascontiguousarray(values).view(kind) + half) >> dropped << dropped).view(values.dtype)
    return np.where(finite & np.isfinite(rounded), rounded, values)


def sz3(values: Values, bound: Bound) -> Coded:
    """Return what SZ3 makes of a column (Liang et al., arXiv:2111.02925)."""
    from pysz import sz, szConfig, szErrorBoundMode

    def encode(data: Values, size: float) -> Values:
        config = szConfig()
        config.errorBoundMode, config.absErrorBound = szErrorBoundMode.ABS, size
        packed: Values = sz.compress(data, config)[0]
        return packed

    def decode(packed: Any, data: Values) -> Values:
        found: Values = sz.decompress(packed, data.dtype, data.shape)[0]
        return found

    return _bounded(values, bound, encode, decode)


def zfp(values: Values, bound: Bound) -> Coded:
    """Return what zfp makes of a column (Lindstrom, doi:10.1109/TVCG.2014.2346458)."""
    import zfpy

    return _bounded(
        values,
        bound,
        lambda data, size: np.frombuffer(zfpy.compress_numpy(data, tolerance=size), "u1"),
        lambda packed, _: zfpy.decompress_numpy(packed.tobytes()),
    )


METHODS: dict[str, Callable[[Values, Bound], Coded]] = {
    OURS: ours,
    SZ3: sz3,
    ZFP: zfp,
    TRUNCATION: truncation,
    ZSTD: zstd,
}
"""Name -> what it makes of a column at a bound."""


def _bounded(
    values: Values, bound: Bound, encode: Callable[[Values, float], Values], decode: Callable[[Any, Values], Values]
) -> Coded:
    """Ask a compressor of absolute bounds; what it cannot hold goes beside it."""
    if bound.kind == "exact" or values.dtype.kind != "f" or len(values) == 0:
        return zstd(values)
    start = time.perf_counter()
    odd = ~np.isfinite(values) | ((values == 0) if bound.kind == "relative" else False)
    beside = zstd(odd).size + zstd(values[odd]).size if odd.any() else 0
    plain = np.ascontiguousarray(values[~odd]) if odd.any() else np.ascontiguousarray(values)
    if not len(plain):
        return zstd(values)
    negative, size = None, bound.size
    if bound.kind == "relative":
        if (plain < 0).any():
            negative = plain < 0
            beside += zstd(negative).size
        # A little less, for what is lost when exponentials are rounded.
        plain, size = np.log(np.abs(plain).astype(np.float64)), float(np.log1p(bound.size)) * 0.9999
    packed = encode(plain, size)
    middle = time.perf_counter()
    found = decode(packed, plain)
    if bound.kind == "relative":
        found = np.exp(found)
        if negative is not None:
            found[negative] *= -1
    decoded = values.copy()
    decoded[~odd] = found.astype(values.dtype)
    return Coded(packed.nbytes + beside, decoded, middle - start, time.perf_counter() - middle)


def _shuffled(values: Values) -> bytes:
    raw = np.ascontiguousarray(values).view("u1").reshape(-1, values.itemsize)
    return zstandard.ZstdCompressor(level=_LEVEL).compress(np.ascontiguousarray(raw.T).tobytes())
