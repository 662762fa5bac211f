"""Integers as symbols and plain bits, by a division of the integers that is fitted to them.

Most lie in a window of equal bins; a symbol says which bin, plain bits where in it. Beyond the window bins double, so
that every integer has a symbol. Integers that come very often have symbols of their own. The width of the bins is that
of the fewest bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from jetloom.compression import rans

Codes = npt.NDArray[np.int64]

BINS = 4096
"""Bins of the window, at most."""

SPIKES = 64
"""Integers with a symbol of their own, at most."""

SIDE = 65
"""Bins beyond each end of the window: what is too far by nothing, by 1, by 2 to 3, by 4 to 7, and so on to 64 bits."""


@dataclass(frozen=True)
class Division:
    """Which integers a symbol stands for.

    Attributes
    ----------
    begin : int
        Lowest integer of the window.
    shift : int
        A bin holds two to this power.
    bins : int
        Bins of the window.
    spikes : tuple of int
        Integers with symbols of their own, in growing order.
    """

    begin: int
    shift: int
    bins: int
    spikes: tuple[int, ...]

    @property
    def alphabet(self) -> int:
        """Number of symbols."""
        return self.bins + 2 * SIDE + len(self.spikes)


def divide(codes: Codes) -> Division:
    """Return the division that needs the fewest bytes for integers.

    Parameters
    ----------
    codes : int64 array
        At least one.
    """
    spikes, rest = _spikes(np.sort(codes))
    if len(rest) == 0:
        return Division(0, 0, 1, tuple(map(int, spikes)))
    low, high = _middle(rest)
    span = int(high) - int(low) + 1
    least = max(0, (span - 1).bit_length() - (BINS - 1).bit_length())
    inside = rest[np.searchsorted(rest, low) : np.searchsorted(rest, high, side="right")]
    with np.errstate(over="ignore"):  # differences of integers of 64 bits are right without the sign
        finest = np.bincount(((inside.view(np.uint64) - low.view(np.uint64)) >> np.uint64(least)).astype(np.int64))
    best, cost = least, np.inf
    for shift in range(least, least + 12):
        step = shift - least
        padded = np.pad(finest, (0, -len(finest) % (1 << step)))
        counts = padded.reshape(-1, 1 << step).sum(axis=1)
        bits = _bits(counts) + shift * len(inside)
        if bits < cost:
            best, cost = shift, bits
        if len(counts) == 1:
            break
    bins = (span - 1 >> best) + 1
    return Division(int(low), best, bins, tuple(map(int, spikes)))


def split(
    codes: Codes, division: Division
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint64], npt.NDArray[np.uint8]]:
    """Return the symbols of integers, what plain bits say besides, and how many bits that takes."""
    spikes = np.array(division.spikes, np.int64)
    return _split(codes, division.begin, division.shift, division.bins, spikes)


def widths_of(symbols: npt.NDArray[np.uint16], division: Division) -> npt.NDArray[np.uint8]:
    """Return how many plain bits belong to each symbol."""
    table = np.zeros(division.alphabet, np.uint8)
    table[: division.bins] = division.shift
    beyond = np.maximum(np.arange(SIDE) - 1, 0)
    table[division.bins : division.bins + SIDE] = beyond
    table[division.bins + SIDE : division.bins + 2 * SIDE] = beyond
    return table[symbols]


def join(symbols: npt.NDArray[np.uint16], rest: npt.NDArray[np.uint64], division: Division) -> Codes:
    """Return the integers of symbols and their plain bits."""
    codes = _join(symbols, rest, division.begin, division.shift, division.bins)
    if division.spikes:
        own = symbols >= division.bins + 2 * SIDE
        codes[own] = np.array(division.spikes, np.int64)[symbols[own] - (division.bins + 2 * SIDE)]
    return codes


def _spikes(ordered: Codes) -> tuple[Codes, Codes]:
    """Return integers that come far more often than their neighbours, and would cost the others of their bin bits.

    Parameters
    ----------
    ordered : int64 array
        Integers in growing order.

    Returns
    -------
    spikes, rest : int64 arrays
        Both in growing order.
    """
    edges = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1], [True]]))
    counts = np.diff(edges)
    often = np.flatnonzero(counts >= max(16, len(ordered) // 256))
    if len(often) == 0:
        return ordered[:0], ordered
    if len(often) > SPIKES:
        often = np.sort(often[np.argsort(-counts[often], kind="stable")[:SPIKES]])
    ends = [0, *np.stack([edges[often], edges[often + 1]], axis=1).reshape(-1).tolist(), len(ordered)]
    return ordered[edges[often]], np.concatenate([ordered[a:b] for a, b in zip(ends[::2], ends[1::2], strict=True)])


def _middle(ordered: Codes) -> tuple[np.int64, np.int64]:
    """Return the ends of the window: all integers, if they lie close enough; else without the thinnest tails."""
    if int(ordered[-1]) - int(ordered[0]) < BINS:
        return ordered[0], ordered[-1]
    tail = len(ordered) // 1000
    return ordered[tail], ordered[len(ordered) - 1 - tail]


def _bits(counts: npt.NDArray[Any]) -> float:
    """Return what symbols cost that come so often, with their table: about twelve bits a symbol that occurs."""
    there = counts[counts > 0].astype(np.float64)
    return float(-(there * np.log2(there / there.sum())).sum() + 12 * len(there))


@njit(cache=True)
def _length(value: np.uint64) -> int:
    bits = 0
    while value > np.uint64(0):
        value >>= np.uint64(1)
        bits += 1
    return bits


@njit(cache=True)
def _split(
    codes: Codes, begin: int, shift: int, bins: int, spikes: Codes
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint64], npt.NDArray[np.uint8]]:
    symbols, rest, widths = (
        np.empty(len(codes), np.uint16),
        np.zeros(len(codes), np.uint64),
        np.zeros(len(codes), np.uint8),
    )
    window = np.uint64(bins) << np.uint64(shift)
    for i in range(len(codes)):
        low, high = 0, len(spikes)
        while low < high:
            middle = (low + high) // 2
            if spikes[middle] < codes[i]:
                low = middle + 1
            else:
                high = middle
        if low < len(spikes) and spikes[low] == codes[i]:
            symbols[i] = bins + 2 * SIDE + low
            continue
        if codes[i] < begin:
            far = np.uint64(begin) - np.uint64(codes[i]) - np.uint64(1)
            length = _length(far)
            symbols[i] = bins + SIDE + length
        else:
            inside = np.uint64(codes[i]) - np.uint64(begin)
            if inside < window or window == np.uint64(0):
                symbols[i] = inside >> np.uint64(shift)
                rest[i], widths[i] = inside, shift
                continue
            far = inside - window
            length = _length(far)
            symbols[i] = bins + length
        rest[i], widths[i] = far, max(0, length - 1)  # the highest bit is 1
    return symbols, rest, widths


@njit(cache=True)
def _join(symbols: npt.NDArray[np.uint16], rest: npt.NDArray[np.uint64], begin: int, shift: int, bins: int) -> Codes:
    codes = np.empty(len(symbols), np.int64)
    window = np.uint64(bins) << np.uint64(shift)
    for i in range(len(symbols)):
        symbol = int(symbols[i])
        if symbol < bins:
            codes[i] = np.int64(np.uint64(begin) + (np.uint64(symbol) << np.uint64(shift)) + rest[i])
            continue
        beyond = symbol - bins if symbol < bins + SIDE else symbol - bins - SIDE
        far = rest[i]
        if beyond > 0 and beyond < SIDE:
            far |= np.uint64(1) << np.uint64(beyond - 1)
        if symbol < bins + SIDE:
            codes[i] = np.int64(np.uint64(begin) + window + far)
        else:
            codes[i] = np.int64(np.uint64(begin) - far - np.uint64(1))
    return codes


def encode(codes: Codes) -> tuple[Division, npt.NDArray[np.uint32], npt.NDArray[np.uint32], npt.NDArray[np.uint8]]:
    """Return the division of integers, the frequencies of its symbols, the words of the symbols, and the plain bits."""
    division = divide(codes)
    symbols, rest, widths = split(codes, division)
    table = rans.frequencies(np.bincount(symbols, minlength=division.alphabet))
    return division, table, rans.encode(symbols, table), rans.pack(rest, widths)
