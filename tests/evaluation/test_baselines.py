"""What energy, mass and number of constituents say alone, where it is known what they say."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from jetloom.config.comparisons import BASELINES
from jetloom.errors import CorruptFileError, EmptySampleError, StaleError
from jetloom.evaluation.classification.aligned import compared
from jetloom.evaluation.ratio.baselines import baselines, with_baselines
from jetloom.statistics.classification import binary_auc
from seed_files import seeded, write_blind, write_dataset

ROWS = 8000


def areas(directory, **settings):
    """The area of each baseline on test jets of the same kind as those it was fitted to."""
    train, validation, test = (seeded(ROWS, seed, **settings) for seed in (1, 2, 3))
    view = write_dataset(directory, train, test, validation).view()
    found, events = baselines(view, 0, 1)
    np.testing.assert_array_equal(events, test["event_number"])
    assert list(found) == list(BASELINES)
    return {name: binary_auc(test["label"] == 1, values, test["weight"]) for name, values in found.items()}


def more_of_quarks(rows, rng):
    return rng.poisson(np.where(rows["label"] == 1, 25, 20))


def with_energy(rows, rng):
    return np.round(10 + 0.1 * rows["seed_e"]).astype(int)


def test_classes_that_differ_in_number_alone(tmp_path):
    found = areas(tmp_path, shift=0.0, more=more_of_quarks)
    rng = np.random.default_rng(0)
    few, many = rng.poisson(20, 100_000), rng.poisson(25, 100_000)
    expected = np.mean(many > few) + 0.5 * np.mean(many == few)
    for area in found.values():
        assert area == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("more", [None, with_energy])
def test_classes_that_differ_in_energy_and_mass_alone(tmp_path, more):
    """The number follows from the energy: for given energy it says nothing."""
    found = areas(tmp_path, shift=0.5, more=more)
    assert found["constituents_given_seed"] == pytest.approx(0.5, abs=0.035)
    # Two independent normal variables, each one deviation apart: Phi(sqrt 2 / sqrt 2).
    assert found["seed_and_constituents"] == pytest.approx(norm.cdf(1.0), abs=0.015)


def test_scale_and_sign_of_weights_do_not_matter(tmp_path):
    train, test = seeded(2000, 1, more=more_of_quarks), seeded(500, 3)
    other = train.copy()
    other["weight"] *= np.where(train["label"] == 1, -7.0, 1.0)
    one, two = (
        baselines(write_dataset(tmp_path / name, rows, test).view(), 0, 1)[0]
        for name, rows in (("a", train), ("b", other))
    )
    for name, values in one.items():
        np.testing.assert_allclose(two[name], values, atol=0.05)


def test_odd_jets_have_finite_ratios(tmp_path):
    train = seeded(600, 1)
    train["seed_m"][::3], train["n_branchings"][::3] = -1e-6, 0
    train["label"][:50] = -1
    found, _ = baselines(write_dataset(tmp_path, train, train).view(), 0, 1)
    assert all(len(values) == 600 and np.isfinite(values).all() for values in found.values())


def test_what_does_not_belong_together_is_refused(tmp_path):
    train, test = seeded(400, 1), seeded(400, 2)
    dataset = write_dataset(tmp_path / "dataset", train, test)
    read = compared({}, {"pair": write_blind(tmp_path, test)})
    assert list(with_baselines(read, dataset).log_ratios) == ["pair", *BASELINES]
    with pytest.raises(StaleError, match="is not the dataset of the predictions"):
        with_baselines(replace(read, dataset="cafe"), dataset)
    with pytest.raises(CorruptFileError, match="its jets are not those"):
        with_baselines(replace(read, rows=read.rows[::-1]), dataset)
    with pytest.raises(EmptySampleError, match="training part: lacks jets"):
        baselines(write_dataset(tmp_path / "one", train[train["label"] == 0], test).view(), 0, 1)
