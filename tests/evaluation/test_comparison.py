import numpy as np
import pytest

from jetloom.evaluation.classification.comparison import (
    FEWEST_RANKED,
    Jets,
    areas,
    contest,
    correlations_of,
    edges_of,
    members,
    rank_correlations,
)
from jetloom.evaluation.statistics.bootstrap import Draws
from jetloom.statistics.classification import binary_auc
from rivals import draw


def jets_of(models, rows=4000, seed=1):
    jets, x = draw(rows, seed)
    noise = np.random.default_rng(seed + 100)
    scores = np.stack([model(x, noise) for model in models])
    events = (jets["event_number"]).astype(int)
    return Jets(jets["label"] == 1, scores, jets["weight"].astype(float), events), jets, x


def right(x, noise):
    return x


def worse(x, noise):
    return x + noise.normal(0, 0.3, len(x))


def test_areas_and_accuracies_are_those_of_the_metrics():
    jets, _, x = jets_of([right, worse])
    found = contest(jets, Draws(0, 20))
    for place in range(2):
        assert found.auc.value[place] == pytest.approx(
            binary_auc(jets.signal, jets.log_ratios[place], jets.weights), rel=1e-12
        )
    share = (jets.weights * ((x > 0) == jets.signal)).sum() / jets.weights.sum()
    assert found.accuracy.value[0] == pytest.approx(share, rel=1e-12)
    assert found.jets == (int((~jets.signal).sum()), int(jets.signal.sum()))
    assert found.passed.value.shape == (2, 96)
    assert found.passed.value[0, -1] == pytest.approx(1.0)
    np.testing.assert_allclose(found.ratio.value[1], found.passed.value[0] / found.passed.value[1])


def test_differences_are_antisymmetric_and_known_better_than_areas():
    jets, *_ = jets_of([right, worse])
    found = contest(jets, Draws(0, 100))
    np.testing.assert_allclose(found.gain.value, -found.gain.value.T, atol=1e-15)
    assert found.gain.value[0, 1] == pytest.approx(found.auc.value[0] - found.auc.value[1])
    assert found.gain.std[0, 0] == 0
    assert found.gain.std[0, 1] < 0.5 * min(found.auc.std)
    assert found.gain.value[0, 1] > 3 * found.gain.std[0, 1]


def test_the_deviation_of_a_difference_is_its_spread_over_samples():
    stds, gains = [], []
    for seed in range(40):
        jets, *_ = jets_of([right, worse], 1000, seed)
        found = contest(jets, Draws(seed, 40))
        stds.append(found.gain.std[0, 1])
        gains.append(found.gain.value[0, 1])
    assert np.mean(stds) == pytest.approx(np.std(gains, ddof=1), rel=0.35)


def test_the_band_of_a_ratio_of_rejections_is_that_of_the_same_jets():
    jets, *_ = jets_of([right, worse], 20_000)
    found = contest(jets, Draws(0, 100))
    at = 45  # half of the signal
    relative = found.passed.std[:, at] / found.passed.value[:, at]
    assert 0 < found.ratio.std[1, at] < 0.7 * found.ratio.value[1, at] * np.hypot(*relative)
    np.testing.assert_array_equal(found.ratio.std[0], 0.0)


def test_where_no_background_passes_there_is_no_ratio():
    signal = np.arange(400) % 2 == 1
    scores = np.stack([signal + 0.0, np.tile([0.0, 1.0, 1.0, 0.0], 100)])
    found = contest(Jets(signal, scores, np.ones(400), np.arange(400)), Draws(0, 5))
    assert np.isnan(found.ratio.value[0, 0])
    assert found.ratio.value[1, 0] == 0.0


def test_equal_models_do_not_differ():
    jets, *_ = jets_of([right, right])
    found = contest(jets, Draws(0, 10))
    assert found.gain.value[0, 1] == found.gain.std[0, 1] == 0


def test_areas_in_bins_are_those_of_their_jets():
    jets, rows, _ = jets_of([right, worse])
    edges = np.array([20.0, 100.0, 300.0, 500.0])
    found = areas(jets, rows["pt"], edges, Draws(0, 10))
    for place in range(3):
        inside = (rows["pt"] >= edges[place]) & (rows["pt"] < edges[place + 1])
        mine = jets.take(inside)
        assert found.jets[place].sum() == inside.sum()
        for model in range(2):
            expected = binary_auc(mine.signal, mine.log_ratios[model], mine.weights)
            assert found.auc.value[model, place] == pytest.approx(expected, rel=1e-12)
    assert (found.auc.std > 0).all()


def test_a_bin_without_jets_of_a_class_has_no_area():
    jets, rows, _ = jets_of([right])
    pt = np.where(jets.signal, rows["pt"], 200.0)
    found = areas(jets, pt, np.array([20.0, 100.0, 300.0]), Draws(0, 5))
    assert np.isnan(found.auc.value[0, 0])
    assert np.isfinite(found.auc.value[0, 1])


def test_the_last_bin_holds_its_upper_edge_and_what_is_outside_is_in_none():
    found = members(np.array([0.0, 1.0, 2.0, 3.0, -1.0, 3.5]), np.array([0.0, 1.0, 3.0]))
    assert [list(index) for index in found] == [[0], [1, 2, 3]]


def test_correlations_of_ranks_against_scipy():
    from scipy.stats import spearmanr

    jets, *_ = jets_of([right, worse], 500)
    scores = np.vstack([jets.log_ratios, -np.exp(jets.log_ratios[:1])])
    found = rank_correlations(scores)
    np.testing.assert_allclose(found, spearmanr(scores, axis=1).statistic, atol=1e-12)
    assert found[0, 2] == pytest.approx(-1.0)


@pytest.mark.parametrize("jets", [0, 1, FEWEST_RANKED - 1, FEWEST_RANKED])
def test_ranks_of_few_jets_have_no_correlation(jets):
    found = correlations_of(np.random.default_rng(1).normal(size=(2, jets)))
    assert found.jets == jets
    assert bool(found.doubt) == (jets < FEWEST_RANKED) == bool(np.isnan(found.matrix).all())
    assert found.matrix.shape == (2, 2)


def test_edges_are_those_given_or_of_equally_many_jets():
    values = np.arange(1000.0)
    assert list(edges_of(values, [0, 5, 9], 4)) == [0, 5, 9]
    assert list(np.histogram(values, edges_of(values, [], 4))[0]) == [250] * 4
