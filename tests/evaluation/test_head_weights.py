"""Weights of heads: those of the truth where it is known, and of the right jets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom.errors import CorruptFileError, EmptySampleError, StaleError
from jetloom.evaluation.classification.aligned import compared
from jetloom.evaluation.classification.log_odds import log_odds
from jetloom.evaluation.density.files import VALIDATION
from jetloom.evaluation.ratio.head_weights import fit_weighting, with_head_weights
from jetloom.statistics.classification import binary_auc
from rivals import FIELDS, density
from seed_files import seeded, write_dataset


def terms(rows, seed=1, share=0.3):
    """One right term, one that is half right, one of noise, and one that is always 0."""
    rng = np.random.default_rng(seed)
    signal = rng.random(rows) < share
    x, y = (rng.normal(np.where(signal, 0.5, -0.5), 1.0) for _ in range(2))
    return signal, np.stack([x, 2 * y, rng.normal(0, 3.0, rows), np.zeros(rows)], axis=1), rng.uniform(0.5, 2, rows)


def test_weights_are_those_of_the_truth():
    signal, columns, weights = terms(50_000)
    found = fit_weighting(signal, columns, weights)
    np.testing.assert_allclose(found.weights, [1.0, 0.5, 0.0, 1.0], atol=0.03)
    assert found.offset == pytest.approx(0.0, abs=0.03)
    line = log_odds(signal, found(columns), weights).line
    assert line.slope[0] == pytest.approx(1.0, abs=0.03)
    plain, weighted = (binary_auc(signal, scores, weights) for scores in (columns.sum(axis=1), found(columns)))
    assert weighted > plain + 0.1


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([2, 5, 30, 300]), st.sampled_from([1e-6, 1.0, 1e4]))
def test_weights_are_numbers_for_few_jets_of_any_size(seed, rows, size):
    signal, columns, weights = terms(rows, seed)
    signal[:2] = True, False
    found = fit_weighting(signal, size * columns, weights)
    assert np.isfinite(found(size * columns)).all()


def test_classes_that_a_term_tells_apart_wholly():
    signal = np.arange(100) % 2 == 1
    found = fit_weighting(signal, np.where(signal, 3.0, -3.0)[:, None], np.ones(100))
    assert 0 < found.weights[0] < 10


def test_jets_of_one_class_are_refused():
    with pytest.raises(EmptySampleError, match="validation part: lacks jets of one of the classes"):
        fit_weighting(np.ones(9, bool), np.ones((9, 6)), np.ones(9))


def predictions(directory, test, validation, wrong=None):
    """Two densities whose z is right and whose theta errs; energy and mass say the rest."""
    paths = []
    for place, name in enumerate(("quark", "gluon")):
        rows = np.zeros(len(validation), VALIDATION)
        for column in ("label", "weight", "event_number"):
            rows[column] = validation[column]
        heads = []
        for jets, seed in ((test, 1), (validation, 2)):
            rng = np.random.default_rng(seed)
            x, error = rng.normal(jets["label"] - 0.5, 1.0), rng.normal(0, 2.0, (2, len(jets)))
            heads.append({"z": -0.5 * (x - (0.5, -0.5)[place]) ** 2, "theta": error[place]})
        for head, values in heads[1].items():
            rows[f"log_p_{head}"] = values
        if wrong is not None and name == "gluon":
            rows[wrong][3] += 1
        keys = test[[name for name, _ in FIELDS]]
        total = sum(heads[0].values())
        paths.append(density(directory / name / "predictions.h5", keys, total, heads[0], validation=rows))
    return tuple(paths)


def test_a_ratio_with_and_without_energy_and_mass(tmp_path):
    train, validation, test = (seeded(8000, seed) for seed in (1, 2, 3))
    dataset = write_dataset(tmp_path / "dataset", train, test, validation)
    pair = predictions(tmp_path, test, validation)
    ratios = {"trees": pair, "seeded": pair}
    found, weightings = with_head_weights(compared({}, ratios | {"plain": pair}), ratios, ["seeded"], dataset)
    assert weightings["trees"].weights.shape == (6,)
    np.testing.assert_allclose(weightings["trees"].weights[[2, 3]], [1.0, 0.0], atol=0.08)
    np.testing.assert_allclose(weightings["seeded"].weights[[2, 3, 6]], [1.0, 0.0, 1.0], atol=0.15)
    areas = {name: binary_auc(test["label"] == 1, values, test["weight"]) for name, values in found.log_ratios.items()}
    assert areas["trees"] == pytest.approx(0.7602, abs=0.015)  # Phi(1 / sqrt 2)
    assert areas["plain"] < 0.65
    assert areas["seeded"] > 0.97


@pytest.mark.parametrize("column", ["label", "event_number", "weight"])
def test_validation_parts_of_other_jets_are_refused(tmp_path, column):
    train, validation, test = (seeded(50, seed) for seed in (1, 2, 3))
    dataset = write_dataset(tmp_path / "dataset", train, test, validation)
    ratios = {"pair": predictions(tmp_path, test, validation, column)}
    with pytest.raises(CorruptFileError, match=f"its validation part has another {column}"):
        with_head_weights(compared({}, ratios), ratios, [], dataset)


def test_predictions_without_a_validation_part_are_stale(tmp_path):
    test = seeded(50, 3)
    keys = test[[name for name, _ in FIELDS]]
    pair = tuple(density(tmp_path / f"{name}.h5", keys, np.zeros(50)) for name in "ab")
    with pytest.raises(StaleError, match="says nothing of the validation part; evaluate it again"):
        with_head_weights(compared({}, {"r": pair}), {"r": pair}, [], write_dataset(tmp_path / "d", test, test))
