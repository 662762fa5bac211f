"""Means, spreads and ranges of columns, fitted in one stream of blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]

BINS = 4096


@dataclass
class Moments:
    """Running mean, variance and extremes of columns. NaN is left out, and counted.

    The update is that of Chan, Golub and LeVeque (1983) for pairs of sets, stable for any number of blocks.

    Parameters
    ----------
    columns : int
        Number of columns.
    """

    columns: int
    rows: int = 0
    count: Matrix = field(init=False)
    mean: Matrix = field(init=False)
    squares: Matrix = field(init=False)
    low: Matrix = field(init=False)
    high: Matrix = field(init=False)

    def __post_init__(self) -> None:
        self.count = np.zeros(self.columns)
        self.mean = np.zeros(self.columns)
        self.squares = np.zeros(self.columns)
        self.low = np.full(self.columns, np.inf)
        self.high = np.full(self.columns, -np.inf)

    def add(self, block: npt.NDArray[np.floating]) -> None:
        """Add a block of shape (rows, columns)."""
        values = np.asarray(block, np.float64)
        good = np.isfinite(values)
        filled = np.where(good, values, 0.0)
        count = good.sum(axis=0).astype(np.float64)
        mean = filled.sum(axis=0) / np.maximum(count, 1)
        squares = (np.where(good, values - mean, 0.0) ** 2).sum(axis=0)
        total = self.count + count
        shift = mean - self.mean
        share = count / np.maximum(total, 1)
        self.squares += squares + shift**2 * self.count * share
        self.mean += shift * share
        self.count = total
        self.rows += len(values)
        if len(values):
            self.low = np.minimum(self.low, np.where(good, values, np.inf).min(axis=0))
            self.high = np.maximum(self.high, np.where(good, values, -np.inf).max(axis=0))

    @property
    def std(self) -> Matrix:
        """Standard deviation of each column; 1 for a constant column, so that it can be divided by."""
        std = np.sqrt(self.squares / np.maximum(self.count, 1))
        return np.where(std > 1e-12 * np.maximum(np.abs(self.mean), 1e-30), std, 1.0)

    @property
    def missing(self) -> Matrix:
        """Share of NaN in each column."""
        return 1.0 - self.count / max(self.rows, 1)


@dataclass
class Quantiles:
    """Quantiles of columns from histograms of 4,096 bins between two ends; values beyond count in the outer bins."""

    low: Matrix
    high: Matrix
    counts: Matrix = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros((len(self.low), BINS))

    def add(self, block: npt.NDArray[np.floating], weights: npt.NDArray[np.floating] | None = None) -> None:
        """Add a block of shape (rows, columns), with optional weights of shape (rows,)."""
        width = np.where(self.high > self.low, self.high - self.low, 1.0)
        values = np.asarray(block, np.float64)
        position = np.clip((values - self.low) / width * BINS, 0, BINS - 1)
        known = ~np.isnan(values)
        index = np.where(known, position, 0).astype(np.int64)
        for column in range(index.shape[1]):
            used = known[:, column]
            weight = None if weights is None else weights[used]
            self.counts[column] += np.bincount(index[used, column], weight, minlength=BINS)

    def at(self, probability: float) -> Matrix:
        """Return the quantile of every column, to the width of a bin."""
        sums = np.cumsum(np.maximum(self.counts, 0.0), axis=1)
        target = probability * sums[:, -1:]
        index = (sums < target).sum(axis=1) if probability > 0 else np.zeros(len(self.low))
        return self.low + (self.high - self.low) * np.minimum(index + (probability >= 0.5), BINS) / BINS

    def refined(self) -> Quantiles:
        """Return empty histograms around the bulk of the columns, for a second stream.

        One far outlier would otherwise leave all the others in a single bin.
        """
        width = (self.high - self.low) / BINS
        low = np.maximum(self.low, self.at(0.001) - width)
        high = np.minimum(self.high, self.at(0.999) + width)
        return Quantiles(low, np.where(high > low, high, self.high))


def fit_quantiles(
    stream: Callable[[], Iterable[tuple[npt.NDArray[np.floating], npt.NDArray[np.floating] | None]]],
    low: Matrix,
    high: Matrix,
) -> Quantiles:
    """Fit quantiles in two streams: one between the extremes, one around the bulk.

    Parameters
    ----------
    stream : callable
        Starts a stream of blocks of shape (rows, columns), with weights of shape (rows,) or None.
    low, high : float64 arrays of shape (columns,)
        Extremes of the columns.
    """
    coarse = Quantiles(low, high)
    for block, weights in stream():
        coarse.add(block, weights)
    fine = coarse.refined()
    for block, weights in stream():
        fine.add(block, weights)
    return fine
