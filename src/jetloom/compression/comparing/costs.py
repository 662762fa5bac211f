"""Bytes, time and memory of compressors at the same bounds, alone and one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import zstandard

from jetloom.compression.bounds import Bound
from jetloom.compression.columns import encode_column
from jetloom.compression.comparing.memory import peak_of
from jetloom.compression.comparing.methods import METHODS, Coded, truncated
from jetloom.compression.grids import within
from jetloom.compression.sources.kinds import last_part
from jetloom.evaluation.compression.residuals import residuals_of

Values = npt.NDArray[Any]
WARM_UP = 2000
"""Values that are encoded before the time is taken: what compiles, compiles then."""
RELATIVE = ("pt", "m", "LeadingClusterPt")
"""Variables whose residuals are relative whatever their bound: they are far from 0."""
_LARGEST = 0.25


@dataclass(frozen=True)
class Cost:
    """What a method needs for all columns.

    Attributes
    ----------
    size : int
        Bytes.
    encoding, decoding : float
        Seconds.
    memory : float
        Bytes by which the process grew at most, NaN where that is not counted.
    outside : int
        Values outside of their bound.
    distortion : float
        Root of the mean square of residuals in units of the variables' bounds; of those that have one.
    bounded_size, bounded_values : int
        Bytes and numbers of these.
    """

    size: int
    encoding: float
    decoding: float
    memory: float
    outside: int
    distortion: float
    bounded_size: int
    bounded_values: int


def cost_of(method: str, columns: Mapping[str, Values], bounds: Mapping[str, Bound], warm: bool = True) -> Cost:
    """Return what a method needs for columns at bounds; a second time counts, in which nothing compiles."""
    if warm:
        for name, values in columns.items():
            METHODS[method](values[:WARM_UP], bounds[name])
    coded, memory = peak_of(lambda: {name: METHODS[method](values, bounds[name]) for name, values in columns.items()})
    outside, squares, bounded_size, bounded_values, counted = 0, 0.0, 0, 0, 0
    for name, one in coded.items():
        values, bound = columns[name], bounds[name]
        outside += int((~within(values, one.decoded, bound)).sum())
        if bound.kind != "exact":
            bounded_size, bounded_values = bounded_size + one.size, bounded_values + len(values)
            found = residuals_of(values, one.decoded, bound.kind if bound.kind == "relative" else "difference")
            real = found[~np.isnan(found)] / bound.size
            squares, counted = squares + float((real**2).sum()), counted + len(real)
    return Cost(
        sum(one.size for one in coded.values()),
        sum(one.encoding for one in coded.values()),
        sum(one.decoding for one in coded.values()),
        memory,
        outside,
        float(np.sqrt(squares / counted)) if counted else np.nan,
        bounded_size,
        bounded_values,
    )


def scaled(bounds: Mapping[str, Bound], factor: float) -> dict[str, Bound]:
    """Return bounds that are so much wider; relative ones are never above a quarter, exact ones stay."""
    return {
        name: bound
        if bound.kind == "exact"
        else Bound(bound.kind, min(factor * bound.size, _LARGEST if bound.kind == "relative" else np.inf))
        for name, bound in bounds.items()
    }


def chains(columns: Mapping[str, Values], bounds: Mapping[str, Bound]) -> dict[str, int]:
    """Return the bytes of compressors one after the other.

    ``truncated floats``: to as few bits as keep the bounds, packed by zstd. ``truncated floats, then jetloom exactly``:
    what is lost was lost before. ``jetloom, then zstd``: whether the codes leave anything to find.
    """
    exact = Bound("exact")
    short = {name: truncated(values, bounds[name]) for name, values in columns.items()}
    packed = [encode_column(values, bounds[name]).data for name, values in columns.items()]
    deflate = zstandard.ZstdCompressor(level=9).compress
    zstd: dict[str, Coded] = {name: METHODS["zstd alone"](values, exact) for name, values in short.items()}
    return {
        "jetloom": sum(map(len, packed)),
        "jetloom, then zstd": sum(len(deflate(one)) for one in packed),
        "truncated floats, then zstd": sum(one.size for one in zstd.values()),
        "truncated floats, then jetloom exactly": sum(
            len(encode_column(values, exact).data) for values in short.values()
        ),
    }


def definitions(bounds: Mapping[str, Bound]) -> dict[str, str]:
    """Return how residuals of each variable are taken."""
    return {
        name: "relative" if bound.kind == "relative" or last_part(name) in RELATIVE else "difference"
        for name, bound in bounds.items()
    }
