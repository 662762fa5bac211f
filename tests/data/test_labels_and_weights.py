import numpy as np
import pytest

from jetloom.config.tasks.task import Label
from jetloom.config.tasks.weights import Flatten, Weights
from jetloom.data.building.labels import assign_labels
from jetloom.data.fitting.weights import event_weights, fit
from jetloom.errors import EmptySampleError

ROWS = np.dtype([("label", "i4"), ("event_weight", "f4"), ("pt", "f4"), ("eta", "f4")])


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(5)
    result = np.zeros(6000, ROWS)
    result["label"] = rng.choice(3, len(result), p=[0.6, 0.3, 0.1])
    result["event_weight"] = rng.normal(1, 0.5, len(result)) * 1e-3
    result["pt"] = 20 + rng.exponential(30 + 20 * result["label"])
    result["eta"] = rng.uniform(-2, 2, len(result))
    return result


def _fit(rows, rule, block=1000):
    ends = (
        {name: float(rows[name].min()) for name in ("pt", "eta")},
        {name: float(rows[name].max()) for name in ("pt", "eta")},
    )
    return fit(
        lambda: iter([rows[k : k + block] for k in range(0, len(rows), block)]),
        ["a", "b", "c"],
        rule,
        *ends,
    )


def test_the_first_class_that_matches_wins_and_some_match_none():
    labels = {"heavy": Label(when="truth in (4, 5)"), "quark": Label(when="0 < truth < 6"), "odd": Label(when="x > 2")}
    columns = {"truth": np.array([5, 1, 21, 21, -1]), "x": np.array([9.0, 9.0, 3.0, np.nan, 0.0])}
    found = assign_labels(labels, columns, 5)
    assert found.tolist() == [0, 1, 2, -1, -1]
    assert found.dtype == np.int32


def test_event_weights_are_generator_weight_times_cross_section_over_sum():
    generator = np.array([2.0, -1.0, 0.5], np.float32)
    keep = event_weights(Weights(), generator, 3.0, 6.0, is_data=False)
    assert keep.tolist() == [1.0, -0.5, 0.25]
    assert event_weights(Weights(negative="absolute"), generator, 3.0, 6.0, is_data=False).tolist() == [1, 0.5, 0.25]
    assert event_weights(Weights(negative="drop"), generator, 3.0, 6.0, is_data=False).tolist() == [1, 0, 0.25]
    assert event_weights(Weights(), generator, 3.0, 6.0, is_data=True).tolist() == [1, 1, 1]
    assert event_weights(Weights(event=False), generator, 3.0, 6.0, is_data=False).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "flatten", [None, Flatten(to="b", variables={"pt": 8}), Flatten(to="a", variables={"pt": 4, "eta": 3})]
)
def test_equalised_classes_have_the_same_sum_and_the_mean_weight_is_one(rows, flatten):
    weights = _fit(rows, Weights(flatten=flatten)).apply(rows)
    sums = np.bincount(rows["label"], weights)
    np.testing.assert_allclose(sums, sums.mean(), rtol=1e-6)
    assert weights.mean() == pytest.approx(1.0, rel=1e-9)


def test_without_equalisation_the_classes_keep_their_proportions(rows):
    weights = _fit(rows, Weights(equalise=False)).apply(rows)
    np.testing.assert_allclose(weights / rows["event_weight"], 1 / rows["event_weight"].mean(dtype=float), rtol=1e-5)
    assert weights.mean() == pytest.approx(1.0, rel=1e-9)


def test_flattened_spectra_are_equal_in_every_bin(rows):
    fitted = _fit(rows, Weights(flatten=Flatten(to="b", variables={"pt": 8})))
    weights = fitted.apply(rows)
    bins = [-np.inf, *fitted.edges[0], np.inf]
    spectra = [
        np.histogram(rows["pt"][rows["label"] == k], bins, weights=weights[rows["label"] == k])[0] for k in range(3)
    ]
    assert len(fitted.edges[0]) == 7
    for spectrum in spectra:
        np.testing.assert_allclose(spectrum, spectra[1], rtol=1e-6)
    # The reference keeps its own shape, in bins of about equal content.
    chosen = rows["label"] == 1
    ratio = weights[chosen] / rows["event_weight"][chosen]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
    np.testing.assert_allclose(spectra[1], spectra[1].mean(), rtol=0.15)


def test_the_fit_does_not_depend_on_the_blocks(rows):
    rule = Weights(flatten=Flatten(to="b", variables={"pt": 8}))
    np.testing.assert_allclose(_fit(rows, rule, 17).apply(rows), _fit(rows, rule, 6000).apply(rows), rtol=1e-9)


def test_a_class_without_weight_is_named(rows):
    with pytest.raises(EmptySampleError, match="class 'c': has no jet in the training part; add files"):
        _fit(rows[rows["label"] < 2], Weights())
    negative = rows.copy()
    negative["event_weight"][rows["label"] == 1] *= -1
    with pytest.raises(EmptySampleError, match=r"class 'b': the weights of .* sum to -.*weights\.negative"):
        _fit(negative, Weights())


@pytest.mark.parametrize("rule", [{"negative": "absolute"}, {"negative": "drop"}, {"event": False}])
def test_weights_of_zero_are_not_called_negative(rows, rule):
    zero = rows.copy()
    zero["event_weight"][rows["label"] == 1] = 0.0
    number = int((rows["label"] == 1).sum())
    with pytest.raises(EmptySampleError, match=f"class 'b': all {number} jets .* have weight 0") as caught:
        _fit(zero, Weights(**rule))
    assert "weights.negative" not in str(caught.value)


def test_a_bin_whose_weights_cancel_is_not_fitted():
    rows = np.zeros(4000, ROWS)
    rows["label"] = np.arange(4000) % 2
    rows["event_weight"] = 1.0
    rows["pt"] = np.repeat(np.linspace(20, 100, 2000), 2)
    cancelling = (rows["label"] == 1) & (rows["pt"] > 60) & (rows["pt"] < 70)
    rows["event_weight"][cancelling] = np.where(np.arange(cancelling.sum()) % 2, 1.0, -0.999)
    ends = ({"pt": 20.0}, {"pt": 100.0})
    fitted = fit(lambda: iter([rows]), ["a", "b"], Weights(flatten=Flatten(to="a", variables={"pt": 8})), *ends)
    assert fitted.ratios is not None
    assert fitted.ratios.max() < 3


def test_a_variable_that_is_unknown_is_not_flattened():
    rows = np.zeros(400, ROWS)
    rows["label"] = np.arange(400) % 2
    rows["event_weight"] = 1.0
    rows["pt"] = np.random.default_rng(1).uniform(20, 100, 400)
    rows["pt"][7] = np.nan
    ends = ({"pt": 20.0}, {"pt": 100.0})
    fitted = fit(lambda: iter([rows]), ["a", "b"], Weights(flatten=Flatten(to="a", variables={"pt": 4})), *ends)
    assert fitted.apply(rows)[7] == pytest.approx(fitted.factors[1])
