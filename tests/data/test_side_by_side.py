"""Streams side by side: the pairs of an epoch are a function of the epoch alone."""

from dataclasses import dataclass

import numpy as np
import pytest

from jetloom.data.streams.batch import Batch
from jetloom.data.streams.side_by_side import SideBySide


@dataclass(frozen=True)
class Shuffled:
    """Some rows in an order that seed and epoch decide."""

    rows: int
    batch_size: int
    seed: int = 1

    def sized(self, batch_size):
        return Shuffled(self.rows, batch_size, self.seed)

    def steps(self):
        return -(-self.rows // self.batch_size)

    def epoch(self, epoch, first_step=0):
        order = np.random.default_rng([self.seed, epoch]).permutation(self.rows)
        for start in range(first_step * self.batch_size, self.rows, self.batch_size):
            rows = order[start : start + self.batch_size]
            yield Batch.of(rows, rows, np.ones(len(rows), np.float32))


def _pairs(streams, epoch, first_step=0):
    return [{name: batch.features.tolist() for name, batch in one.items()} for one in streams.epoch(epoch, first_step)]


@pytest.mark.parametrize(("main", "control", "steps"), [(50, 23, 5), (23, 50, 5), (50, 45, 5), (7, 100, 10), (3, 3, 1)])
def test_it_goes_on_from_any_step_with_the_same_pairs(main, control, steps):
    streams = SideBySide({"main": Shuffled(main, 10), "control": Shuffled(control, 10, 2)})
    assert streams.steps() == steps
    for epoch in (0, 3):
        whole = _pairs(streams, epoch)
        assert len(whole) == steps
        for first in range(steps + 1):
            assert _pairs(streams, epoch, first) == whole[first:]


def test_the_shorter_one_begins_anew_in_another_order_and_the_longer_one_is_that_without_it():
    streams = SideBySide({"main": Shuffled(60, 10), "control": Shuffled(20, 10, 2)})
    pairs, next_pairs = _pairs(streams, 4), _pairs(streams, 5)
    assert [one["main"] for one in pairs] == [batch.features.tolist() for batch in Shuffled(60, 10).epoch(4)]
    passes = [[row for one in pairs[start : start + 2] for row in one["control"]] for start in (0, 2, 4)]
    assert passes[0] == [row for batch in Shuffled(20, 10, 2).epoch(4) for row in batch.features.tolist()]
    assert all(sorted(one) == list(range(20)) for one in passes)
    following = [row for one in next_pairs[:2] for row in one["control"]]
    assert len({tuple(one) for one in [*passes, following]}) == 4


def test_a_size_holds_for_all_of_them():
    streams = SideBySide({"main": Shuffled(60, 10), "control": Shuffled(20, 10, 2)}).sized(15)
    assert (streams.batch_size, streams.steps()) == (15, 4)
    assert [len(one["control"]) for one in _pairs(streams, 0)] == [15, 5, 15, 5]


def test_one_alone_is_itself():
    assert [one["main"] for one in _pairs(SideBySide({"main": Shuffled(25, 10)}), 2, 1)] == [
        batch.features.tolist() for batch in Shuffled(25, 10).epoch(2, 1)
    ]
