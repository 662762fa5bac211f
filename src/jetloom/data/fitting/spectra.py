"""Spectra of the classes before jets are left out: the figures show them, and the dataset no longer has these jets."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.collections import Rows
from jetloom.data.fitting.moments import Quantiles
from jetloom.data.fitting.weights import spectra

Floats = npt.NDArray[np.float64]

SEEDS = ("seed_e", "seed_m")
"""Energy and mass of a tree: densities of trees take them as given, so their spectra are kept as well."""

BINS = 30
"""Bins of a spectrum that has none of its own."""

WIDE = 10.0
"""A spectrum that spans more than this factor has bins of equal width in the logarithm."""

FINER = 3
"""Bins that are drawn in each bin of a matching or a flattening."""


def finer_edges(inner: Iterable[float], low: float, high: float) -> Floats:
    """Return edges among which those of a matching or a flattening are, with equal bins between them.

    Parameters
    ----------
    inner : iterable of float
        Inner edges of its bins; the outer bins are open.
    low, high : float
        Extremes of the variable, which close the outer bins.
    """
    # No bin holds its upper edge; one that begins at the largest value is as wide as the one before it.
    ends = np.unique([low, *inner])
    ends = ends[(ends >= low) & (ends <= high)]
    width = ends[-1] - ends[-2] if len(ends) > 1 else 1.0
    ends = np.append(ends, np.nextafter(high, np.inf) if ends[-1] < high else high + width)
    parts = [np.linspace(first, last, FINER + 1)[:-1] for first, last in itertools.pairwise(ends)]
    return np.concatenate([*parts, ends[-1:]])


def bulk_edges(low: float, high: float) -> Floats:
    """Return the edges of :data:`BINS` bins, of equal width or of equal width in the logarithm."""
    if low > 0 and high / low > WIDE:
        return np.geomspace(low, high, BINS + 1)
    return np.linspace(low, high if high > low else low + 1.0, BINS + 1)


def spectra_before(
    blocks: Callable[[], Iterable[Rows]],
    classes: int,
    matched: Mapping[str, Floats],
    others: Iterable[str],
    low: Mapping[str, float],
    high: Mapping[str, float],
) -> dict[str, dict[str, Any]]:
    """Return the spectra of all classes, weighted as events.

    Parameters
    ----------
    blocks : callable
        Starts a pass over the training part: structured rows.
    classes : int
        Number of classes.
    matched : mapping of str to float64 array
        Matched variables and the inner edges of their bins.
    others : iterable of str
        Further variables, in bins of their bulk.
    low, high : mapping of str to float
        Extremes of all of them.

    Returns
    -------
    dict
        By variable ``edges``, and by class ``sums`` of weights and their ``squares`` in the bins.
    """
    edges = {name: finer_edges(inner, low[name], high[name]) for name, inner in matched.items()}
    edges |= _bulk(blocks, [name for name in others if name not in matched], low, high)
    result = {}
    for name, ends in edges.items():
        sums, squares = spectra(blocks, classes, [name], [ends])
        # The first and the last two bins are what lies outside, and NaN.
        result[name] = {
            "edges": ends.tolist(), "sums": sums[:, 1:-2].tolist(), "squares": squares[:, 1:-2].tolist()
        }  # fmt: skip
    return result


def _bulk(
    blocks: Callable[[], Iterable[Rows]], names: list[str], low: Mapping[str, float], high: Mapping[str, float]
) -> dict[str, Floats]:
    if not names:
        return {}
    found = Quantiles(np.array([low[name] for name in names]), np.array([high[name] for name in names]))
    for block in blocks():
        found.add(np.stack([block[name] for name in names], axis=1))
    ends = zip(names, found.at(0.001), found.at(0.995), strict=True)
    return {name: bulk_edges(first, last) for name, first, last in ends}
