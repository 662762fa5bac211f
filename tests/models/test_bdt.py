import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from jetloom.errors import CorruptFileError, MissingFileError
from jetloom.io.sealed import read_json, write_json
from jetloom.models.bdt import BdtParameters
from jetloom.models.boosted_trees import BoostedTrees
from jetloom.models.registry import find_model


@pytest.fixture(autouse=True)
def one_thread():
    """Threads that wait for one another take seconds where a small fit takes none."""
    with threadpool_limits(1):
        yield


def fitted(classes=2, rows=600, seed=0, missing=0.1, **parameters):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, 3))
    labels = np.clip((features[:, 0] + features[:, 1] * features[:, 2]).round() + 1, 0, classes - 1).astype(int)
    features[rng.random((rows, 3)) < missing] = np.nan
    chosen = BdtParameters(n_trees=12, **parameters)
    estimator = find_model("bdt").build(chosen, None, seed, {})
    return estimator.fit(features, labels, sample_weight=rng.uniform(0.5, 2, rows)), features


def same(trees, estimator, features):
    """The sums to the bit; the exponentials of numpy and of scikit-learn may differ in the last one."""
    theirs = estimator.decision_function(features)
    np.testing.assert_array_equal(trees.sums(features), theirs[:, None] if theirs.ndim == 1 else theirs)
    np.testing.assert_allclose(trees.probabilities(features), estimator.predict_proba(features), rtol=1e-13)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_trees_give_the_bits_of_scikit_learn(classes):
    estimator, features = fitted(classes)
    trees = BoostedTrees.of(estimator, ["a", "b", "c"], classes)
    assert trees.rounds == 12
    same(trees, estimator, features)
    unseen = np.random.default_rng(9).normal(0, 3, (500, 3)).astype("f4")
    same(trees, estimator, unseen.astype("f8"))
    np.testing.assert_array_equal(trees.sums(unseen), trees.sums(unseen.astype("f8")))


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 100),
    depth=st.integers(1, 5),
    missing=st.sampled_from([0.0, 0.5]),
    share=st.sampled_from([0.5, 1.0]),
)
def test_any_trees_survive_their_file(tmp_path_factory, seed, depth, missing, share):
    estimator, features = fitted(2 + seed % 2, 200, seed, missing, depth=depth, inputs_per_cut=share)
    path = tmp_path_factory.mktemp("trees") / "model.json"
    BoostedTrees.of(estimator, ["a", "b", "c"], 2 + seed % 2).save(path)
    same(BoostedTrees.load(path), estimator, features)


def test_what_is_missing_can_be_the_cut():
    """The threshold is then infinity in scikit-learn: what is there goes left, what is missing right."""
    missing = np.arange(200) % 2 == 0
    features = np.where(missing, np.nan, 1.0)[:, None]
    estimator = find_model("bdt").build(BdtParameters(n_trees=3), None, 1, {}).fit(features, missing.astype(int))
    trees = BoostedTrees.of(estimator, ["a"], 2)
    same(trees, estimator, features)
    assert trees.probabilities(features)[0, 1] > 0.55 > 0.45 > trees.probabilities(features)[1, 1]


def test_a_class_without_jets_gets_no_probability():
    estimator, features = fitted(2)
    estimator.classes_ = np.array([0, 2])
    found = BoostedTrees.of(estimator, ["a", "b", "c"], 3).probabilities(features)
    assert found.shape == (600, 3)
    assert (found[:, 1] == 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_the_first_rounds_are_those_of_a_shorter_training():
    estimator, features = fitted(3)
    shorter = [*estimator.staged_predict_proba(features)][4]
    found = BoostedTrees.of(estimator, list("abc"), 3).first(5).probabilities(features)
    np.testing.assert_allclose(found, shorter, rtol=1e-13)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(format="other"), "its format is 'other'"),
        (lambda c: c.pop("baseline"), "baseline"),
        (lambda c: c["trees"][0]["left"].__setitem__(0, 999), "a node leads nowhere"),
        (lambda c: c["trees"][0]["left"].__setitem__(0, 0), "a node leads nowhere"),
        (lambda c: c["trees"][0]["feature"].__setitem__(0, 7), "asks for an input that there is not"),
        (lambda c: c["trees"][0]["value"].__setitem__(0, None), "a node holds no number"),
        (lambda c: c["trees"][0]["left"].__setitem__(0, 1 << 40), "does not hold boosted trees"),
        (lambda c: c["trees"][0]["value"].pop(), "does not hold boosted trees"),
        (lambda c: c.update(classes=1 << 40), "its classes cannot be"),
        (lambda c: c.update(learnt=[0, 5]), "its classes cannot be"),
        (lambda c: c.update(baseline=[0.0, 1.0]), "its sums are not those of its classes"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, change, words):
    path = tmp_path / "model.json"
    BoostedTrees.of(fitted()[0], list("abc"), 2).save(path)
    content = read_json(path)
    change(content)
    write_json(path, content)
    with pytest.raises(CorruptFileError, match=words):
        BoostedTrees.load(path)


def test_a_file_that_is_cut_or_not_there_is_named(tmp_path):
    path = tmp_path / "model.json"
    with pytest.raises(MissingFileError, match=r"model\.json: there is no such file"):
        BoostedTrees.load(path)
    BoostedTrees.of(fitted()[0], list("abc"), 2).save(path)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(CorruptFileError, match=r"is not JSON .*; train this point again"):
        BoostedTrees.load(path)
