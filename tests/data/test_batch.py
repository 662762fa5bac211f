"""A batch of rows: some of them, several one behind the other, rows that only fill up."""

import numpy as np
import pytest

from jetloom.data.streams.batch import Batch

NAMED = {"a": np.arange(4.0), "b": np.arange(8).reshape(4, 2)}


@pytest.mark.parametrize("features", [np.arange(8.0).reshape(4, 2), NAMED])
@pytest.mark.parametrize("index", [slice(1, 3), np.array([3, 0]), np.array([True, False, False, True])])
def test_rows_are_taken_from_all_arrays(features, index):
    whole = Batch.of(features, {"mass": np.arange(4) + 10}, np.arange(4, dtype="f4")).filled_from(3)
    found, rows = whole.take(index), np.arange(4)[index]
    assert len(found) == len(rows)
    named = isinstance(features, dict)
    for name in features if named else [None]:
        mine, all_ = (found.features[name], features[name]) if named else (found.features, features)
        np.testing.assert_array_equal(mine, all_[index])
    assert found.target["mass"].tolist() == (rows + 10).tolist()
    assert found.weights.tolist() == [0.0 if row == 3 else row for row in rows]
    assert found.real.tolist() == [row != 3 for row in rows]


def test_batches_come_one_behind_the_other():
    one = Batch.of(NAMED, np.arange(4), np.ones(4, "f4"))
    both = Batch.concatenate([one, one.take(slice(0, 2)).filled_from(1)])
    assert both.features["a"].tolist() == [0, 1, 2, 3, 0, 1]
    assert both.features["b"].shape == (6, 2)
    assert both.target.tolist() == [0, 1, 2, 3, 0, 1]
    assert both.weights.tolist() == [1, 1, 1, 1, 1, 0]
    assert both.real.tolist() == [True] * 5 + [False]


@pytest.mark.parametrize("place", [2, np.array([False, False, True, True])])
def test_rows_that_only_fill_up_have_no_weight_and_leave_the_batch_before_as_it_was(place):
    before = Batch.of(NAMED, np.arange(4), np.full(4, -2, "f4"))
    after = before.filled_from(place)
    assert after.weights.tolist() == [-2, -2, 0, 0]
    assert after.weights.dtype == np.float32
    assert after.real.tolist() == [True, True, False, False]
    assert after.target.tolist() == [0, 1, 2, 3]
    assert before.real.all()
    assert (before.weights == -2).all()
