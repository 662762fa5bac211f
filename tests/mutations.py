"""Damages files as disks, transfers and people do: seeded mutations of their bytes."""

import os

import numpy as np

from jetloom.errors import InputError

TIMES = int(os.environ.get("JETLOOM_FUZZ", "1"))
"""How many times as many mutations as usual: `JETLOOM_FUZZ=50 pytest ...` takes long."""

LENGTHS = (0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x40000000)
"""What a length or a count may become."""


def mutated(content: bytes, generator: np.random.Generator, low: int = 0, high: int | None = None) -> bytes:
    """The bytes with one damage that begins between ``low`` and ``high``; never the same bytes."""
    high = len(content) if high is None else high
    while (result := _damaged(content, generator, low, high)) == content:
        pass
    return result


def mutations(content: bytes, number: int, first: int = 0, low: int = 0, high: int | None = None):
    """Some damaged copies of a file, each with the seed that gives it."""
    for seed in range(first, first + number * TIMES):
        yield seed, mutated(content, np.random.default_rng(seed), low, high)


def outcome(read, *arguments):
    """What reading gives, and the line of the error of an input, if there is one."""
    try:
        return read(*arguments), ""
    except InputError as error:
        return None, error.line()


def _damaged(content: bytes, generator: np.random.Generator, low: int, high: int) -> bytes:
    data = bytearray(content)
    place = int(generator.integers(low, high))
    size = int(min(2 ** generator.integers(0, 12), len(data) - place))
    kind = ("bit", "bit", "bit", "bytes", "zeros", "swap", "cut", "length", "twice", "less")[generator.integers(10)]
    if kind == "bit":
        data[place] ^= 1 << int(generator.integers(8))
    elif kind == "bytes":
        data[place : place + size] = generator.bytes(size)
    elif kind == "zeros":
        data[place : place + size] = bytes(size)
    elif kind == "swap":
        other = int(generator.integers(low, high))
        other = min(other, len(data) - size)
        one, two = data[place : place + size], data[other : other + size]
        data[place : place + size], data[other : other + size] = two, one
    elif kind == "cut":
        del data[place:]
    elif kind == "length":
        width = int(generator.choice([2, 4, 8]))
        order = "big" if generator.integers(2) else "little"
        value = int(generator.choice(LENGTHS)) & (1 << 8 * width) - 1
        data[place : place + width] = value.to_bytes(width, order)[: len(data) - place]
    elif kind == "twice":
        data[place:place] = data[place : place + size]
    else:
        del data[place : place + size]
    return bytes(data)
