"""The test of Kolmogorov and Smirnov on weighted samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetloom.statistics.two_samples import kolmogorov_smirnov


def test_it_is_the_known_one_for_equal_weights():
    scipy = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=300), rng.normal(0.2, 1.1, size=200)
    found = kolmogorov_smirnov(one, other, np.ones(300), np.full(200, 7.0))
    assert found.value == pytest.approx(scipy.ks_2samp(one, other).statistic)
    assert found.critical == pytest.approx(1.358 * np.sqrt(500 / 60000))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_a_weight_is_as_good_as_so_many_rows(counts):
    values = np.arange(len(counts), dtype=float)
    weights = np.array(counts, float)
    if weights.sum() == 0:
        assert np.isnan(kolmogorov_smirnov(values, values, weights, weights).value)
        return
    repeated = np.repeat(values, counts)
    other = values[::-1] / 2
    ones = np.ones(len(other))
    found = kolmogorov_smirnov(values, other, weights, ones).value
    assert found == pytest.approx(kolmogorov_smirnov(repeated, other, np.ones(len(repeated)), ones).value)
    assert kolmogorov_smirnov(values, repeated, weights, np.ones(len(repeated))).value == pytest.approx(0, abs=1e-12)


def test_samples_that_do_not_overlap_have_distance_one():
    found = kolmogorov_smirnov(np.zeros(3), np.ones(4), np.ones(3), np.ones(4))
    assert found.value == pytest.approx(1)


def test_effective_numbers_set_what_chance_does():
    values = np.arange(100.0)
    uneven = np.concatenate([np.full(10, 1.0), np.full(90, 1e-6)])
    assert kolmogorov_smirnov(values, values, uneven, np.ones(100)).critical == pytest.approx(
        1.358 * np.sqrt((10 + 100) / 1000), rel=1e-3
    )
