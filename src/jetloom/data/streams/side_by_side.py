"""The batches of a step: one of each of several streams, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from jetloom.data.streams.batch import Batch

PASSES = 1 << 32
"""By so much the number of an epoch, by which a stream shuffles, differs between two passes of one epoch."""


class Stream(Protocol):
    """Where batches come from: the batches of an epoch are a function of the epoch alone."""

    @property
    def batch_size(self) -> int:
        """Rows of a batch; some may have fewer."""

    def sized(self, batch_size: int) -> Stream:
        """Return the same stream in batches of another size."""

    def steps(self) -> int:
        """Return the number of batches of an epoch."""

    def epoch(self, epoch: int, first_step: int = 0) -> Iterator[Batch]:
        """Return the batches of an epoch from a step on."""


class SideBySide:
    """Streams of batches by name, that are read side by side.

    An epoch ends with the longest of them. A shorter one begins anew, in another order, as often as it takes; each
    epoch begins with a new pass of all of them. So the pairs of an epoch are a function of the epoch alone, and an
    interrupted training goes on just where it was. The first pass of an epoch is what the stream alone would give.

    Parameters
    ----------
    streams : mapping of str to Stream
        The first says how large batches are.
    """

    def __init__(self, streams: Mapping[str, Stream]) -> None:
        self.streams = dict(streams)

    @property
    def batch_size(self) -> int:
        """Rows of a batch; some may have fewer."""
        return next(iter(self.streams.values())).batch_size

    def sized(self, batch_size: int) -> SideBySide:
        """Return the same streams in batches of another size."""
        return SideBySide({name: stream.sized(batch_size) for name, stream in self.streams.items()})

    def steps(self) -> int:
        """Return the number of steps of an epoch."""
        return max(stream.steps() for stream in self.streams.values())

    def epoch(self, epoch: int, first_step: int = 0) -> Iterator[dict[str, Batch]]:
        """Return the batches of each step of an epoch by the names of the streams, from a step on."""
        steps = self.steps()
        sides = [_again(stream, steps, epoch, first_step) for stream in self.streams.values()]
        for batches in zip(*sides, strict=True):
            yield dict(zip(self.streams, batches, strict=True))


def _again(stream: Stream, steps: int, epoch: int, first_step: int) -> Iterator[Batch]:
    """Return the batches of a stream from a step on, up to a number of steps, in as many passes as it takes."""
    own = stream.steps()
    if own == steps:
        yield from stream.epoch(epoch, first_step)
        return
    while first_step < steps:
        passed, first = divmod(first_step, own)
        for batch in stream.epoch(epoch + PASSES * passed, first):
            if first_step == steps:
                return
            yield batch
            first_step += 1
