"""How far decoded values lie from their originals: numbers of a variable, correlations, response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BINS = 50
MARGIN = 0.0025
"""What lies beyond the edges of a figure of residuals, at each side, so that a few do not flatten all others."""


@dataclass(frozen=True)
class Variable:
    """A variable before and after.

    Attributes
    ----------
    name, bound, definition : str
        Definition: ``relative`` ((decoded - original) / original, where that is not 0) or ``difference``.
    values, kept_exactly, outside, exceptions : int
        How many there are; that came back bit for bit; outside of the bound; without a residual (0 or no number).
    mean, mean_error, sigma, sigma_error : float
        Of residuals; the errors are those of independent ones, sigma / sqrt(n) and sigma / sqrt(2 n).
    rms, lowest, highest : float
        Of residuals.
    quantiles : array, shape (5,)
        2.5, 16, 50, 84 and 97.5 % of residuals.
    edges, original, decoded : arrays
        Histograms of the values; the lowest and highest bin hold what lies beyond.
    residual_edges, residuals : arrays
        Histogram of the residuals; what lies beyond its edges is not in it.
    """

    name: str
    bound: str
    definition: str
    values: int
    kept_exactly: int
    outside: int
    exceptions: int
    mean: float
    mean_error: float
    sigma: float
    sigma_error: float
    rms: float
    lowest: float
    highest: float
    quantiles: Floats
    edges: Floats
    original: npt.NDArray[np.int64]
    decoded: npt.NDArray[np.int64]
    residual_edges: Floats
    residuals: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Curve:
    """What a compressor needs at several bounds.

    Attributes
    ----------
    method : str
    scales : array
        Factors on all bounds.
    bits : array
        Bits a value of the variables that have a bound.
    distortion : array
        Root of the mean square of residuals, each in units of the variable's own bound.
    """

    method: str
    scales: Floats
    bits: Floats
    distortion: Floats


@dataclass(frozen=True)
class Response:
    """Decoded over original values of a variable in bins of another.

    Attributes
    ----------
    name, against : str
    edges : array, shape (n + 1,)
    entries : array, shape (n,)
    mean, mean_error, sigma, sigma_error : arrays, shape (n,)
        NaN where there are fewer than two.
    """

    name: str
    against: str
    edges: Floats
    entries: npt.NDArray[np.int64]
    mean: Floats
    mean_error: Floats
    sigma: Floats
    sigma_error: Floats


def residuals_of(original: npt.NDArray[Any], decoded: npt.NDArray[Any], definition: str) -> Floats:
    """Return residuals, NaN where there is none."""
    one, other = original.astype(np.float64), decoded.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = other - one if definition == "difference" else np.where(one == 0, np.nan, other / one - 1)
    return np.where(np.isfinite(found), found, np.nan)


def measure(
    name: str, bound: str, definition: str, original: npt.NDArray[Any], decoded: npt.NDArray[Any], outside: int,
    step: float = 0.0,
) -> Variable:  # fmt: skip
    """Return the numbers of a variable.

    Parameters
    ----------
    name, bound, definition : str
        As in :class:`Variable`.
    original, decoded : array
    outside : int
        How many of all values lie outside of the bound.
    step : float
        Distance of decoded values from each other, where they lie on a grid: bins of the figure are several of them
        wide, or some would hold a value more than others.
    """
    found = residuals_of(original, decoded, definition)
    real = found[~np.isnan(found)]
    count = len(real)
    sigma = float(real.std(ddof=1)) if count > 1 else np.nan
    values = original[np.isfinite(original)].astype(np.float64) if original.dtype.kind == "f" else original.astype("f8")
    edges = _on_grid(_edges(values, MARGIN), step)
    residual_edges = _edges(real, MARGIN)
    return Variable(
        name,
        bound,
        definition,
        len(original),
        int((original.view(f"u{original.itemsize}") == decoded.view(f"u{decoded.itemsize}")).sum()),
        outside,
        len(original) - count,
        float(real.mean()) if count else np.nan,
        sigma / np.sqrt(count) if count else np.nan,
        sigma,
        sigma / np.sqrt(2 * count) if count else np.nan,
        float(np.sqrt((real**2).mean())) if count else np.nan,
        float(real.min()) if count else np.nan,
        float(real.max()) if count else np.nan,
        np.quantile(real, [0.025, 0.16, 0.5, 0.84, 0.975]) if count else np.full(5, np.nan),
        edges,
        _histogram(original, edges),
        _histogram(decoded, edges),
        residual_edges,
        np.histogram(real, residual_edges)[0].astype(np.int64),
    )


def correlations(residuals: Mapping[str, Floats]) -> Floats:
    """Return the linear correlations of residuals of variables of the same jets; NaN of those without a spread."""
    table = np.stack(list(residuals.values()))
    table = table[:, ~np.isnan(table).any(axis=0)]
    found = np.full((len(table), len(table)), np.nan)
    moving = table.std(axis=1) > 0 if table.shape[1] > 1 else np.zeros(len(table), bool)
    if moving.any():
        found[np.ix_(moving, moving)] = np.corrcoef(table[moving])
    return found


def response(
    name: str, original: npt.NDArray[Any], decoded: npt.NDArray[Any], against: str, other: Floats, bins: int = 12
) -> Response:
    """Return decoded over original values in bins of equal numbers of another variable."""
    ratio = residuals_of(original, decoded, "relative") + 1
    good = ~np.isnan(ratio) & np.isfinite(other)
    ratio, other = ratio[good], other[good].astype(np.float64)
    edges = np.unique(np.quantile(other, np.linspace(0, 1, bins + 1))) if len(other) else np.array([0.0, 1.0])
    if len(edges) < 2:
        edges = np.array([edges[0], edges[0] + 1])
    place = np.clip(np.searchsorted(edges, other, side="right") - 1, 0, len(edges) - 2)
    count = np.bincount(place, minlength=len(edges) - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(place, ratio, len(count)) / count
        sigma = np.sqrt(np.bincount(place, (ratio - mean[place]) ** 2, len(count)) / (count - 1.0))
        few = count < 2
        mean, sigma = np.where(few, np.nan, mean), np.where(few, np.nan, sigma)
        return Response(name, against, edges, count, mean, sigma / np.sqrt(count), sigma, sigma / np.sqrt(2.0 * count))


def _edges(values: Floats, margin: float) -> Floats:
    if not len(values):
        return np.linspace(0, 1, BINS + 1)
    low, high = np.quantile(values, [margin, 1 - margin])
    whole = values[:10000]
    if np.array_equal(whole, np.rint(whole)) and high - low < 2.0**40:  # integers: bins of equally many
        width = max(1.0, np.ceil((high - low + 1) / BINS))
        return np.arange(np.floor(low) - 0.5, np.ceil(high) + 0.5 + width, width)
    if low == high:
        low, high = low - max(abs(low), 1e-30) / 2, high + max(abs(high), 1e-30) / 2
    return np.linspace(low, high, BINS + 1)


def _on_grid(edges: Floats, step: float) -> Floats:
    """Return edges between values of a grid, each bin equally many of them wide; as they are if bins are much wider."""
    width = edges[1] - edges[0]
    if not 0 < step < np.inf or width > 200 * step:
        return edges
    wide = max(1.0, np.ceil(width / step)) * step
    first = (np.floor(edges[0] / step) + 0.5) * step
    return np.asarray(first + wide * np.arange(max(2, int(np.ceil((edges[-1] - first) / wide)) + 1)), np.float64)


def _histogram(values: npt.NDArray[Any], edges: Floats) -> npt.NDArray[np.int64]:
    """Count values; the outer bins hold what lies beyond them."""
    real = values.astype(np.float64)
    clipped = np.clip(real[np.isfinite(real)], edges[0], edges[-1])
    return np.histogram(clipped, edges)[0].astype(np.int64)


def quantile_range(values: Floats) -> Floats:
    """Return the edges of a corner plot's axis: what lies between 0.25 and 99.75 %."""
    return _edges(values[~np.isnan(values)], MARGIN)


