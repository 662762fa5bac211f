"""Metrics that the weights make impossible: a training goes on without them, and says so."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from jetloom.data.streams.batch import Batch
from jetloom.io.sealed import read_json
from jetloom.models.dense import Dense
from jetloom.models.registry import find_model, resolve_parameters
from jetloom.training import boosted, network
from jetloom.training.backends.backend import use_backend
from jetloom.training.point import train_point
from jetloom.training.request import Request
from jetloom.training.scoring.scores import scores
from tiny_analysis import analysis

RNG = np.random.default_rng(4)


class Says:
    """A network that says what it is told to, in the place of a stepper."""

    def __init__(self, loss, quark):
        self.loss, self.quark = np.asarray(loss), np.asarray(quark)

    def evaluate(self, batch):
        rows = np.asarray(batch.features, int)
        right = ((self.quark[rows] > 0.5) == batch.target).astype("f4")
        return np.stack([self.loss[rows], right]), np.stack([1 - self.quark[rows], self.quark[rows]], axis=1)


def scored(weights, loss=None, rows=None):
    """Scores of jets of two classes in two blocks and some rows that only fill up."""
    size = len(weights) if rows is None else rows
    labels, quark = np.arange(size) % 2, RNG.uniform(0, 1, size)
    network = Says(np.full(size, 0.7) if loss is None else loss, quark)
    half = [np.arange(size)[: size // 2], np.arange(size)[size // 2 :]]
    blocks = [Batch.of(part, labels[part].astype("i4"), np.asarray(weights, "f4")[part]) for part in half]
    blocks.append(Batch.of(np.zeros(3), np.zeros(3, "i4"), np.ones(3, "f4")).filled_from(0))
    return scores(network, Dense(), iter(blocks), "val_")


def test_metrics_of_jets_enough_are_numbers():
    found = scored(np.ones(40))
    assert found.doubts == {}
    assert found.finite
    assert found.values["val_loss"] == pytest.approx(0.7)
    assert all(0 <= found.values[f"val_{name}"] <= 1 for name in ("accuracy", "auc"))


@pytest.mark.parametrize(
    ("weights", "words"),
    [(np.ones(6), "6 jets"), (np.tile([1, -1, -1, 1.0], 20), "sum of weights 0; see weights.negative"),
     (np.r_[1e6, np.ones(39)], "n_eff 1"), (-np.ones(40), "sum of weights -40; see weights.negative")],
)  # fmt: skip
def test_metrics_without_a_meaning_are_none_and_no_divergence(weights, words):
    found = scored(weights)
    assert found.finite
    assert set(found.doubts) == set(found.values) == {"val_loss", "val_accuracy", "val_auc"}
    assert found.doubts["val_loss"] == words
    assert all(np.isnan(value) for value in found.values.values())


def test_one_class_may_be_without_a_meaning():
    weights = np.where(np.arange(400) % 2, np.where(np.arange(400) % 4 == 1, 1.0, -1.0), 1.0)
    weights[1] = 2.0
    found = scored(weights)
    assert set(found.doubts) == {"val_auc"}
    assert found.doubts["val_auc"].startswith("n_eff 0.00")


def test_a_mean_outside_of_its_values_is_none():
    loss = np.where(np.arange(400) < 100, 5.0, 0.1)
    found = scored(np.where(np.arange(400) < 100, -1.0, 1.0), loss)
    assert found.doubts["val_loss"].startswith("mean -2.35 of values from 0.1 to 5")


def test_a_network_that_broke_has_diverged_whatever_the_weights():
    loss = np.where(np.arange(40) == 7, np.nan, 0.7)
    for weights in (np.ones(40), np.zeros(40)):
        found = scored(weights, loss)
        assert not found.finite


def test_a_training_whose_metrics_mean_nothing_ends_with_its_last_network(dataset, tmp_path, monkeypatch, caplog):
    plain = boosted.Part.__init__

    def balanced(self, *arguments):
        plain(self, *arguments)
        self.weights = np.where(np.arange(len(self.weights)) % 2, 1.0, -1.0)
        self.weights[0] += 0.5
        self.doubt = boosted.WeightSums.of(self.weights).doubt()

    monkeypatch.setattr(boosted.Part, "__init__", balanced)
    training = {"early_stopping": {"patience": 1}, "reduce_learning_rate": None}
    task = analysis(inputs=["width"], model="bdt", parameters={}, training=training).tasks["flavour"]
    given = resolve_parameters(find_model("bdt"), {"n_trees": 6})
    with caplog.at_level(logging.WARNING):
        result = train_point(Request(task, given, dataset, tmp_path, 1, 0, None))
    assert (result["status"], result["epochs"], result["best_epoch"]) == ("trained", 6, 6)
    assert set(result["metrics"].values()) == {None}
    assert set(result["not_meaningful"]) == set(result["metrics"])
    assert all("see weights.negative" in doubt for doubt in result["not_meaningful"].values())
    assert read_json(tmp_path / "result.json") == result
    said = [record.getMessage() for record in caplog.records if "stops nothing" in record.getMessage()]
    assert len(said) == 1
    assert said[0].startswith("val_loss is not meaningful (")


def test_a_loop_says_it_once_and_goes_on(dataset, tmp_path, monkeypatch, caplog):
    use_backend("tensorflow", 1)
    training = {"early_stopping": {"patience": 1, "monitor": "val_auc"}}
    task = analysis(training=training).tasks["flavour"]
    given = resolve_parameters(find_model("dense"), {"epochs": 4, "batch_size": 64, "units": 4, "hidden_layers": 0})

    class Feed(network.Feed):
        def blocks(self, role):
            for batch in super().blocks(role):
                signs = np.where(np.arange(len(batch)) % 2, 1.0, -1.0)
                yield replace(batch, weights=np.where(batch.real, signs, 0).astype("f4"))

    monkeypatch.setattr(network, "Feed", Feed)
    with caplog.at_level(logging.WARNING):
        result = train_point(Request(task, given, dataset, tmp_path, 1, 0, None))
    assert (result["status"], result["epochs"], result["best_epoch"]) == ("trained", 4, 4)
    assert result["metrics"]["loss"] is not None
    assert {name for name, value in result["metrics"].items() if value is None} == set(result["not_meaningful"])
    assert result["metrics"]["val_auc"] is None
    said = [record.getMessage() for record in caplog.records if "stops nothing" in record.getMessage()]
    assert any(text.startswith("val_auc is not meaningful (") for text in said)
    assert len(said) == len(set(said))
