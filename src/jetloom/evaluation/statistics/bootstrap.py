"""Statistical uncertainties by the Poisson bootstrap over events.

A replica of the data counts each event Poisson(1) times (Hanley and MacGibbon, Comput. Methods Programs Biomed. 83
(2006) 57; the form used by ATLAS, ATL-PHYS-PUB-2021-011). The spread of a quantity over the replicas is its
statistical uncertainty, correct for weights of any kind and for the correlation of jets of the same event.

How often an event counts in a replica is a hash of seed, replica and the event's key, and of nothing else. So all who
ask about the same jets, whenever and in whatever order, see the same replicas: one quantity has one uncertainty, and
the jets of a bin or of a class count as they do among all jets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.data.building.split import event_hash, mix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

REPLICAS = 200
"""Replicas by default: the uncertainty is then itself known to 5% (1 / sqrt(2 x 200))."""

KEYS = ("run_number", "event_number", "sample")
"""Columns of jets that tell their events apart, see :func:`event_keys`."""

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Draws:
    """What replicas are drawn from; stored with the predictions, so that all figures of them share their replicas."""

    seed: int = 1
    count: int = REPLICAS


@dataclass(frozen=True)
class Estimate:
    """Values of a quantity and their statistical standard deviations, both of the same shape."""

    value: Floats
    std: Floats


def event_keys(run_number: Array, event_number: Array, sample: Array) -> npt.NDArray[np.uint64]:
    """Return each jet the key of its event: what belongs to one event is resampled together.

    Parameters
    ----------
    run_number, event_number, sample : integer arrays, shape (n,)
        What identifies an event.

    Returns
    -------
    array of uint64, shape (n,)
        64 bits; the same for jets of the same event.
    """
    with np.errstate(over="ignore"):
        return mix(event_hash(run_number, event_number) + GOLDEN * (sample.astype(np.uint64) + np.uint64(1)))


def replicas(events: Array, draws: Draws) -> Iterator[Floats]:
    """Return how often each jet counts in each replica.

    Parameters
    ----------
    events : array of int, shape (n,)
        Key of each jet's event, see :func:`event_keys`; ``np.arange(n)`` resamples jets on their own.
    draws : Draws
        Seed and number of the replicas.

    Yields
    ------
    array of float64, shape (n,)
    """
    limits = _poisson_limits()
    with np.errstate(over="ignore"):
        keys = mix(events.astype(np.uint64) ^ mix(np.asarray([draws.seed % 2**64], np.uint64) + GOLDEN))
        for replica in range(draws.count):
            bits = mix(keys + GOLDEN * np.uint64(replica + 1))
            yield np.searchsorted(limits, bits, side="right").astype(np.float64)


def _poisson_limits() -> npt.NDArray[np.uint64]:
    """Return the limits between 0, 1, 2, ... of 64 even bits that make them Poisson numbers of mean 1."""
    total, limits = 0.0, []
    for number in range(19):
        total += math.exp(-1.0) / math.factorial(number)
        limits.append(int(total * 2**64))
    return np.array([limit for limit in limits if limit < 2**64], np.uint64)


def bootstrap(statistic: Callable[[Floats], Any], weights: Array, events: Array, draws: Draws) -> Estimate:
    """Estimate a quantity and its uncertainty.

    Parameters
    ----------
    statistic : callable
        Takes weights of shape ``(n,)`` and gives a number or an array, NaN where it is not defined.
    weights : array of float, shape (n,)
    events : array of int, shape (n,)
        Key of each jet's event.
    draws : Draws
        Seed and number of the replicas.

    Returns
    -------
    Estimate
        The quantity with the weights as they are, and the standard deviation over those replicas in which it is
        defined (NaN if fewer than two).
    """
    nominal = np.asarray(weights, dtype=np.float64)
    value = np.asarray(statistic(nominal), dtype=np.float64)
    spread = [np.asarray(statistic(nominal * times), dtype=np.float64) for times in replicas(events, draws)]
    return Estimate(value, _deviation(np.array(spread).reshape(len(spread), *value.shape)))


def _deviation(values: Floats) -> Floats:
    """Return the sample standard deviation along the first axis of what is finite."""
    finite = np.isfinite(values)
    number = finite.sum(axis=0)
    kept = np.where(finite, values, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = kept.sum(axis=0) / number
        squares = np.where(finite, (values - mean) ** 2, 0.0).sum(axis=0)
        return np.where(number > 1, np.sqrt(squares / (number - 1)), np.nan)
