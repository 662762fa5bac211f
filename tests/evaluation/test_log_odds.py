import numpy as np
import pytest

from jetloom.evaluation.classification.log_odds import log_odds, straight_line
from rivals import draw


def signal_and_weights(rows, seed=1):
    jets, x = draw(rows, seed)
    return jets["label"] == 1, x, jets["weight"].astype(float)


@pytest.mark.parametrize(("factor", "slope"), [(1.0, 1.0), (2.0, 0.5), (0.5, 2.0)])
def test_the_slope_says_how_sure_a_model_is(factor, slope):
    signal, x, weights = signal_and_weights(40_000)
    found = log_odds(signal, factor * x, weights * np.where(signal, 3.0, 1.0))
    assert found.line.slope[0] == pytest.approx(slope, abs=4 * found.line.slope[1] + 0.02)
    pulls = (found.observed - slope * found.said) / found.std
    assert np.sqrt(np.mean(pulls[1:-1] ** 2)) < 2.0


def test_log_odds_of_a_model_that_says_one_thing():
    signal, _, weights = signal_and_weights(100)
    found = log_odds(signal, np.zeros(100), weights)
    assert len(found.said) <= 1
    assert np.isnan(found.line.slope[0])


def test_the_line_is_that_of_numpy():
    rng = np.random.default_rng(2)
    x, std = rng.uniform(-3, 5, 30), rng.uniform(0.1, 0.5, 30)
    y = 0.4 + 0.7 * x + rng.normal(0, std)
    found = straight_line(x, y, std)
    expected, covariance = np.polyfit(x, y, 1, w=1 / std, cov="unscaled")
    np.testing.assert_allclose([found.slope[0], found.intercept[0]], expected)
    np.testing.assert_allclose([found.slope[1], found.intercept[1]], np.sqrt(np.diag(covariance)))
    assert found.chi2 == pytest.approx((((y - np.polyval(expected, x)) / std) ** 2).sum())
    assert found.freedom == 28


def test_a_shift_is_the_intercept_and_a_right_model_is_a_line():
    signal, x, weights = signal_and_weights(40_000)
    found = log_odds(signal, x - 0.5, weights)
    assert found.line.intercept[0] == pytest.approx(0.5, abs=4 * found.line.intercept[1])
    assert found.line.chi2 < 2 * found.line.freedom
    bent = log_odds(signal, x**3, weights)
    assert bent.line.chi2 > 10 * bent.line.freedom
