import numpy as np
import pytest

from jetloom.errors import ConfigurationError, CorruptFileError, MissingFileError, StaleError
from jetloom.evaluation.classification.aligned import compared
from rivals import classifier, density, draw, write_all


def test_models_are_read_side_by_side(tmp_path):
    found = compared(*write_all(tmp_path))
    jets, x = draw()
    assert found.classes == ["gluon", "quark"]
    assert list(found.log_ratios) == ["dnn", "bdt", "unaries"]
    np.testing.assert_allclose(found.log_ratios["dnn"], x, atol=1e-4)
    np.testing.assert_allclose(found.log_ratios["unaries"], x, atol=1e-5)
    np.testing.assert_allclose(found.log_p["unaries"][0], -0.5 * (x - 0.5) ** 2, rtol=1e-5)
    np.testing.assert_array_equal(found.chosen("label"), True)
    np.testing.assert_array_equal(found.chosen("true_label"), np.arange(len(jets)) % 5 != 0)
    assert len(np.unique(found.events)) == len(jets) // 2


def test_the_first_two_of_three_classes_are_compared(tmp_path):
    jets, x = draw(30)
    jets["label"][3] = 2
    classes = ["gluon", "quark", "bottom"]
    found = compared({"dnn": classifier(tmp_path / "a.h5", jets, x, classes=classes)}, {})
    assert found.classes == ["gluon", "quark"]
    assert not found.chosen("label")[3]
    assert found.chosen("label").sum() == 29


@pytest.mark.parametrize(
    ("attributes", "error", "words"),
    [
        ({"dataset": "cafe"}, StaleError, "was made of another dataset than"),
        ({"fold": 2}, ConfigurationError, "tests fold 2"),
        ({"bootstrap": {"seed": 2, "count": 30}}, StaleError, "uncertainties were drawn otherwise than those of"),
        ({"bootstrap": None}, StaleError, "does not say of what the replicas"),
        ({"classes": ["quark", "gluon"]}, CorruptFileError, "its jets or classes are not those of"),
    ],
)
def test_what_does_not_belong_together_is_refused(tmp_path, attributes, error, words):
    jets, x = draw(20)
    files = {"a": classifier(tmp_path / "a.h5", jets, x)}
    files["b"] = classifier(tmp_path / "b.h5", jets, x, **attributes)
    with pytest.raises(error, match=words) as raised:
        compared(files, {})
    assert "b.h5" in raised.value.line()


@pytest.mark.parametrize("column", ["event_number", "run_number", "sample", "label", "weight", "true_label"])
def test_jets_in_another_order_are_refused(tmp_path, column):
    jets, x = draw(20)
    files = {"a": classifier(tmp_path / "a.h5", jets, x)}
    jets[column][7] += 1
    files["b"] = classifier(tmp_path / "b.h5", jets, x)
    with pytest.raises(CorruptFileError, match=f"row 7 has another {column}"):
        compared(files, {})


def test_fewer_jets_are_refused(tmp_path):
    jets, x = draw(20)
    files = {"a": classifier(tmp_path / "a.h5", jets, x), "b": classifier(tmp_path / "b.h5", jets[:-1], x[:-1])}
    with pytest.raises(CorruptFileError, match="its jets or classes"):
        compared(files, {})


def test_a_model_of_the_other_kind_is_named(tmp_path):
    jets, x = draw(20)
    sure, dense = classifier(tmp_path / "a.h5", jets, x), density(tmp_path / "b.h5", jets, x)
    with pytest.raises(ConfigurationError, match="'score_gluon': its model is no classifier"):
        compared({"a": dense}, {})
    with pytest.raises(ConfigurationError, match="'log_p': its model is no density model"):
        compared({"a": sure}, {"r": (dense, sure)})
    with pytest.raises(MissingFileError):
        compared({"a": tmp_path / "none.h5"}, {})
