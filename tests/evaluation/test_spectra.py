"""Spectra of trees, their covariances, and chi^2; weights that turn one class into another."""

import numpy as np
import pytest

import toy_trees
from jetloom.evaluation.density.spectra import SPECTRA, Spectrum, agreement, chi_square, spectra_of
from jetloom.evaluation.ratio.likelihood_weights import likelihood_weights
from jetloom.evaluation.ratio.seeds import SeedRatio, fit_seed_ratio
from toy_binning import BINNING


def filled(counts, weights):
    spectrum = Spectrum.empty(np.arange(counts.shape[1] + 1.0))
    spectrum.fill(counts.astype("f8"), weights)
    return spectrum


def test_mean_and_covariance_are_those_of_numpy():
    rng = np.random.default_rng(0)
    counts = rng.poisson([3.0, 1.0, 0.2], (500, 3)) + rng.poisson(1.0, (500, 1))
    found = filled(counts, np.full(500, 2.0))
    np.testing.assert_allclose(found.mean(), counts.mean(axis=0))
    np.testing.assert_allclose(found.covariance(), np.cov(counts.T, ddof=0) / 500)
    weights = rng.uniform(0.5, 2.0, 500)
    halves = filled(counts[:200], weights[:200])
    halves.fill(counts[200:].astype("f8"), weights[200:])
    np.testing.assert_allclose(halves.covariance(), filled(counts, weights).covariance())


def test_chi_square_of_equal_distributions_is_their_degrees_of_freedom():
    rng = np.random.default_rng(1)
    found = []
    for _ in range(100):
        # Strongly correlated bins, and shares that sum to one.
        samples = [rng.poisson([3.0, 1.0, 0.5], (300, 3)) * rng.integers(1, 4, (300, 1)) for _ in range(2)]
        found.append(chi_square(*(filled(counts, np.ones(300)) for counts in samples)))
    values, freedoms = np.array(found).T
    assert set(freedoms) == {3}
    assert values.mean() == pytest.approx(3.0, abs=0.8)
    shares = [np.eye(4)[rng.integers(0, 3, 400)] for _ in range(2)]
    value, freedom = chi_square(*(filled(counts, np.ones(400)) for counts in shares))
    assert freedom == 2  # one bin is empty, and the others sum to one
    assert value < 20
    assert chi_square(filled(shares[0], np.ones(400)), filled(np.eye(4)[np.zeros(400, int)], np.ones(400)))[0] > 50


def test_two_samples_agree_or_not_or_nobody_can_say():
    rng = np.random.default_rng(6)
    one, other = (filled(rng.poisson(2.0, (400, 3)), np.ones(400)) for _ in range(2))
    assert (agreement(one, other).chi2, agreement(one, other).ndf) == chi_square(one, other)
    few = filled(rng.poisson(2.0, (9, 3)), np.ones(9))
    assert agreement(one, few).doubt == agreement(few, one).doubt == "9 jets"
    signs = filled(rng.poisson(2.0, (400, 3)), np.where(np.arange(400) % 2, 1.0, -1.0))
    assert agreement(one, signs).entry()["not_meaningful"].startswith("sum of weights")


def test_spectra_count_what_is_there():
    jets = toy_trees.jets(np.random.default_rng(2), 400)
    weights = jets["weight"].astype("f8")
    parts = [(jets.take(slice(0, 150)), weights[:150]), (jets.take(slice(150, 400)), weights[150:])]
    found = spectra_of(parts, BINNING, int(jets.lengths.max()) + 1)
    assert tuple(found) == SPECTRA
    mean = np.average(jets.lengths, weights=weights)
    for name in ("z", "theta", "phi", "delta"):
        assert found[name].mean().sum() == pytest.approx(mean)
    assert found["energy"].mean().sum() == pytest.approx(mean + 1)
    assert found["multiplicity"].mean().sum() == pytest.approx(1.0)
    ends = found["multiplicity"].edges
    expected = np.histogram(jets.lengths + 1, ends, weights=weights)[0] / weights.sum()
    np.testing.assert_allclose(found["multiplicity"].mean(), expected)


def test_the_true_ratio_gives_the_target():
    rng = np.random.default_rng(3)
    source, target = rng.geometric(0.3, 50_000), rng.geometric(0.2, 50_000)
    log_ratio = np.log(0.2 / 0.3) + (source - 1) * np.log(0.8 / 0.7)
    weights = rng.uniform(0.5, 1.5, 50_000)
    found = likelihood_weights(log_ratio, np.ones(50_000), weights)
    assert (weights * found.factors).sum() == pytest.approx(weights.sum())
    assert np.average(source, weights=weights * found.factors) == pytest.approx(target.mean(), rel=0.03)
    assert found.after < found.before
    assert found.clipped == 0.0


def test_factors_are_limited_and_counted():
    found = likelihood_weights(np.array([0.0, 0.0, 1e4]), np.ones(3), np.array([1.0, 2.0, 1.0]), limit=5.0)
    np.testing.assert_allclose(found.factors, np.array([1, 1, 5]) * 4 / 8)
    assert found.clipped == pytest.approx(0.25)
    assert found.limited == 1
    assert found.before == pytest.approx(16 / 6)


class Training:
    """A view of some jets as training part."""

    weight = "weight"

    def __init__(self, jets):
        self.jets = jets

    def jet_rows(self, role):
        assert role == "train"
        yield self.jets.rows[:1000]
        yield self.jets.rows[1000:]


def test_the_ratio_of_seeds_turns_one_spectrum_of_energies_into_the_other():
    rng = np.random.default_rng(4)
    jets = toy_trees.jets(rng, 4000, longest=0)
    gluon = jets["label"] == 1
    jets.rows["seed_e"][gluon] = rng.uniform(200, 400, gluon.sum())
    jets.rows["seed_m"] = jets["seed_e"] * rng.uniform(0.05, 0.2, 4000)
    ratio = fit_seed_ratio(Training(jets), 0, 1)
    quarks = jets["seed_e"][~gluon], jets["seed_m"][~gluon]
    weights = jets["weight"][~gluon] * np.exp(ratio(*quarks))
    assert np.average(quarks[0], weights=jets["weight"][~gluon]) > 380
    assert np.average(quarks[0], weights=weights) == pytest.approx(300, abs=15)


def test_ratios_are_those_of_the_bins():
    ratio = SeedRatio(np.array([1.0]), np.array([[0.1], [0.3]]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    energy, mass = np.array([0.5, 0.5, 1.5, 9.0]), np.array([0.05, 0.2, 0.2, 9.0])
    np.testing.assert_array_equal(ratio(energy, mass), [1.0, 2.0, 3.0, 4.0])
