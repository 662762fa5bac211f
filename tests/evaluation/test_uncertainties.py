"""Curves, matrices and bins by hand, and uncertainties that cover."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, roc_curve

from jetloom.evaluation.classification.binned import performance, quantile_edges
from jetloom.evaluation.classification.calibration import calibration
from jetloom.evaluation.classification.confusion import confusion
from jetloom.evaluation.classification.numbers import Jets, numbers, overall, roc_curves
from jetloom.evaluation.classification.numbers import calibrations as reliability
from jetloom.evaluation.classification.numbers import matrix as shares
from jetloom.evaluation.classification.roc import EFFICIENCIES, discriminant, rejection, roc
from jetloom.evaluation.statistics.bootstrap import Draws, bootstrap, event_keys, replicas
from jetloom.evaluation.statistics.histogram import Histogram
from jetloom.evaluation.statistics.intervals import effective_number, wilson
from jetloom.statistics.classification import accuracy, auc, cross_entropy
from jetloom.statistics.ranking import Ranking


def toy(rng, rows, classes=2):
    labels = rng.integers(0, classes, rows)
    raw = np.exp(rng.normal(size=(rows, classes)) + (labels[:, None] == np.arange(classes)))
    return labels, raw / raw.sum(axis=1, keepdims=True), rng.uniform(0.5, 1.5, rows)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(4, 60), st.booleans())
def test_efficiencies_agree_with_sklearn(seed, rows, ties):
    rng = np.random.default_rng(seed)
    positive = np.r_[True, False, rng.random(rows) < 0.5]
    scores = rng.random(rows + 2)
    scores = np.ceil(scores * 4) if ties else scores
    weights = rng.random(rows + 2) + 0.01
    background, signal, _ = roc_curve(positive, scores, sample_weight=weights, drop_intermediate=False)
    mine = Ranking(positive, scores).efficiencies(weights)
    np.testing.assert_allclose(mine, (signal, background))


def test_background_at_by_hand():
    # From the highest score: signal, background, signal, background.
    ranking = Ranking(np.array([1, 0, 1, 0], bool), np.array([4.0, 3.0, 2.0, 1.0]))
    np.testing.assert_allclose(ranking.background_at([0.25, 0.75, 1.0], np.ones(4)), [0.0, 0.5, 1.0])
    assert ranking.cut_at(0.5, np.ones(4)) == 4.0
    assert ranking.cut_at(0.6, np.ones(4)) == 2.0


def test_discriminant_ignores_further_classes():
    found = discriminant(np.array([[0.2, 0.1, 0.7], [0.6, 0.0, 0.4]]), 0, 1)
    np.testing.assert_allclose(found, [np.log(2), np.log(0.6) - np.log(1e-7)])


def test_rejection_of_nothing_is_infinite():
    np.testing.assert_array_equal(rejection([0.5, 0.0, -0.1]), [2, np.inf, np.inf])


def test_roc_of_a_class_without_jets_is_nan():
    labels, probabilities, weights = np.zeros(5, int), np.full((5, 2), 0.5), np.ones(5)
    curve = roc(labels, probabilities, weights, np.arange(5), (0, 1), Draws(0, 3))
    assert np.isnan(curve.rejection).all()
    assert np.isnan(curve.auc.value)
    assert curve.doubt == curve.auc.doubt == "no jets"


def test_roc_band_holds_the_curve():
    rng = np.random.default_rng(4)
    labels, probabilities, weights = toy(rng, 2000)
    curve = roc(labels, probabilities, weights, np.arange(2000), (1, 0), Draws(4, 100))
    assert np.array_equal(curve.efficiency, EFFICIENCIES)
    assert np.all((curve.low <= curve.rejection) & (curve.rejection <= curve.high))
    assert curve.auc.value == pytest.approx(auc(labels, probabilities, weights), abs=1e-6)


def test_bootstrap_covers():
    """The interval of one standard deviation holds the true mean in 68% of 200 experiments, within 3 sigma."""
    rng = np.random.default_rng(7)
    inside = 0
    for seed in range(200):
        values, weights = rng.exponential(1.0, 150), rng.uniform(0.2, 2.0, 150)
        found = bootstrap(lambda w, v=values: (v * w).sum() / w.sum(), weights, np.arange(150), Draws(seed, 60))
        inside += abs(found.value - 1.0) < found.std
    assert abs(inside / 200 - 0.683) < 3 * np.sqrt(0.683 * 0.317 / 200)


def test_bootstrap_knows_that_jets_of_an_event_belong_together():
    rng = np.random.default_rng(1)
    values = np.repeat(rng.normal(size=200), 4)
    alone = bootstrap(lambda w: (values * w).sum() / w.sum(), np.ones(800), np.arange(800), Draws(1))
    together = bootstrap(lambda w: (values * w).sum() / w.sum(), np.ones(800), np.arange(800) // 4, Draws(1))
    assert together.std / alone.std == pytest.approx(2.0, rel=0.25)


def test_bootstrap_repeats_with_its_seed():
    weights = np.ones(50)
    first, second = (bootstrap(lambda w: (w * np.arange(50)).sum(), weights, np.arange(50), Draws(3)) for _ in "ab")
    assert first == second


def test_an_event_has_one_key_by_sample_run_and_number():
    run, event, sample = np.array([1, 2, 1, 1, 1]), np.array([7, 7, 7, 8, 7]), np.array([0, 0, 0, 0, 1])
    keys = event_keys(run, event, sample)
    assert keys[0] == keys[2]
    assert len(set(keys.tolist())) == 4
    assert next(replicas(np.zeros(0, int), Draws(0, 2))).shape == (0,)


def test_replicas_are_poisson_numbers_that_know_nothing_of_each_other():
    counts = np.stack(list(replicas(np.arange(20_000), Draws(3, 20))))
    expected = np.exp(-1) / np.array([1, 1, 2, 6, 24])
    shares = np.array([(counts == number).mean() for number in range(5)])
    np.testing.assert_allclose(shares, expected, atol=5 * np.sqrt(0.25 / counts.size))
    assert np.abs(np.corrcoef(counts) - np.eye(20)).max() < 5 / np.sqrt(20_000)
    assert np.abs(np.corrcoef(counts.T[:100]) - np.eye(100)).max() < 0.95
    other = np.stack(list(replicas(np.arange(20_000), Draws(4, 20))))
    assert abs(np.corrcoef(counts.ravel(), other.ravel())[0, 1]) < 5 / np.sqrt(counts.size)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**70), st.data())
def test_an_event_counts_alike_among_whatever_jets_it_stands(seed, data):
    """So the error of a figure does not depend on who asks, nor in which order."""
    events = event_keys(np.full(40, 3), np.arange(40) // 2, np.zeros(40, "u1"))
    chosen = np.array(data.draw(st.permutations(range(40)))[: data.draw(st.integers(1, 40))])
    for among_all, alone in zip(
        replicas(events, Draws(seed, 5)), replicas(events[chosen], Draws(seed, 5)), strict=True
    ):
        np.testing.assert_array_equal(among_all[chosen], alone)
        np.testing.assert_array_equal(among_all[0::2], among_all[1::2])


def test_confusion_agrees_with_sklearn():
    labels, probabilities, weights = toy(np.random.default_rng(2), 300, 3)
    found = confusion(labels, probabilities, weights)
    expected = confusion_matrix(labels, probabilities.argmax(1), sample_weight=weights)
    np.testing.assert_allclose(found.sums, expected)
    np.testing.assert_allclose(found.shares.sum(axis=1), 1.0)
    assert np.all((found.low <= found.shares) & (found.shares <= found.high))


def test_confusion_of_a_class_without_jets():
    found = confusion(np.zeros(2, int), np.array([[0.9, 0.1], [0.2, 0.8]]), np.ones(2))
    np.testing.assert_array_equal(found.sums, [[1, 1], [0, 0]])
    assert np.isnan(found.shares[1]).all()


def test_wilson_by_hand():
    low, high = wilson(np.array([0.0, 0.5]), np.array([9.0, 9.0]))
    np.testing.assert_allclose(low, [0.0, 0.5 - np.sqrt(0.25 / 9 + 0.25 / 81) / (10 / 9)])
    np.testing.assert_allclose(high, [0.1, 0.5 + np.sqrt(0.25 / 9 + 0.25 / 81) / (10 / 9)])
    assert effective_number(np.array(4.0), np.array(4.0)) == 4


def test_calibration_by_hand():
    # Two bins: scores 0.2 and 0.4 with one of two right, score 0.9 twice with both right.
    found = calibration(np.array([1, 0, 1, 1], bool), np.array([0.2, 0.4, 0.9, 0.9]), np.ones(4), bins=2)
    np.testing.assert_allclose(found.predicted, [0.3, 0.9])
    np.testing.assert_allclose(found.observed, [0.5, 1.0])
    assert found.ece == pytest.approx(0.5 * 0.2 + 0.5 * 0.1)


def test_perfect_calibration_has_no_error():
    rng = np.random.default_rng(9)
    scores = rng.random(200_000)
    assert calibration(rng.random(200_000) < scores, scores, np.ones(200_000)).ece < 0.01


def test_quantile_edges():
    np.testing.assert_allclose(quantile_edges(np.arange(801.0), 8), np.linspace(0, 800, 9))
    assert len(quantile_edges(np.arange(60.0))) == 2
    np.testing.assert_array_equal(quantile_edges(np.full(500, 3.0)), [2.5, 3.5])
    np.testing.assert_array_equal(quantile_edges(np.zeros(0)), [0, 1])


def test_performance_by_hand():
    # One cut for both bins: it keeps the upper half of the signal, which lies in the second bin.
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    signal = np.array([0.6, 0.65, 0.8, 0.9, 0.1, 0.2, 0.3, 0.85])
    variable = np.array([0.5, 0.5, 1.5, 2.0, 0.5, 0.5, 1.5, 1.5])
    probabilities = np.stack([signal, 1 - signal], axis=1)
    found = performance(
        labels, probabilities, np.ones(8), np.arange(8), (0, 1), variable, np.array([0.0, 1.0, 2.0]),
        Draws(0),
    )  # fmt: skip
    np.testing.assert_allclose(found.efficiency, [0.0, 1.0])
    np.testing.assert_allclose(found.rejection, [np.inf, 2.0])


def test_histogram_by_hand():
    histogram = Histogram(np.array([0.0, 1.0, 3.0]))
    histogram.fill(np.array([0.5, 2.0]), np.array([2.0, -1.0])).fill(np.array([3.0, 3.1, -1.0, np.nan]))
    np.testing.assert_array_equal(histogram.sums, [2.0, 0.0])
    np.testing.assert_array_equal(histogram.squares, [4.0, 2.0])
    assert (histogram.under, histogram.over, histogram.missing, histogram.entries) == (1.0, 1.0, 1.0, 6)
    density, error = histogram.density()
    np.testing.assert_allclose(density, [2 / 5, 0])
    np.testing.assert_allclose(error, [2 / 5, np.sqrt(2) / 10])


@pytest.mark.parametrize("classes", [2, 3])
def test_report_repeats_the_metrics(classes):
    rng = np.random.default_rng(8)
    labels, probabilities, weights = toy(rng, 500, classes)
    jets = Jets(labels, probabilities, weights, np.arange(500))
    found = overall(jets, Draws(8, 20))
    for name, function in (("loss", cross_entropy), ("accuracy", accuracy), ("auc", auc)):
        assert found[name].value == pytest.approx(function(labels, probabilities, weights))
        assert found[name].std > 0
    names = [f"c{index}" for index in range(classes)]
    curves = roc_curves(jets, Draws(8, 5))
    result = numbers(jets, names, found, curves, reliability(jets), shares(jets))
    assert len(result["roc"]) == classes * (classes - 1)
    assert sum(entry["jets"] for entry in result["classes"].values()) == 500
