"""Runs of neighbouring rows, against NumPy's own selection."""

import numpy as np
import pytest

from jetloom.data.gather import gather
from jetloom.io.trees import BRANCHING


@pytest.fixture(params=[BRANCHING, np.dtype([("a", "u1"), ("b", "u2")])], ids=["words", "bytes"])
def rows(request):
    found = np.zeros(100, request.param)
    found.view(np.uint8)[:] = np.random.default_rng(1).integers(0, 256, found.nbytes)
    return found


@pytest.mark.parametrize(
    "runs",
    [[(3, 2), (90, 10), (0, 5), (3, 2)], [(7, 0), (7, 1), (99, 0)], [(0, 100)], []],
    ids=["some", "empty", "all", "none"],
)
def test_runs_are_copied_one_after_the_other(rows, runs):
    starts, lengths = np.array(runs, np.int64).reshape(-1, 2).T.copy()
    expected = np.concatenate([rows[:0], *(rows[start : start + length] for start, length in runs)])
    found = gather(rows, starts, lengths)
    assert found.dtype == rows.dtype
    assert found.tobytes() == expected.tobytes()


def test_rows_that_do_not_lie_side_by_side(rows):
    found = gather(rows[::2], np.array([1]), np.array([3]))
    assert found.tobytes() == rows[2:8:2].tobytes()
