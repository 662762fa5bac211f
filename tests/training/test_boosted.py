import csv
import json
import logging
import zipfile

import numpy as np
import pytest

from jetloom.cli.main import main
from jetloom.errors import CheckpointedError, OutOfTimeError
from jetloom.inference.prediction import load_model, predict
from jetloom.io.sealed import read_json
from jetloom.models.registry import find_model, resolve_parameters
from jetloom.statistics import classification as metrics
from jetloom.training import boosted
from jetloom.training.point import train_point
from jetloom.training.request import Request
from tiny_analysis import analysis, config

INPUTS = ["log(pt - 25)", "width", "ntrk"]
FREE = {"early_stopping": None, "reduce_learning_rate": None}


def train(dataset, directory, training=FREE, seed=1, repetition=0, deadline=None, **parameters):
    task = analysis(inputs=INPUTS, model="bdt", parameters={}, training=training).tasks["flavour"]
    given = resolve_parameters(find_model("bdt"), {"n_trees": 10, **parameters})
    return train_point(Request(task, given, dataset, directory, seed, repetition, None, deadline))


def history_of(directory):
    with (directory / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_point_leaves_what_a_network_leaves(dataset, tmp_path):
    result = train(dataset, tmp_path)
    assert read_json(tmp_path / "result.json") == result
    history = history_of(tmp_path)
    assert list(history[0]) == find_model("bdt").history_columns()
    assert len(history) == result["epochs"] == 10
    assert result["status"] == "trained"
    assert set(result["files"]) == {"model.json", "history.csv"}
    assert {path.name for path in tmp_path.iterdir()} == {"model.json", "history.csv", "result.json"}
    best = min(history, key=lambda row: float(row["val_loss"]))
    assert result["metrics"]["val_loss"] == float(best["val_loss"])
    assert float(history[-1]["loss"]) < float(history[0]["loss"]) < np.log(2)


def test_the_model_is_that_of_the_best_epoch(dataset, tmp_path):
    result = train(dataset, tmp_path, n_trees=60, learning_rate=0.5)
    assert result["best_epoch"] < 60, "it should learn the training part by heart"
    trees, view = load_model(tmp_path / "model.json"), dataset.view()
    assert trees.rounds == result["best_epoch"]
    for role, prefix in (("validation", "val_"), ("test", "eval_")):
        pairs = list(predict(trees, find_model("bdt"), view, role))
        rows, found = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
        arguments = (rows["label"], found, rows[view.weight])
        assert result["metrics"][f"{prefix}loss"] == pytest.approx(metrics.cross_entropy(*arguments), rel=1e-12)
        assert result["metrics"][f"{prefix}auc"] == pytest.approx(metrics.auc(*arguments), rel=1e-12)


def test_equal_trainings_give_equal_bytes_and_other_seeds_other_trees(dataset, tmp_path):
    options = {"inputs_per_cut": 0.4}
    for name, changes in {"a": {}, "b": {}, "c": {"repetition": 1}, "d": {"seed": 2}}.items():
        train(dataset, tmp_path / name, **options, **changes)
    models = {path.parent.name: path.read_bytes() for path in tmp_path.rglob("model.json")}
    assert models["a"] == models["b"]
    assert len(set(models.values())) == 3


def test_early_stopping_ends_the_growing(dataset, tmp_path):
    training = {"early_stopping": {"patience": 5}, "reduce_learning_rate": None}
    result = train(dataset, tmp_path, training, n_trees=200, learning_rate=0.5)
    assert result["epochs"] < 200
    assert result["epochs"] - result["best_epoch"] >= 0
    assert load_model(tmp_path / "model.json").rounds == result["best_epoch"]
    # Watched or not, the trees that grew are the same.
    free = train(dataset, tmp_path / "free", n_trees=result["epochs"], learning_rate=0.5)
    assert (tmp_path / "free" / "model.json").read_bytes() == (tmp_path / "model.json").read_bytes()
    assert free["metrics"] == result["metrics"]


def test_weights_count(dataset, tmp_path, monkeypatch):
    first = train(dataset, tmp_path / "a")["metrics"]
    plain = boosted.Part.__init__

    def heavier(self, *arguments):
        plain(self, *arguments)
        self.weights[self.labels == 0] *= 5

    monkeypatch.setattr(boosted.Part, "__init__", heavier)
    assert train(dataset, tmp_path / "b")["metrics"]["loss"] != first["loss"]


def test_negative_weights_are_said(dataset, tmp_path, monkeypatch, caplog):
    plain = boosted.Part.__init__

    def signed(self, *arguments):
        plain(self, *arguments)
        self.weights[::10] *= -1

    monkeypatch.setattr(boosted.Part, "__init__", signed)
    with caplog.at_level(logging.WARNING):
        assert train(dataset, tmp_path)["metrics"]["eval_auc"] > 0.6
    assert "training jets have negative weights" in caplog.text


def test_a_deadline_ends_it_without_a_result(dataset, tmp_path):
    with pytest.raises(OutOfTimeError, match="boosted trees start anew"):
        train(dataset, tmp_path, deadline=0.0)
    assert list(tmp_path.iterdir()) == []


def test_a_signal_is_obeyed_after_the_tree(dataset, tmp_path, monkeypatch):
    import os
    import signal

    seen = boosted.Watch._note

    def kill(self, estimator, rounds):
        seen(self, estimator, rounds)
        if rounds == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(boosted.Watch, "_note", kill)
    with pytest.raises(CheckpointedError, match="SIGTERM: stopped after tree 3"):
        train(dataset, tmp_path)


def test_a_scan_of_trees_is_collected_deployed_and_evaluated(dataset, tmp_path):
    content = config(inputs=INPUTS, model="bdt", training=FREE, parameters={"n_trees": 5}, scan={"depth": [2, 3]})
    content["tasks"]["flavour"]["parameters"] = {"n_trees": 5}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content))
    scan = tmp_path / "scan"
    options = ["--config", str(path), "--task", "flavour"]
    from jetloom.config.load import load_merged
    from jetloom.scan.points.space import points

    for point in points(load_merged(content).tasks["flavour"]):
        place = ["--point", point.name, "--output", str(scan / point.name / "r0")]
        assert main(["train", *options, "--dataset", str(dataset.directory), *place]) == 0
    assert main(["collect", *options, "--dataset", str(dataset.directory), "--scan", str(scan)]) == 0
    facts = json.loads((scan / "scan.json").read_text())
    assert facts["best"]["model"].endswith("/model.json")
    assert main(["deploy", *options, "--scan", str(scan)]) == 0
    with zipfile.ZipFile(scan / "best.zip") as archive:
        assert set(archive.namelist()) == {"model.json", "scan.csv", "parameters.json"}
        assert archive.read("model.json") == (scan / facts["best"]["model"]).read_bytes()
    arguments = ["--dataset", str(dataset.directory), "--scan", str(scan), "--output", str(tmp_path / "best")]
    assert main(["evaluate", *options, *arguments]) == 0
    assert json.loads((tmp_path / "best" / "metrics.json").read_text())["metrics"]["auc"]["value"] > 0.6
