"""Residuals of data against model: their covariance counts jets, not branchings, and chi^2 is what it should be."""

import numpy as np
import pytest

from jetloom.evaluation.density.heads import HeadSums, head_numbers
from jetloom.evaluation.statistics.residuals import Residuals, pools

SHARES = np.array([0.5, 0.25, 0.15, 0.08, 0.02])


def filled(rng, jets, steps, alike=False, shares=SHARES):
    """A model that expects SHARES at each step; with ``alike`` what happens at the first step happens at all."""
    lengths = np.full(jets, steps)
    jet, step = np.repeat(np.arange(jets), lengths), np.tile(np.arange(steps), jets)
    outcome = rng.choice(len(shares), len(jet), p=shares)
    if alike:
        outcome = np.repeat(outcome[::steps], steps)
    sums = HeadSums()
    sums.add("z", (jet, step, outcome), np.broadcast_to(SHARES, (jets, steps, 5)).copy(), rng.uniform(0.5, 1.5, jets))
    return sums


@pytest.mark.parametrize("alike", [False, True])
def test_chi_square_of_a_right_model_is_its_degrees_of_freedom_also_if_branchings_go_together(alike):
    rng = np.random.default_rng(0)
    total, steps = [], []
    for _ in range(150):
        sums = filled(rng, 1500, 6, alike)
        total.append(sums.total.chi_square(0))
        steps.append(sums.steps.chi_square(2))
    for found in (total, steps):
        values, freedoms = np.array(found).T
        assert set(freedoms) == {4}
        # As if each branching were an independent one, the total would be at 24 where they go together.
        assert values.mean() == pytest.approx(4.0, abs=0.8)


def test_chi_square_of_a_wrong_model_is_large():
    sums = filled(np.random.default_rng(1), 1500, 6, shares=np.array([0.45, 0.30, 0.15, 0.08, 0.02]))
    assert sums.total.chi_square(0)[0] > 60
    assert sums.steps.chi_square(0)[0] > 15


def test_sums_and_errors_by_hand():
    happened, expected = np.zeros((2, 2, 2)), np.zeros((2, 2, 2))
    happened[0, 0, 1] = happened[0, 1, 0] = happened[1, 0, 1] = 1.0
    expected[0, 0], expected[0, 1], expected[1, 0] = [0.5, 0.5], [0.25, 0.75], [0.25, 0.75]
    weights = np.array([[2.0, 2.0], [1.0, 0.0]])
    found = Residuals.empty()
    found.add(happened[:1], expected[:1], weights[:1])
    found.add(happened[1:], expected[1:], weights[1:])
    np.testing.assert_allclose(found.data, [[0, 3], [2, 0]])
    np.testing.assert_allclose(found.model, [[1.25, 1.75], [0.5, 1.5]])
    np.testing.assert_allclose(found.weights, [3, 2])
    # Residuals of outcome 1 at step 0: 0.5 of weight 2 and 0.25 of weight 1; their mean is 5/12.
    mean = 1.25 / 3
    error = np.sqrt(4 * (0.5 - mean) ** 2 + (0.25 - mean) ** 2)
    np.testing.assert_allclose(found.errors(0), [error, error])


def test_batches_of_any_padding_add_up():
    rng = np.random.default_rng(2)
    happened = np.eye(3)[rng.integers(0, 3, (40, 4))]
    expected, weights = rng.dirichlet(np.ones(3), (40, 4)), rng.uniform(0.5, 1.5, (40, 1)) * np.ones((1, 4))
    whole, parts = Residuals.empty(), Residuals.empty()
    whole.add(happened, expected, weights)
    for rows, more in ((slice(0, 10), 0), (slice(10, 40), 2)):
        bins = ((0, 0), (0, more), (0, more))
        parts.add(np.pad(happened[rows], bins), np.pad(expected[rows], bins), np.pad(weights[rows], bins[:2]))
    trimmed = parts.trimmed()
    assert trimmed.data.shape == (4, 5)
    assert trimmed.products.shape == (4, 5, 5)
    np.testing.assert_allclose(trimmed.products[:, :3, :3], whole.products)
    np.testing.assert_allclose(trimmed.spectrum(1).covariance()[:3, :3], whole.spectrum(1).covariance())
    assert trimmed.chi_square(1) == pytest.approx(whole.chi_square(1))


