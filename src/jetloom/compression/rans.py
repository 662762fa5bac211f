"""An entropy coder: symbols of known frequencies in as few bits as their entropy.

Range asymmetric numeral systems (J. Duda, arXiv:1311.2540) with a state of 64 bits that gives and takes words of 32.
What a symbol says of a value is completed by plain bits. Integers only, so the bytes are the same on every machine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Index = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint32]

PRECISION = 15
"""Frequencies of a table add up to two to this power; no alphabet has more symbols than half of that."""

_LOWEST = np.uint64(1 << 31)
_WORD = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_SLOTS = np.uint64((1 << PRECISION) - 1)
_SHIFT = np.uint64(PRECISION)


def frequencies(counts: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
    """Return frequencies that add up to ``2 ** PRECISION``, at least 1 for each symbol that occurs.

    Parameters
    ----------
    counts : integer array
        How often each symbol occurs; at least one does.
    """
    total = 1 << PRECISION
    exact = counts * (total / counts.sum())
    found = np.where(counts > 0, np.maximum(1, np.floor(exact)), 0).astype(np.int64)
    # What is too much or too little goes to the largest, which feel it least.
    order = np.argsort(-found, kind="stable")
    left = total - int(found.sum())
    if left >= 0:
        found[order[0]] += left
    else:
        for symbol in order:
            taken = min(-left, int(found[symbol]) - 1)
            found[symbol] -= taken
            left += taken
            if left == 0:
                break
    return found.astype(np.uint32)


@njit(cache=True)
def encode(symbols: npt.NDArray[np.uint16], table: Words) -> Words:
    """Return the words of symbols; the two last are the state that a decoder begins with.

    Parameters
    ----------
    symbols : uint16 array
    table : uint32 array
        Frequencies, of :func:`frequencies`; not 0 of a symbol that occurs.
    """
    starts = np.zeros(len(table) + 1, np.uint64)
    for symbol in range(len(table)):
        starts[symbol + 1] = starts[symbol] + np.uint64(table[symbol])
    words = np.empty(len(symbols) + 2, np.uint32)
    count, state = 0, _LOWEST
    for i in range(len(symbols) - 1, -1, -1):
        frequency = np.uint64(table[symbols[i]])
        if state >= ((_LOWEST >> _SHIFT) << _WORD) * frequency:
            words[count] = np.uint32(state & _LOW)
            state >>= _WORD
            count += 1
        state = ((state // frequency) << _SHIFT) + state % frequency + starts[symbols[i]]
    words[count] = np.uint32(state & _LOW)
    words[count + 1] = np.uint32(state >> _WORD)
    return words[: count + 2]


@njit(cache=True)
def decode(words: Words, table: Words, symbols: npt.NDArray[np.uint16]) -> bool:
    """Fill in the symbols of words; return whether the words end where the symbols do.

    Parameters
    ----------
    words : uint32 array
    table : uint32 array
        The frequencies that they were made with.
    symbols : uint16 array
        Result.
    """
    starts = np.zeros(len(table) + 1, np.uint64)
    which = np.zeros(1 << PRECISION, np.uint16)
    for symbol in range(len(table)):
        starts[symbol + 1] = starts[symbol] + np.uint64(table[symbol])
        which[int(starts[symbol]) : int(starts[symbol + 1])] = symbol
    place = len(words) - 3
    state = (np.uint64(words[place + 2]) << _WORD) | np.uint64(words[place + 1])
    for i in range(len(symbols)):
        slot = state & _SLOTS
        symbol = which[slot]
        symbols[i] = symbol
        state = np.uint64(table[symbol]) * (state >> _SHIFT) + slot - starts[symbol]
        if state < _LOWEST:
            if place < 0:
                return False
            state = (state << _WORD) | np.uint64(words[place])
            place -= 1
    return place == -1 and state == _LOWEST


@njit(cache=True)
def pack(values: npt.NDArray[np.uint64], widths: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the lowest bits of values one after the other, as many of each as its width says (0 to 64)."""
    total = 0
    for i in range(len(widths)):
        total += widths[i]
    packed = np.zeros((total + 7) // 8 + 9, np.uint8)
    place = 0
    for i in range(len(values)):
        rest, left = values[i], int(widths[i])
        while left > 0:
            free = 8 - (place & 7)
            taken = min(free, left)
            part = rest & np.uint64((1 << taken) - 1)
            packed[place >> 3] |= np.uint8(part << np.uint64(place & 7))
            rest >>= np.uint64(taken)
            place += taken
            left -= taken
    return packed[: (total + 7) // 8]


@njit(cache=True)
def unpack(packed: npt.NDArray[np.uint8], widths: npt.NDArray[np.uint8], values: npt.NDArray[np.uint64]) -> bool:
    """Fill in what :func:`pack` has packed; return whether it was as much as the widths say."""
    place, end = 0, 8 * len(packed)
    for i in range(len(values)):
        left, got, found = int(widths[i]), 0, np.uint64(0)
        if place + left > end:
            return False
        while left > 0:
            free = 8 - (place & 7)
            taken = min(free, left)
            part = np.uint64(packed[place >> 3] >> np.uint8(place & 7)) & np.uint64((1 << taken) - 1)
            found |= part << np.uint64(got)
            got += taken
            place += taken
            left -= taken
        values[i] = found
    return (place + 7) // 8 == len(packed)
