import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom.data.fitting.moments import Moments, Quantiles, fit_quantiles

rng = np.random.default_rng(2)
VALUES = np.stack([rng.normal(1e4, 1.0, 997), rng.exponential(3, 997), rng.uniform(-1, 1, 997), np.full(997, 7.25)], 1)
VALUES[rng.random(997) < 0.1, 1] = np.nan
VALUES = VALUES.astype(np.float32)


def _stream(cuts):
    moments = Moments(4)
    for block in np.split(VALUES, sorted(cuts)):
        moments.add(block)
    return moments


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 997), max_size=20))
def test_a_stream_of_any_blocks_equals_numpy(cuts):
    moments, exact = _stream(cuts), VALUES.astype(np.float64)
    np.testing.assert_allclose(moments.mean, np.nanmean(exact, axis=0), rtol=1e-10)
    np.testing.assert_allclose(moments.std[:3], np.nanstd(exact, axis=0)[:3], rtol=1e-6)
    np.testing.assert_array_equal(moments.low, np.nanmin(exact, axis=0))
    np.testing.assert_array_equal(moments.high, np.nanmax(exact, axis=0))
    np.testing.assert_allclose(moments.missing, np.isnan(exact).mean(axis=0))
    assert moments.rows == 997


def test_a_constant_column_can_be_divided_by():
    assert _stream([100]).std[3] == 1.0


def test_nothing_and_nan_alone():
    moments = Moments(1)
    moments.add(np.zeros((0, 1), np.float32))
    assert moments.missing.tolist() == [1.0]
    moments.add(np.full((3, 1), np.nan, np.float32))
    assert (moments.rows, moments.count.tolist()) == (3, [0.0])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 997), max_size=8), st.floats(0.01, 0.99))
def test_quantiles_are_right_to_the_width_of_a_bin(cuts, probability):
    moments = _stream([])
    quantiles = Quantiles(moments.low, moments.high)
    for block in np.split(VALUES, sorted(cuts)):
        quantiles.add(block)
    width = (moments.high - moments.low) / 4096
    # One jet more or less, and two bins.
    below = np.nanquantile(VALUES, max(probability - 2e-3, 0), axis=0, method="lower")
    above = np.nanquantile(VALUES, min(probability + 2e-3, 1), axis=0, method="higher")
    found = quantiles.at(probability)
    assert (found >= below - 2 * width - 1e-9).all()
    assert (found <= above + 2 * width + 1e-9).all()


def test_quantiles_with_weights():
    quantiles = Quantiles(np.array([0.0]), np.array([10.0]))
    quantiles.add(np.array([[1.0], [9.0]]), np.array([9.0, 1.0]))
    assert quantiles.at(0.5)[0] == pytest.approx(1.0, abs=0.01)
    assert quantiles.at(0.95)[0] == pytest.approx(9.0, abs=0.01)


def test_nan_is_left_out_and_infinities_are_at_the_ends():
    quantiles = Quantiles(np.array([0.0]), np.array([1.0]))
    quantiles.add(np.array([[np.nan], [-np.inf], [np.inf], [0.5]]))
    assert quantiles.counts.sum() == 3
    assert quantiles.counts[0, 0] == quantiles.counts[0, -1] == 1


def test_one_outlier_does_not_blind_the_quantiles():
    values = np.append(np.random.default_rng(1).exponential(50, 10_000), 1e7)[:, np.newaxis]
    fitted = fit_quantiles(lambda: iter([(values[:5000], None), (values[5000:], None)]), values.min(0), values.max(0))
    assert fitted.at(0.5)[0] == pytest.approx(np.median(values), rel=0.2)