def test_neighbours_are_taken_together_until_enough_is_expected():
    found = pools(np.array([30.0, 10.0, 10.0, 10.0, 40.0, 3.0, 0.0]), 25.0)
    np.testing.assert_array_equal(found, [0, 1, 1, 1, 2, 2, 2])
    np.testing.assert_array_equal(pools(np.array([1.0, 2.0]), 25.0), [0, 0])


def test_rare_outcomes_do_not_make_a_chi_square():
    rng = np.random.default_rng(3)
    rare = np.r_[0.6, 0.4 - 4e-4, np.full(4, 1e-4)]
    found = Residuals.empty()
    expected = np.broadcast_to(rare, (500, 1, 6))
    found.add(np.eye(6)[rng.choice(6, (500, 1), p=rare)], expected, np.ones((500, 1)))
    value, freedom = found.chi_square(0)
    assert freedom == 1
    assert value < 10


def test_what_is_certain_is_no_test():
    found = Residuals.empty()
    # As float32 leaves it: the probabilities add up to one but for rounding.
    expected = np.broadcast_to([1.0 - 1e-7, 0.0], (500, 1, 2))
    found.add(np.broadcast_to([1.0, 0.0], (500, 1, 2)), expected, np.ones((500, 1)))
    assert found.chi_square(0) == (0.0, 0)
    assert Residuals.empty().chi_square(0) == (0.0, 0)


def test_the_end_is_one_distribution_over_steps():
    sums = HeadSums()
    expected = np.zeros((3, 3, 1))
    expected[:, 0, 0], expected[1:, 1, 0], expected[2, 2, 0] = 0.2, 0.4, 0.8
    sums.add("end", (np.arange(3), np.arange(3), np.zeros(3, int)), expected, np.array([1.0, 2.0, 1.0]))
    np.testing.assert_allclose(sums.total.data, [[1, 2, 1]])
    np.testing.assert_allclose(sums.total.model, [[0.8, 1.2, 0.8]])
    assert sums.steps.data.size == 0
    assert set(head_numbers({"end": sums})["end"]) == {"total"}


def test_numbers_of_a_head():
    sums = filled(np.random.default_rng(4), 2000, 3)
    found = head_numbers({"z": sums})["z"]
    assert found["total"] == dict(zip(("chi2", "ndf"), sums.total.chi_square(0), strict=True))
    assert [entry["ndf"] for entry in found["steps"]] == [4, 4, 4]
    entropy = -(SHARES * np.log(SHARES)).sum()
    assert found["surprise"] == pytest.approx(entropy, rel=0.05)
    nothing = {"chi2": None, "ndf": 0, "not_meaningful": "no jets"}
    assert head_numbers({"z": HeadSums()})["z"] == {"total": nothing, "steps": [], "surprise": None}


@pytest.mark.parametrize(
    ("jets", "negative", "doubt"),
    [(5, 0.0, "5 jets"), (60, 0.45, "n_eff"), (60, 0.6, "sum of weights"), (30, 0.0, "fewer than two bins of 25 jets")],
)
def test_few_jets_and_negative_weights_make_no_chi_square(jets, negative, doubt):
    rng = np.random.default_rng(7)
    weights = np.where(np.arange(jets) < negative * jets, -1.0, 1.0)
    found = Residuals.empty()
    happened = np.eye(5)[rng.choice(5, (jets, 1), p=SHARES)]
    found.add(happened, np.broadcast_to(SHARES, (jets, 1, 5)), weights[:, None])
    agreement = found.agreement(0)
    assert agreement.doubt.startswith(doubt)
    assert agreement.entry() == {"chi2": None, "ndf": 0, "not_meaningful": agreement.doubt}
    assert agreement.text == rf"no $\chi^2$ ({agreement.doubt})"


def test_what_is_drawn_is_what_was_summed():
    found = filled(np.random.default_rng(8), 400, 3).steps
    shown = found.shown()
    np.testing.assert_array_equal(shown.data, found.data)
    np.testing.assert_array_equal(shown.errors[1], found.errors(1))
    assert (shown.agreement[2].chi2, shown.agreement[2].ndf) == found.chi_square(2)
