"""Statistical uncertainties by the Poisson bootstrap over events.

A replica of the data counts each event Poisson(1) times (Hanley and MacGibbon, Comput. Methods Programs Biomed. 83
(2006) 57; the form used by ATLAS, ATL-PHYS-PUB-2021-011). The spread of a quantity over the replicas is its
statistical uncertainty, correct for weights of any kind and for the correlation of jets of the same event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

REPLICAS = 100
"""Replicas by default: the uncertainty is then itself known to 7% (1 / sqrt(2 x 100))."""


@dataclass(frozen=True)
class Estimate:
    """Values of a quantity and their statistical standard deviations, both of the same shape."""

    value: Floats
    std: Floats


def event_index(*keys: Array) -> npt.NDArray[np.int64]:
    """Give each event a number, so that jets of one event are resampled together.

    Parameters
    ----------
    *keys : arrays, shape (n,)
        What identifies an event: sample, run number, event number.

    Returns
    -------
    array of int64, shape (n,)
        The same number, from 0 on, for jets of the same event.
    """
    order = np.lexsort(keys)
    new = np.zeros(len(order), dtype=bool)
    for key in keys:
        ordered = key[order]
        new[1:] |= ordered[1:] != ordered[:-1]
    index = np.empty(len(order), dtype=np.int64)
    index[order] = np.cumsum(new)
    return index


def replicas(events: Array, generator: np.random.Generator, count: int = REPLICAS) -> Iterator[Floats]:
    """Give how often each jet counts in each replica.

    Parameters
    ----------
    events : array of int, shape (n,)
        Event of each jet, see :func:`event_index`; ``np.arange(n)`` resamples jets on their own.
    generator : Generator
        Source of randomness.
    count : int
        Number of replicas.

    Yields
    ------
    array of float64, shape (n,)
    """
    number = int(events.max()) + 1 if len(events) else 0
    for _ in range(count):
        yield generator.poisson(1.0, number).astype(np.float64)[events]


def bootstrap(
    statistic: Callable[[Floats], Any],
    weights: Array,
    events: Array,
    generator: np.random.Generator,
    count: int = REPLICAS,
) -> Estimate:
    """Estimate a quantity and its uncertainty.

    Parameters
    ----------
    statistic : callable
        Takes weights of shape ``(n,)`` and gives a number or an array, NaN where it is not defined.
    weights : array of float, shape (n,)
    events : array of int, shape (n,)
    generator : Generator
    count : int

    Returns
    -------
    Estimate
        The quantity with the weights as they are, and the standard deviation over those replicas in which it is
        defined (NaN if fewer than two).
    """
    nominal = np.asarray(weights, dtype=np.float64)
    value = np.asarray(statistic(nominal), dtype=np.float64)
    spread = [np.asarray(statistic(nominal * times), dtype=np.float64) for times in replicas(events, generator, count)]
    return Estimate(value, _deviation(np.array(spread).reshape(len(spread), *value.shape)))


def _deviation(values: Floats) -> Floats:
    """Give the sample standard deviation along the first axis of what is finite."""
    finite = np.isfinite(values)
    number = finite.sum(axis=0)
    kept = np.where(finite, values, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = kept.sum(axis=0) / number
        squares = np.where(finite, (values - mean) ** 2, 0.0).sum(axis=0)
        return np.where(number > 1, np.sqrt(squares / (number - 1)), np.nan)
