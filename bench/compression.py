"""Bits a value and time beside SZ3, zfp, float truncation and zstd, at the same bounds, on variables of jets.

Relative bounds of SZ3 and zfp, which have none a value, go by logarithms. Rows are independent jets, in no order, which
is what a predictor along rows (SZ3, zfp) can use least.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import zstandard

from bench.measurement import Measurement
from jetloom.compression.bounds import EXACT, Bound
from jetloom.compression.columns import decode_column, encode_column

Floats = npt.NDArray[np.float32]

ROWS = 200_000
RELATIVE = (1e-2, 1e-3, 1e-4)
ABSOLUTE = (1e-2, 1e-3, 1e-4)


class Coded(NamedTuple):
    """What a compressor made: its bytes, what they decode to, and seconds there and back."""

    size: int
    decoded: npt.NDArray[Any]
    seconds: float


def jets(rows: int) -> dict[str, Floats]:
    """Return variables of jets as they are distributed in a detector: falling, peaked, and with a spike."""
    rng = np.random.default_rng(1)
    pt = 20 * (rng.pareto(4, rows) + 1)
    return {
        "pt": pt.astype("f4"),
        "m": (pt * rng.gamma(3, 0.04, rows)).astype("f4"),
        "eta": rng.normal(0, 1.6, rows).astype("f4"),
        "phi": rng.uniform(-np.pi, np.pi, rows).astype("f4"),
        "width": np.where(rng.random(rows) < 0.02, -1, rng.gamma(3, 0.03, rows)).astype("f4"),
    }


def measure(directory: Path) -> Iterator[Measurement]:  # noqa: ARG001
    """Measure every compressor at every bound; all must keep it."""
    variables = jets(ROWS)
    names = {"relative": ("pt", "m"), "absolute": ("eta", "phi", "width")}
    for kind, sizes in (("relative", RELATIVE), ("absolute", ABSOLUTE)):
        for size in sizes:
            bound = Bound(kind, size)  # type: ignore[arg-type]
            columns = [variables[name] for name in names[kind]]
            yield from _beside(columns, bound, ", ".join(names[kind]))
    exact = [_ours(values, EXACT) for values in variables.values()]
    peer = [_zstd(values) for values in variables.values()]
    yield _row("all, bit for bit", exact, {"zstd of shuffled bytes": peer}, list(variables.values()))


def _beside(columns: list[Floats], bound: Bound, names: str) -> Iterator[Measurement]:
    ours = [_ours(values, bound) for values in columns]
    peers = {
        name: [compressor(values, bound) for values in columns]
        for name, compressor in (("SZ3", _sz3), ("zfp", _zfp), ("truncation and zstd", _truncation))
    }
    kind = f"relative {bound.size:g}" if bound.kind == "relative" else f"absolute {bound.size:g}"
    yield _row(f"{names}, {kind}", ours, peers, columns, bound)


def _row(
    what: str, ours: list[Coded], peers: dict[str, list[Coded]], columns: list[Floats], bound: Bound = EXACT
) -> Measurement:
    count = sum(len(values) for values in columns)

    def told(coded: list[Coded]) -> tuple[float, float, str]:
        kept = all(_worst(values, one.decoded, bound) <= 1 for values, one in zip(columns, coded, strict=True))
        return (
            8 * sum(one.size for one in coded) / count,
            1e9 * sum(one.seconds for one in coded) / count,
            "" if kept else ", bound missed",
        )

    bits, nanoseconds, _ = told(ours)
    shown = {name: told(coded) for name, coded in peers.items()}
    texts = [f"{name} {bits:.2f} bits, {ns:.0f} ns{missed}" for name, (bits, ns, missed) in shown.items()]
    best = min(bits for bits, _, _ in shown.values())
    return Measurement(
        f"compression of {what}", bits, f"bits a value, {nanoseconds:.0f} ns there and back", "; ".join(texts),
        bits / best, "< 1",
    )  # fmt: skip


def _worst(values: Floats, decoded: npt.NDArray[Any], bound: Bound) -> float:
    """Return the largest difference in units of the bound."""
    difference = np.abs(values.astype("f8") - decoded.astype("f8"))
    if bound is EXACT:
        return float(difference.max() * np.inf) if difference.any() else 0.0
    allowed = bound.size * (np.abs(values.astype("f8")) if bound.kind == "relative" else 1)
    return float((difference / allowed).max())


def _ours(values: Floats, bound: Bound) -> Coded:
    few = encode_column(values[:1000], bound)  # compiles
    decode_column(few.facts, few.data, values.dtype)
    start = time.perf_counter()
    encoded = encode_column(values, bound)
    decoded = decode_column(encoded.facts, encoded.data, values.dtype)
    return Coded(len(encoded.data), decoded, time.perf_counter() - start)


def _sz3(values: Floats, bound: Bound) -> Coded:
    from pysz import sz, szConfig, szErrorBoundMode

    def there(data: npt.NDArray[Any], size: float) -> tuple[int, npt.NDArray[Any]]:
        config = szConfig()
        config.errorBoundMode, config.absErrorBound = szErrorBoundMode.ABS, size
        packed, _ = sz.compress(data, config)
        back, _ = sz.decompress(packed, data.dtype, data.shape)
        return packed.nbytes, back

    return _by_logarithms(values, bound, there)


def _zfp(values: Floats, bound: Bound) -> Coded:
    import zfpy

    def there(data: npt.NDArray[Any], size: float) -> tuple[int, npt.NDArray[Any]]:
        packed = zfpy.compress_numpy(data, tolerance=size)
        return len(packed), zfpy.decompress_numpy(packed)

    return _by_logarithms(values, bound, there)


def _by_logarithms(
    values: Floats, bound: Bound, there: Callable[[npt.NDArray[Any], float], tuple[int, npt.NDArray[Any]]]
) -> Coded:
    start = time.perf_counter()
    if bound.kind == "absolute":
        size, decoded = there(values, bound.size)
    else:
        size, logarithms = there(np.log(values.astype("f8")), float(np.log1p(bound.size)) * 0.9999)
        decoded = np.exp(logarithms).astype("f4")
    return Coded(size, decoded, time.perf_counter() - start)


def _truncation(values: Floats, bound: Bound) -> Coded:
    """Round the mantissa to so many bits that the bound holds for all, shuffle the bytes, deflate."""
    start = time.perf_counter()
    size = bound.size if bound.kind == "relative" else bound.size / float(np.abs(values).max())
    kept = max(0, int(np.ceil(-np.log2(size))) - 1)
    dropped = np.uint32(max(0, 23 - kept))
    half = np.uint32((1 << int(dropped)) >> 1)
    rounded = ((values.view("u4") + half) >> dropped << dropped).view("f4")
    packed = _shuffled(rounded)
    return Coded(len(packed), rounded, time.perf_counter() - start)


def _zstd(values: Floats) -> Coded:
    start = time.perf_counter()
    packed = _shuffled(values)
    return Coded(len(packed), values, time.perf_counter() - start)


def _shuffled(values: Floats) -> bytes:
    return zstandard.ZstdCompressor(level=9).compress(values.view("u1").reshape(-1, 4).T.tobytes())
