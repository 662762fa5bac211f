"""No figure is printed that the weights make impossible: what is printed in its place says why."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom.evaluation.classification import numbers as report
from jetloom.evaluation.classification.comparison import Jets as Rivals
from jetloom.evaluation.classification.comparison import areas, contest
from jetloom.evaluation.classification.log_odds import log_odds
from jetloom.evaluation.statistics.bootstrap import Draws
from jetloom.evaluation.statistics.histogram import Histogram
from jetloom.plots.dataset.inputs import outside
from jetloom.statistics import meaning
from jetloom.statistics.meaning import KEY, Figure, WeightSums

NAMES = ["gluon", "quark", "other"]


def jets_of(rng, rows, weights, classes=2):
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, rows - classes)])
    raw = np.exp(rng.normal(size=(rows, classes)) + (labels[:, None] == np.arange(classes)))
    return report.Jets(labels, raw / raw.sum(axis=1, keepdims=True), weights, np.arange(rows))


def numbers_of(jets, draws):
    curves, matrix = report.roc_curves(jets, draws), report.matrix(jets)
    names = NAMES[: jets.classes]
    return report.numbers(jets, names, report.overall(jets, draws), curves, report.calibrations(jets), matrix)


def entries(value):
    """All figures of a result: whatever has a value, wherever it stands."""
    if isinstance(value, dict):
        if "value" in value:
            yield value
        for part in value.values():
            yield from entries(part)
    if isinstance(value, list):
        for part in value:
            yield from entries(part)


weights_of_all_kinds = st.sampled_from(["signs", "one carries all", "few", "nearly balanced", "zero", "negative"])


def draw_weights(rng, kind, rows):
    match kind:
        case "signs":
            return np.where(rng.random(rows) < 0.44, -1.0, 1.0) * rng.exponential(1.0, rows)
        case "one carries all":
            return np.concatenate([[1e6], rng.uniform(0.5, 1.5, rows - 1)])
        case "nearly balanced":
            return rng.permutation(np.concatenate([np.tile([1.0, -1.0], rows // 2), [1e-6] * (rows % 2)]))
        case "zero":
            return np.zeros(rows)
        case "negative":
            return -rng.uniform(0.5, 1.5, rows)
        case _:
            return np.ones(rows)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), weights_of_all_kinds, st.integers(3, 60), st.integers(2, 3))
def test_whatever_the_weights_a_figure_is_possible_or_says_why_it_is_none(seed, kind, rows, classes):
    rng = np.random.default_rng(seed)
    jets = jets_of(rng, rows, draw_weights(rng, kind, rows), classes)
    found = numbers_of(jets, Draws(seed, 10))
    json.dumps(found, allow_nan=False)
    for name in ("accuracy", "auc"):
        entry = found["metrics"][name]
        assert (entry["value"] is None) == bool(entry.get(KEY))
        assert entry["value"] is None or (0 <= entry["value"] <= 1 + 1e-9 and entry["std"] <= 0.5)
    loss = found["metrics"]["loss"]
    assert loss["value"] is None or loss["value"] > 0
    for name, each in found["classes"].items():
        sums = WeightSums.of(jets.weights_of(NAMES.index(name)))
        assert each["effective_jets"] == pytest.approx(sums.effective)
        assert all(share is None or 0 <= share <= 1 + 1e-9 for share in each["confusion"].values())
        ece = each["calibration"]
        assert (ece["value"] is None) == bool(ece.get(KEY))
        assert ece["value"] is None or 0 <= ece["value"] <= 1
        if sums.doubt():
            assert each["auc_against_rest"]["value"] is None
            assert set(each["confusion"].values()) == {None}
    for pair in found["roc"]:
        if any(WeightSums.of(jets.weights_of(NAMES.index(pair[end]))).doubt() for end in ("signal", "background")):
            assert all(entry["value"] is None and entry[KEY] for entry in entries(pair))


@pytest.mark.parametrize("classes", [2, 3])
def test_jets_enough_of_equal_weight_are_never_doubted(classes):
    rng = np.random.default_rng(2)
    found = numbers_of(jets_of(rng, 60, np.ones(60), classes), Draws(1, 20))
    assert all(KEY not in entry for entry in entries(found))


def test_a_few_negative_weights_do_no_harm():
    rng = np.random.default_rng(5)
    weights = np.where(rng.random(2000) < 0.1, -1.0, 1.0)
    found = numbers_of(jets_of(rng, 2000, weights), Draws(1, 20))
    assert all(KEY not in entry for entry in entries(found))


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([], "no jets"),
        ([1.0], "1 jet"),
        ([1.0] * 3, "3 jets"),
        ([1.0] * 10, ""),
        ([0.1] * 10, ""),
        ([0.0] * 30, "all weights are 0"),
        ([30.0] + [1.0] * 20, "n_eff 2.7"),
        ([1.0, -1.0] * 30 + [2.0], "n_eff 0.062; see weights.negative"),
        ([1.0, -1.0] * 30, "sum of weights 0; see weights.negative"),
        ([-1.0] * 30, "sum of weights -30; see weights.negative"),
    ],
)
def test_reasons_by_hand(weights, words):
    """Negative weights are blamed only where there are some."""
    assert WeightSums.of(np.array(weights)).doubt() == words
    together = WeightSums()
    for part in np.array_split(np.array(weights), 4):
        together.add(part)
    assert together.doubt() == words


def test_limits_by_hand():
    assert meaning.doubt_of_share(43.5) == "43.5 is outside 0 to 1; see weights.negative"
    assert meaning.doubt_of_share(1.0, 17.0).startswith("± 17 is more")
    assert meaning.doubt_of_share(1.0, 0.02) == meaning.doubt_of_share(0.0) == ""
    assert meaning.doubt_of_mean(0.5, 0.0, 1.0) == ""
    assert "mean -2 of values from 0 to 1" in meaning.doubt_of_mean(-2.0, 0.0, 1.0)
    assert meaning.doubt_of_curve(np.array([0.0, 0.5, 0.45, 1.0])) == ""
    assert meaning.doubt_of_curve(np.array([0.0, 0.8, 0.45, 1.0])).startswith("the efficiency falls by 0.35")
    assert meaning.doubt_of_curve(np.array([0.0, 1.4, 1.4, 1.0])).startswith("the efficiency falls by 0.4")
    assert Figure.of(0.5, 0.1, "why").entry() == {"value": None, "std": None, KEY: "why"}
    assert Figure.share(0.5, 0.1, "").entry() == {"value": 0.5, "std": 0.1}


def test_a_comparison_says_it_too():
    rng = np.random.default_rng(3)
    rows = 4000
    signal = rng.random(rows) < 0.5
    scores = np.stack([rng.normal(signal, 1.0), rng.normal(signal, 2.0)])
    good = Rivals(signal, scores, np.ones(rows), np.arange(rows))
    bad = Rivals(signal, scores, np.where(signal, np.where(rng.random(rows) < 0.495, -1.0, 1.0), 1.0), np.arange(rows))
    assert not any(any(reasons) for reasons in contest(good, Draws(1, 10)).doubts.values())
    found = contest(bad, Draws(1, 10))
    for name in ("auc", "curve"):
        assert all("see weights.negative" in reason for reason in found.doubts[name])
    for estimate in (found.auc, found.passed, found.ratio, found.gain):
        assert np.isnan(estimate.value).all()
        assert np.isnan(estimate.std).all()
    binned = areas(bad, np.arange(rows), np.array([0.0, 2000.0, 4000.0]), Draws(1, 10))
    assert all(all(reasons) for reasons in binned.doubts)
    assert np.isnan(binned.auc.value).all()


def test_a_straight_line_of_log_odds_says_it_too():
    rng = np.random.default_rng(1)
    rows = 2000
    signal = rng.random(rows) < 0.5
    said = rng.normal(signal - 0.5, 1.0)
    assert log_odds(signal, said, np.ones(rows)).doubt == ""
    balanced = np.where(rng.random(rows) < 0.49, -1.0, 1.0)
    for odd, words in ((balanced, "n_eff"), (np.where(said > 1.0, -0.5, 1.0), "of 20 bins")):
        found = log_odds(signal, said, odd)
        assert words in found.doubt
        assert found.doubt.endswith("see weights.negative")
        assert np.isnan([found.line.chi2, *found.line.slope, *found.line.intercept]).all()


def test_a_distribution_is_drawn_if_its_area_means_something():
    edges = np.linspace(0, 1, 11)
    values = np.random.default_rng(3).random(400)
    assert Histogram(edges).fill(values[:4]).doubt() == ""
    balanced = np.tile([1.0, -1.0], 200)
    balanced[0] = 1.5
    filled = Histogram(edges).fill(values, balanced)
    assert filled.doubt().startswith("n_eff")
    assert not filled.distribution().density.any()
    assert Histogram(edges).fill(values, np.where(values < 0.1, -1.0, 1.0)).doubt() == ""


def test_what_is_outside_is_counted_and_not_weighed():
    """Shares by weight were negative where a negative weight was outside."""
    found = Histogram(np.array([0.0, 1.0])).fill(np.array([0.5, 0.5, 2.0, np.nan]), np.array([1.0, 1.0, -1.0, -0.5]))
    assert outside([found]) == "Outside: 25% above, 25% undefined"
    assert outside([Histogram(np.array([0.0, 1.0])).fill(np.full(3, np.nan))]) == "Outside: 100% undefined"
