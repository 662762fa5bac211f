"""What objectives declare, and what is said of those that cannot be."""

import re
from pathlib import Path

import numpy as np
import pytest

from jetloom.data.streams.batch import Batch
from jetloom.errors import ConfigurationError
from jetloom.models.objectives.metric import LOSS, Metric, Metrics
from jetloom.models.objectives.shipped import SHIPPED
from jetloom.models.registry import MODELS, find_model
from jetloom.scan.preflight import check_metrics
from jetloom.scan.table.columns import check_columns
from tiny_analysis import analysis

OWN = """
from jetloom.models.dense import Dense
from jetloom.models.objectives.classification import Classification
from jetloom.models.objectives.metric import Metric


class Brier(Classification):
    metrics = (*Classification.metrics, Metric("brier", "Brier score", "lower"), Metric("worst", "W", "lower", "part"))
    ranked_by = "val_brier"

    def row_metrics(self, batch, outputs):
        from keras import ops

        truth = ops.one_hot(batch.target, outputs.shape[-1])
        return {"brier": ops.sum((outputs - truth) ** 2, axis=-1), **super().row_metrics(batch, outputs)}

    def part_metrics(self, target, predicted, weights):
        return {"worst": (float(predicted.max()), ""), **super().part_metrics(target, predicted, weights)}


class Scored(Dense):
    objective = Brier()
"""


OUTPUTS = np.array([[0.75, 0.25], [0.5, 0.5]], np.float32)
BATCH = Batch.of(np.zeros((2, 1), np.float32), np.array([0, 1], np.int32), np.ones(2, np.float32))


@pytest.fixture
def own(tmp_path):
    """Return the name of a model with an objective of its own, after some changes of its file."""

    def function(old="", new=""):
        assert old in OWN
        (tmp_path / "own.py").write_text(OWN.replace(old, new) if old else OWN)
        return f"{tmp_path / 'own.py'}:Scored"

    return function


def test_the_documented_objective_can_be_used(tmp_path):
    howto = (Path(__file__).parents[2] / "docs" / "howto.md").read_text()
    (tmp_path / "brier.py").write_text(re.search(r"## Give a model an objective.*?```python\n(.*?)```", howto, re.S)[1])
    model = find_model(f"{tmp_path / 'brier.py'}:Scored")
    check_columns("flavour", model)
    assert "eval_brier" in model.point_metrics()
    assert set(model.objective.row_metrics(BATCH, OUTPUTS)) == {"accuracy", "brier"}


def test_metrics_know_their_direction_and_title():
    assert [SHIPPED.direction(name) for name in ("loss", "val_loss", "val_auc", "eval_accuracy", "val_end")] == [
        "lower", "lower", "higher", "higher", "lower"
    ]  # fmt: skip
    assert SHIPPED.title("val_auc") == "AUC (validation)"
    mine = Metrics([Metric("resolution", "Resolution", "lower")])
    assert mine.title("eval_resolution") == "Resolution (test)"
    assert mine.find("loss") is LOSS
    assert mine.names == ["loss", "resolution", "val_loss", "val_resolution", "eval_loss", "eval_resolution"]
    with pytest.raises(ConfigurationError, match="no metric 'vall_auc'; did you mean 'val_auc'"):
        SHIPPED.find("vall_auc")


@pytest.mark.parametrize("name", MODELS)
def test_shipped_metrics_are_those_of_the_shipped_models(name):
    model = find_model(name)
    assert set(model.metrics.known) <= set(SHIPPED.known)
    assert model.objective.ranked_by in model.epoch_metrics()
    for metric in model.objective.metrics:
        assert SHIPPED.known[metric.name] == metric


def test_an_objective_of_ones_own_may_stop_choose_and_rank(own):
    model = find_model(own())
    assert model.epoch_metrics() == [
        "loss", "accuracy", "brier", "val_loss", "val_accuracy", "val_brier", "val_auc", "val_worst"
    ]  # fmt: skip
    assert model.point_metrics()[8:] == ["eval_loss", "eval_accuracy", "eval_brier", "eval_auc", "eval_worst"]
    stopping = {"early_stopping": {"monitor": "val_brier"}, "select": {"monitor": "val_worst"}}
    task = analysis(model=own(), training=stopping, search={"rank_by": "eval_brier"}).tasks["flavour"]
    check_metrics("flavour", task)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"search": {"rank_by": "val_acu"}},
            r"search.rank_by: the model 'dense' has no metric 'val_acu'; did you mean 'val_auc'",
        ),
        (
            {"training": {"early_stopping": {"monitor": "eval_auc"}}},
            r"early_stopping.monitor: .* no metric 'eval_auc'; did",
        ),
        (
            {"training": {"reduce_learning_rate": {"monitor": "val_los"}}},
            r"reduce_learning_rate.monitor: .*did you mean 'val_l",
        ),
        (
            {"training": {"select": {"monitor": "val_end"}}},
            r"select.monitor: the model 'dense' has no metric 'val_end'",
        ),
    ],
)
def test_a_metric_that_the_objective_has_not_is_refused(changes, message):
    off = {"early_stopping": None, "reduce_learning_rate": None}
    task = analysis(**{**changes, "training": {**off, **changes.get("training", {})}}).tasks["flavour"]
    with pytest.raises(ConfigurationError, match=message):
        check_metrics("flavour", task)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"worst", "W',
            '"units", "W',
            r"own\.py: line 7, Brier: its metric 'units' has the name of a parameter",
        ),
        ("brier", "rank", r"own\.py: line 7, Brier: its metric 'rank' would share a column"),
        ('"worst", "W', '"auc", "W', r"its metric 'auc' would share a column"),
        ('"worst", "W', '"accuracy_std", "W', r"its metric 'accuracy(_std)?' would share a column"),
        ('"worst", "W', '"a b", "W', r"its metric 'a b' would share a column"),
        ('"val_brier"', '"val_brir"', r"own\.py: line 7, Brier: is ranked by 'val_brir', .*did you mean 'val_brier'"),
        ("objective = Brier()", 'objective = "brier"', r"own\.py: line .*, Scored: its objective is 'brier'"),
        ("objective = Brier()", "objective = Brier", r"own\.py: line .*, Scored: its objective is .*Brier"),
        ("def row_metrics", "def row_metric", r"own\.py: line 11, Brier: 'row_metric' is no method .* 'row_metrics'"),
        ("(self, batch, outputs)", "(self, batch)", r"own\.py: line 11, Brier: row_metrics takes other parameters"),
    ],
)
def test_an_objective_that_cannot_be_is_told_with_file_and_line(own, old, new, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        check_columns("flavour", find_model(own(old, new)))
    assert "\n" not in caught.value.line()


def test_values_of_rows_stand_in_the_order_of_the_terms(own):
    model = find_model(own())
    parameters = model.parameters()
    loss, accuracy, brier = (np.asarray(value) for value in model.row_values(BATCH, OUTPUTS, parameters))
    np.testing.assert_allclose(loss, -np.log([0.75, 0.5]), rtol=1e-6)
    assert accuracy.tolist() == [1.0, 0.0]
    np.testing.assert_allclose(brier, [0.125, 0.5])
