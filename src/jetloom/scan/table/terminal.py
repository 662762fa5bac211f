"""Histograms of a scan as text, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

LINES, WIDTH = 12, 50


def text_histogram(title: str, values: Sequence[float] | npt.NDArray[np.float64], lines: int = LINES) -> str:
    """Return a histogram as text: a line a bin with its lower edge, a bar and the number of values.

    Parameters
    ----------
    title : str
        Stands above it.
    values : array of float
        Those that are not finite are counted beside it.
    lines : int
        Number of bins.
    """
    found = np.asarray(values, np.float64)
    finite = found[np.isfinite(found)]
    head = f"{title}: {len(finite)} points" + (
        f", {len(found) - len(finite)} without a value" * (len(finite) < len(found))
    )
    if not len(finite):
        return f"{head}\n"
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        return f"{head}, all at {low:.6g}\n"
    counts, edges = np.histogram(finite, lines, (low, high))
    most = int(counts.max())
    rows = [
        f"  {edge:>12.6g} |{'#' * round(WIDTH * count / most):<{WIDTH}} {count}"
        for edge, count in zip(edges[:-1].tolist(), counts.tolist(), strict=True)
    ]
    return "\n".join([head, *rows, f"  {high:>12.6g} |"]) + "\n"
