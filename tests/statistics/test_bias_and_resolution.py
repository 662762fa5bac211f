"""Bias and resolution, against plain definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetloom.statistics.regression import ONE_SIGMA, Residuals, bias, doubt_of_spread, resolution


def test_a_normal_distribution_has_its_own_width():
    rng = np.random.default_rng(2)
    residuals = rng.normal(0.3, 2.0, 200_000)
    weights = rng.uniform(0.5, 1.5, len(residuals))
    assert bias(residuals, weights) == pytest.approx(0.3, abs=0.02)
    assert resolution(residuals, weights) == pytest.approx(2.0, rel=0.01)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30), st.integers(2, 5))
def test_a_weight_counts_as_so_many_rows(values, times):
    values = np.array(values)
    weights = np.ones(len(values))
    weights[0] = times
    repeated = np.concatenate([np.repeat(values[0], times - 1), values])
    assert bias(values, weights) == pytest.approx(repeated.mean(), abs=1e-9)
    order = np.sort(values)
    found = Residuals(values).quantiles(weights, (0.0, 0.3, 0.5, 1.0))
    assert (np.diff(found) >= 0).all()
    assert (found[0], found[-1]) == (order[0], order[-1])


def test_quantiles_by_hand():
    # Each of four equal values stands in the middle of its quarter: at 1/8, 3/8, 5/8, 7/8.
    assert Residuals(np.array([4.0, 1.0, 3.0, 2.0])).quantiles(np.ones(4), (0.125, 0.25, 0.5, 0.875)).tolist() == [
        1,
        1.5,
        2.5,
        4,
    ]
    low, high = Residuals(np.arange(1000.0)).quantiles(np.ones(1000), ONE_SIGMA)
    assert resolution(np.arange(1000.0), np.ones(1000)) == (high - low) / 2 == pytest.approx(341.34, abs=0.1)


def test_a_row_and_its_negative_twin_cancel():
    rng = np.random.default_rng(3)
    values, weights = rng.normal(size=50), np.ones(50)
    twice = np.r_[values, 7.0, 7.0], np.r_[weights, 3.0, -3.0]
    assert bias(*twice) == pytest.approx(bias(values, weights))


def test_what_means_nothing_says_why():
    assert np.isnan(bias(np.ones(2), np.array([1.0, -1.0])))
    assert np.isnan(resolution(np.ones(2), np.array([1.0, -2.0])))
    assert doubt_of_spread(np.ones(20), np.ones(20)) == ""
    assert doubt_of_spread(np.ones(3), np.ones(3)) == "3 jets"
    assert doubt_of_spread(np.full(20, np.nan), np.ones(20)) == "not a number"
