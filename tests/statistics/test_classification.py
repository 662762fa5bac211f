"""The metrics agree with scikit-learn and with small cases done by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from jetloom.statistics import classification as metrics


def jets(seed, rows, classes, ties):
    """Labels with every class present, probabilities (with ties if asked) and positive weights."""
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, rows)])
    raw = rng.random((len(labels), classes)) + 0.05
    if ties:
        raw = np.ceil(raw * 3)
    return labels, raw / raw.sum(axis=1, keepdims=True), rng.random(len(labels)) + 0.01


cases = given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.integers(2, 4), st.booleans())


@settings(max_examples=60, deadline=None)
@cases
def test_metrics_agree_with_sklearn(seed, rows, classes, ties):
    labels, probabilities, weights = jets(seed, rows, classes, ties)
    answer = np.argmax(probabilities, axis=1)
    assert metrics.accuracy(labels, probabilities, weights) == pytest.approx(
        accuracy_score(labels, answer, sample_weight=weights)
    )
    assert metrics.cross_entropy(labels, probabilities, weights) == pytest.approx(
        log_loss(labels, probabilities, sample_weight=weights, labels=list(range(classes)))
    )
    expected = np.mean(
        [roc_auc_score(labels == k, probabilities[:, k], sample_weight=weights) for k in range(classes)]
        if classes > 2
        else roc_auc_score(labels == 1, probabilities[:, 1], sample_weight=weights)
    )
    assert metrics.auc(labels, probabilities, weights) == pytest.approx(expected)


def test_auc_by_hand_with_a_negative_weight():
    # Pairs (signal, background): 0.9>0.5 (1x2), 0.9>0.1 (1x-1), 0.5=0.5 (half of 1x2), 0.5>0.1 (1x-1): 1 / (2 x 1).
    positive = np.array([True, True, False, False])
    scores = np.array([0.9, 0.5, 0.5, 0.1])
    weights = np.array([1.0, 1.0, 2.0, -1.0])
    assert metrics.binary_auc(positive, scores, weights) == pytest.approx((2 - 1 + 1 - 1) / 2)


def test_a_jet_and_its_negative_twin_cancel():
    labels, probabilities, weights = jets(3, 40, 3, ties=True)
    twice = (np.r_[labels, 2, 2], np.r_[probabilities, [[0.3, 0.3, 0.4]] * 2], np.r_[weights, 7.0, -7.0])
    for function in (metrics.accuracy, metrics.auc, metrics.cross_entropy):
        assert function(*twice) == pytest.approx(function(labels, probabilities, weights))


def test_undefined_is_nan():
    one = (np.zeros(3, int), np.full((3, 2), 0.5), np.ones(3))
    assert np.isnan(metrics.auc(*one))
    assert metrics.accuracy(*one) == 1.0
    empty = (np.zeros(0, int), np.zeros((0, 3)), np.zeros(0))
    for function in (metrics.accuracy, metrics.auc, metrics.cross_entropy):
        assert np.isnan(function(*empty))


def test_a_hopeless_jet_costs_a_finite_loss():
    assert metrics.cross_entropy(np.array([0]), np.array([[0.0, 1.0]])) == pytest.approx(-np.log(1e-7))
