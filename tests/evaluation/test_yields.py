"""Yields of events: scaled from the test part to all, stacked by class, and the significance by its formula."""

import math

import numpy as np
import pytest

from jetloom.evaluation.classification.yields import scales_of, significance_of, significances, stacked


def test_the_test_part_stands_for_all_events():
    summary = [
        {"class": name, "part": part, "sum_of_event_weights": value}
        for name, part, value in (("a", "fold0", 3.0), ("a", "fold1", 5.0), ("b", "fold0", 2.0), ("b", "fold1", 0.5))
    ]
    np.testing.assert_allclose(scales_of(summary, ["fold0"], ["a", "b"]), [8 / 3, 2.5 / 2])


def test_stacks_hold_all_weight():
    labels, scores = np.array([0, 1, 1]), np.array([[1.0, 0.0], [0.2, 0.8], [0.5, 0.5]])
    first, second = stacked(labels, scores, np.array([2.0, 3.0, 4.0]), 2)
    assert first.sums.sum(axis=1).tolist() == second.sums.sum(axis=1).tolist() == [2.0, 7.0]
    assert first.sums[0, -1] == 2.0  # a score of 1 is in the last bin
    assert first.squares.sum() == 29.0


def test_the_significance_is_that_of_the_formula():
    # 100 background events of weight 1 and 20 of signal: sqrt(2 ((s + b) ln(1 + s / b) - s))
    expected = math.sqrt(2 * (120 * math.log(1.2) - 20))
    one = np.array([100.0])
    assert significance_of(np.array([20.0]), one, one) == pytest.approx(expected)
    # A last bin of two background events is added to the one below; two good bins add in quadrature.
    few = significance_of(np.array([15.0, 5.0]), np.array([98.0, 2.0]), np.array([98.0, 2.0]))
    assert few == pytest.approx(expected)
    two = significance_of(np.array([20.0, 20.0]), np.array([100.0, 100.0]), np.array([100.0, 100.0]))
    assert two == pytest.approx(math.sqrt(2) * expected)


def test_at_each_value_all_background_counts():
    random = np.random.default_rng(1)
    labels = np.repeat([0, 1], [100, 2000])
    conditions = np.concatenate([np.repeat([0, 1], 50), random.integers(0, 2, 2000)])
    weights = np.ones(2100)
    score = np.full(2100, 0.5)
    found = significances((labels, score, weights), conditions, [{"mass": 300.0}, {"mass": 500.0}], 0, "hh")
    np.testing.assert_allclose(found.background_events, 2000)
    np.testing.assert_allclose(found.signal_events, 50)
    expected = math.sqrt(2 * (2050 * math.log(1 + 50 / 2000) - 50))
    np.testing.assert_allclose(found.significance, expected)