@dataclass(frozen=True)
class Corner:
    """Residuals of variables that belong together.

    Attributes
    ----------
    name : str
    names : list of str
    definitions : list of str
        How the residuals are taken.
    edges : list of array
    single : list of array
        Counts of each.
    pairs : list of list of array
        Counts of the variable of the row against each before it, shape (bins of row, bins of column).
    correlation : array, shape (n, n)
    quantiles : array, shape (n, 2)
        16 and 84 %.
    """

    name: str
    names: list[str]
    definitions: list[str]
    edges: list[Floats]
    single: list[npt.NDArray[np.int64]]
    pairs: list[list[npt.NDArray[np.int64]]]
    correlation: Floats
    quantiles: Floats


def corner(name: str, residuals: Mapping[str, Floats], definitions: Sequence[str]) -> Corner:
    """Return the histograms of residuals of a group, one by one and two by two."""
    columns = list(residuals.values())
    edges = [np.linspace(one[0], one[-1], 31) for one in map(quantile_range, columns)]
    pairs = [
        [
            np.histogram2d(columns[row], columns[before], (edges[row], edges[before]))[0].astype(np.int64)
            for before in range(row)
        ]
        for row in range(len(columns))
    ]
    with np.errstate(invalid="ignore"):
        quantiles = np.stack(
            [np.nanquantile(one, [0.16, 0.84]) if (~np.isnan(one)).any() else np.full(2, np.nan) for one in columns]
        )
    single = [
        np.histogram(one[~np.isnan(one)], edge)[0].astype(np.int64) for one, edge in zip(columns, edges, strict=True)
    ]
    return Corner(name, list(residuals), list(definitions), edges, single, pairs, correlations(residuals), quantiles)
