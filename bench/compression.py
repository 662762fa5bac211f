"""Bits a value and time beside SZ3, zfp, float truncation and zstd, at the same bounds, on variables of jets.

Relative bounds of SZ3 and zfp, which have none a value, go by logarithms. Rows are independent jets, in no order, which
is what a predictor along rows (SZ3, zfp) can use least.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.measurement import Measurement
from jetloom.compression.bounds import EXACT, Bound
from jetloom.compression.comparing.methods import METHODS, SZ3, TRUNCATION, ZFP, Coded, ours, zstd

Floats = npt.NDArray[np.float32]

ROWS = 200_000
RELATIVE = (1e-2, 1e-3, 1e-4)
ABSOLUTE = (1e-2, 1e-3, 1e-4)


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
    exact = [ours(values, EXACT) for values in variables.values()]
    peer = [zstd(values) for values in variables.values()]
    yield _row("all, bit for bit", exact, {"zstd of shuffled bytes": peer}, list(variables.values()))


def _beside(columns: list[Floats], bound: Bound, names: str) -> Iterator[Measurement]:
    for values in columns:
        ours(values[:1000], bound)  # compiles
    own = [ours(values, bound) for values in columns]
    peers = {name: [METHODS[name](values, bound) for values in columns] for name in (SZ3, ZFP, TRUNCATION)}
    kind = f"relative {bound.size:g}" if bound.kind == "relative" else f"absolute {bound.size:g}"
    yield _row(f"{names}, {kind}", own, peers, columns, bound)


def _row(
    what: str, own: list[Coded], peers: dict[str, list[Coded]], columns: list[Floats], bound: Bound = EXACT
) -> Measurement:
    count = sum(len(values) for values in columns)

    def told(coded: list[Coded]) -> tuple[float, float, str]:
        kept = all(_worst(values, one.decoded, bound) <= 1 for values, one in zip(columns, coded, strict=True))
        return (
            8 * sum(one.size for one in coded) / count,
            1e9 * sum(one.encoding + one.decoding for one in coded) / count,
            "" if kept else ", bound missed",
        )

    bits, nanoseconds, _ = told(own)
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
