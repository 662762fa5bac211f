"""Pairs of densities head by head: known separations, and a head that is nothing but error."""

import numpy as np
import pytest

from jetloom.evaluation.density.log_p import HEADS
from jetloom.evaluation.ratio.separation import LogP, separation
from jetloom.evaluation.statistics.bootstrap import Draws

Z, THETA, PHI = (HEADS.index(name) for name in ("z", "theta", "phi"))


def pair(rows=20_000, error=1.0, shared=5.0, seed=1):
    """z tells the classes apart as two normal distributions one deviation apart do; theta errs, phi errs alike."""
    rng = np.random.default_rng(seed)
    signal = rng.random(rows) < 0.4
    x = rng.normal(np.where(signal, 0.5, -0.5), 1.0)
    of_signal, of_background = np.zeros((2, rows, 6))
    of_signal[:, Z], of_background[:, Z] = -0.5 * (x - 0.5) ** 2, -0.5 * (x + 0.5) ** 2
    of_signal[:, THETA] = rng.normal(-7.0, error, rows)
    of_background[:, THETA] = -7.0
    both = rng.normal(-shared, shared, rows)
    of_signal[:, PHI] = of_background[:, PHI] = both
    return LogP(signal, of_signal, of_background, rng.uniform(0.5, 1.5, rows), np.arange(rows))


@pytest.fixture(scope="module")
def found():
    return separation(pair(), Draws(1, 50))


def test_separation_in_nats_is_the_divergence_of_the_two_distributions(found):
    # Kullback-Leibler divergence of two normal distributions one deviation apart: 1 / 2, either way.
    for place in (Z, len(HEADS)):
        np.testing.assert_allclose(found.apart.value[place], 0.5, atol=0.04)
    assert (found.apart.std[Z] > 0).all()
    np.testing.assert_array_equal(found.apart.value[[0, 1, PHI]], 0.0)
    np.testing.assert_allclose(found.apart.value[:-1].sum(axis=0), found.apart.value[-1], atol=1e-12)


def test_the_slope_of_a_head_says_how_much_of_its_ratio_is_true(found):
    assert found.lines[Z].slope[0] == pytest.approx(1.0, abs=4 * found.lines[Z].slope[1])
    assert abs(found.lines[THETA].slope[0]) < 4 * found.lines[THETA].slope[1]
    # x and an error as broad: the best that can be done of their sum is one half of it.
    assert found.lines[-1].slope[0] == pytest.approx(0.5, abs=0.05)
    assert np.isnan(found.lines[PHI].slope[0])


def test_the_head_that_ruins_a_ratio_is_named_and_an_error_of_both_is_not(found):
    assert found.ruinous == ["theta"]
    assert found.without.value[THETA] > 5 * found.without.std[THETA] > 0
    assert found.without.value[Z] < -5 * found.without.std[Z]
    assert found.without.value[PHI] == found.without.std[PHI] == 0.0
    assert separation(pair(error=0.0), Draws(1, 20)).ruinous == []


def test_surprise_is_the_mean_under_each_density(found):
    jets = pair()
    for row, chosen in enumerate((~jets.signal, jets.signal)):
        for column, log_p in enumerate((jets.of_background, jets.of_signal)):
            mean = np.average(-log_p[chosen].sum(axis=1), weights=jets.weights[chosen])
            assert found.surprise.value[row, column] == pytest.approx(mean)
    assert found.surprise.value[0, 0] < found.surprise.value[0, 1]
    assert found.surprise.value[1, 1] < found.surprise.value[1, 0]


def test_jets_of_one_class_leave_unknown_what_needs_both():
    jets = pair(200)
    one = LogP(np.ones(200, bool), jets.of_signal, jets.of_background, jets.weights, jets.events)
    found = separation(one, Draws(1, 5))
    assert np.isnan(found.surprise.value[0]).all()
    assert np.isfinite(found.surprise.value[1]).all()
    assert np.isnan(found.without.value).all()
    assert found.doubts == ("no jets", "")
    assert found.doubt == "no jets"
    assert found.ruinous == []
