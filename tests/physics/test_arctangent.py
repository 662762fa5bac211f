"""The arctangent of many pairs against the C library's."""

import math

import numpy as np
import pytest

from jetloom.physics.arctangent import full_angles


def angles_of(y, x):
    found = np.empty(len(y))
    full_angles(np.asarray(y, float), np.asarray(x, float), len(y), found)
    return found


def test_it_is_that_of_the_c_library():
    rng = np.random.default_rng(1)
    y, x = (rng.normal(size=200_000) * 10 ** rng.uniform(-12, 12, 200_000) for _ in range(2))
    expected = np.array([math.atan2(*pair) for pair in zip(y, x, strict=True)])
    expected = np.where(expected < 0, expected + 2 * math.pi, expected)
    assert np.abs(angles_of(y, x) / expected - 1).max() < 4e-16 * 2


@pytest.mark.parametrize("y", [0.0, 1.0, -1.0, 1e-300, 3e29])
@pytest.mark.parametrize("x", [0.0, 1.0, -1.0, -1e-300, 3e29])
def test_axes_and_extremes(y, x):
    (found,) = angles_of([y], [x])
    assert found == pytest.approx(math.atan2(y, x) % (2 * math.pi), rel=1e-15, abs=1e-300)


def test_small_angles_keep_their_precision():
    y = 10.0 ** np.arange(-15, 0)
    assert angles_of(y, np.ones(15)) == pytest.approx(np.arctan(y), rel=5e-16)
