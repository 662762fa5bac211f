"""Rows of high weight that train several times with a share of it: none then outweighs its batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.block import Block
from jetloom.data.collections import Rows
from jetloom.data.fitting.moments import fit_quantiles

Floats = npt.NDArray[np.float64]


def repeats(weights: npt.NDArray[Any], limit: float) -> npt.NDArray[np.int64]:
    """Return how often each row is to be there: once, or floor(weight / limit) times above the limit."""
    return np.maximum(1, np.floor(np.abs(weights.astype(np.float64)) / limit)).astype(np.int64)


def repeated(jets: Block, weight: str, limit: float) -> Block:
    """Return a block with its rows of high weight repeated; the sum of the column ``weight`` stays."""
    times = repeats(jets[weight], limit)
    if (times == 1).all():
        return jets
    found = jets.take(np.repeat(np.arange(len(jets)), times))
    rows = found.rows.copy()
    rows[weight] /= np.repeat(times, times)
    return found.with_rows(rows)


def fit_repetition(
    blocks: Callable[[], Iterable[Rows]], weigh: Callable[[Rows], Floats], quantile: float, classes: list[str]
) -> dict[str, Any]:
    """Return the limit, and by class how many rows come to those of the training part.

    Parameters
    ----------
    blocks : callable
        Starts a pass over the rows of the training part.
    weigh : callable
        Gives their final weights.
    quantile : float
        Of the sizes of the weights, above which rows are repeated.
    classes : list of str
        Names of the classes.
    """
    low, high = np.full(1, np.inf), np.zeros(1)
    for block in blocks():
        sizes = np.abs(weigh(block))
        if len(sizes):
            low, high = np.minimum(low, sizes.min()), np.maximum(high, sizes.max())
    sized = fit_quantiles(lambda: ((np.abs(weigh(block))[:, None], None) for block in blocks()), low, high)
    limit = float(np.float32(sized.at(quantile)[0]))
    extra = np.zeros(len(classes), np.int64)
    for block in blocks():
        # As the parts hold them, which is what the training sees.
        more = repeats(weigh(block).astype(np.float32), limit) - 1
        extra += np.bincount(block["label"], more, minlength=len(classes)).astype(np.int64)
    return {"limit": limit, "extra": dict(zip(classes, extra.tolist(), strict=True))}
