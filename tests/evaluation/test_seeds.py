"""The ratio of the densities of energy and mass, which the likelihood ratio of two density models lacks."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from jetloom.errors import CorruptFileError, EmptySampleError, StaleError
from jetloom.evaluation.classification.aligned import compared
from jetloom.evaluation.ratio import seeds
from jetloom.evaluation.ratio.seeds import fit_seed_ratio, with_seeds
from jetloom.statistics.classification import binary_auc
from seed_files import seeded, write_blind, write_dataset


def auc(found, name):
    return binary_auc(found.rows["label"] == 1, found.log_ratios[name], found.rows["weight"].astype(float))


def both(directory, shift, rows=20_000):
    """The plain ratio and the one with seeds of jets whose trees are alike."""
    test = seeded(rows, 2, shift)
    dataset = write_dataset(directory / "dataset", seeded(rows, 1, shift), test)
    pair = write_blind(directory, test)
    return with_seeds(compared({}, {"plain": pair, "seeded": pair}), ["seeded"], dataset), dataset


def test_classes_that_differ_in_energy_and_mass_alone(tmp_path):
    found, _ = both(tmp_path, 1.0)
    assert auc(found, "plain") == pytest.approx(0.5, abs=0.015)
    # Two independent normal variables, each two deviations apart: Phi(2 sqrt 2 / sqrt 2).
    assert auc(found, "seeded") == pytest.approx(norm.cdf(2.0), abs=0.01)


def test_classes_of_equal_energy_and_mass_stay_as_they_are(tmp_path):
    found, _ = both(tmp_path, 0.0)
    added = found.log_ratios["seeded"] - found.log_ratios["plain"]
    # What is left is the scatter of about 100 jets of each class in a bin.
    assert np.sqrt(np.mean(added**2)) < 0.2
    assert auc(found, "seeded") == pytest.approx(0.5, abs=0.015)


def test_the_ratio_is_that_of_the_densities_within_bins(tmp_path):
    jets = seeded(200_000, 3)
    ratio = fit_seed_ratio(write_dataset(tmp_path, jets, jets).view(), 0, 1)
    assert ratio.log_ratio.shape == (20, 20)
    log_e, log_share = np.log(jets["seed_e"]) - 5.0, np.log(jets["seed_m"] / jets["seed_e"]) + 2.0
    # Of normal distributions of width 0.5 around +-0.5: 4 x.
    expected = 4.0 * (log_e - log_share)
    middle = np.abs(expected) < 3
    error = (ratio(jets["seed_e"], jets["seed_m"]) - expected)[middle]
    assert abs(error.mean()) < 0.05
    assert error.std() < 0.6


def test_no_jet_of_a_class_gives_a_bounded_ratio(tmp_path):
    jets = seeded(4000, 4, 8.0)
    ratio = fit_seed_ratio(write_dataset(tmp_path, jets, jets).view(), 0, 1)
    found = ratio(jets["seed_e"], jets["seed_m"])
    assert np.isfinite(ratio.log_ratio).all()
    assert np.mean((found > 0) == (jets["label"] == 1)) > 0.98
    assert np.abs(found).max() < np.log(1000)


def test_the_other_way_round_is_the_negative(tmp_path):
    jets = seeded(3000, 5)
    view = write_dataset(tmp_path, jets, jets).view()
    forth, back = fit_seed_ratio(view, 0, 1), fit_seed_ratio(view, 1, 0)
    np.testing.assert_allclose(forth.log_ratio, -back.log_ratio, atol=1e-12)


def test_weights_of_the_training_count_and_their_scale_does_not(tmp_path):
    jets = seeded(8000, 6, 0.0)
    heavy = jets.copy()
    heavy["weight"] *= np.where((jets["label"] == 1) & (jets["seed_e"] > 150), 5.0, 1.0)
    flat, tilted, scaled = (
        fit_seed_ratio(write_dataset(tmp_path / name, rows, rows).view(), 0, 1)
        for name, rows in (("a", jets), ("b", heavy), ("c", scale(heavy)))
    )
    hard = np.array([400.0]), np.array([50.0])
    assert tilted(*hard)[0] - flat(*hard)[0] == pytest.approx(np.log(5 / 3), abs=0.1)
    np.testing.assert_allclose(scaled.log_ratio, tilted.log_ratio, atol=1e-5)


def scale(jets):
    """The same with 7 times the weight for one class."""
    found = jets.copy()
    found["weight"] *= np.where(jets["label"] == 1, 7.0, 1.0)
    return found


def test_jets_of_one_energy_and_no_mass(tmp_path):
    jets = seeded(3000, 7)
    jets["seed_e"], jets["seed_m"] = 100.0, 0.0
    ratio = fit_seed_ratio(write_dataset(tmp_path, jets, jets).view(), 0, 1)
    np.testing.assert_allclose(ratio(jets["seed_e"], jets["seed_m"]), 0.0, atol=0.1)


def test_the_test_part_is_not_counted(tmp_path):
    train, test = seeded(5000, 8), seeded(5000, 9)
    view = write_dataset(tmp_path / "a", train, test).view()
    swapped = test.copy()
    swapped["label"] = 1 - test["label"]
    other = write_dataset(tmp_path / "b", train, swapped).view()
    np.testing.assert_array_equal(fit_seed_ratio(view, 0, 1).log_ratio, fit_seed_ratio(other, 0, 1).log_ratio)


def test_a_class_without_jets_is_said(tmp_path):
    jets = seeded(100, 10)
    view = write_dataset(tmp_path, jets[jets["label"] == 0], jets).view()
    with pytest.raises(EmptySampleError, match="training part: lacks jets"):
        fit_seed_ratio(view, 0, 1)


def test_few_jets_make_few_bins(tmp_path):
    jets = seeded(3000, 11)
    assert fit_seed_ratio(write_dataset(tmp_path, jets, jets).view(), 0, 1).log_ratio.shape == (3, 3)
    assert seeds.FEWEST * 3**2 < 1500 < seeds.FEWEST * 4**2


def test_what_does_not_belong_together_is_refused(tmp_path):
    found, dataset = both(tmp_path, 0.0, 400)
    with pytest.raises(StaleError, match="is not the dataset of the predictions"):
        with_seeds(replace(found, dataset="cafe"), ["seeded"], dataset)
    with pytest.raises(CorruptFileError, match="its jets are not those"):
        with_seeds(replace(found, rows=found.rows[::-1]), ["seeded"], dataset)
    assert with_seeds(found, [], dataset) is found
