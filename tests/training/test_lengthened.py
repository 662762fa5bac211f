"""More epochs: a longer training goes on from a shorter one, and ends with the same bits as from the start."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from jetloom.models.registry import find_model, resolve_parameters
from jetloom.training.point import train_point
from jetloom.training.request import Request
from tiny_analysis import analysis


def request(dataset, directory, epochs, shorter=None, settings=None, **parameters):
    task = analysis(
        inputs=["log(pt - 25)", "width", "ntrk"],
        training={"early_stopping": None, "reduce_learning_rate": {"patience": 1}} | (settings or {}),
    ).tasks["flavour"]
    given = {"epochs": epochs, "batch_size": 64, "units": 4, "dropout": 0.2, **parameters}
    resolved = resolve_parameters(find_model("dense"), given)
    return Request(task, resolved, dataset, directory, 1, 0, None, shorter=shorter or {})


def weights(directory):
    from jetloom.models.stored_network import load_network

    return [np.asarray(weight) for weight in load_network(directory / "model.keras").weights]


def history(directory):
    with (directory / "history.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def test_more_epochs_go_on_and_end_with_the_bits_of_a_start(dataset, tmp_path, caplog):
    whole = train_point(request(dataset, tmp_path / "whole", 5))
    train_point(request(dataset, tmp_path / "short", 2))
    train_point(request(dataset, tmp_path / "middle", 3, {2: tmp_path / "short" / "checkpoint.npz"}))
    candidates = {2: tmp_path / "short" / "checkpoint.npz", 3: tmp_path / "middle" / "checkpoint.npz"}
    with caplog.at_level("INFO"):
        longer = train_point(request(dataset, tmp_path / "long", 5, candidates))
    assert "goes on from the training of 3 epochs" in caplog.text
    assert longer["continued_after"] == 3
    assert "continued_after" not in whole
    assert longer["metrics"] == whole["metrics"]
    assert longer["origin"]["identity"] == whole["origin"]["identity"]
    assert history(tmp_path / "long") == history(tmp_path / "whole")
    for ours, theirs in zip(weights(tmp_path / "long"), weights(tmp_path / "whole"), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("change", [{"seed": 2}, {"repetition": 1}, {"parameters": {"units": 8}}])
def test_another_training_is_no_shorter_one(dataset, tmp_path, change):
    short = request(dataset, tmp_path / "short", 2)
    if "parameters" in change:
        change = {"parameters": short.parameters | change["parameters"]}
    train_point(replace(short, **change))
    longer = train_point(request(dataset, tmp_path / "long", 3, {2: tmp_path / "short" / "checkpoint.npz"}))
    assert "continued_after" not in longer


@pytest.mark.parametrize("settings", [{"select": {"last": 2}}, {"keep_epochs": True}])
def test_what_depends_on_the_number_of_epochs_begins_anew_and_says_so(dataset, tmp_path, caplog, settings):
    train_point(request(dataset, tmp_path / "short", 2, settings=settings))
    shorter = {2: tmp_path / "short" / "checkpoint.npz"}
    with caplog.at_level("INFO"):
        longer = train_point(request(dataset, tmp_path / "long", 3, shorter, settings))
    assert "continued_after" not in longer
    assert "it is trained from the start, and does not go on from fewer epochs" in caplog.text


def test_one_that_stopped_early_stops_there_again(dataset, tmp_path):
    settings = {"early_stopping": {"monitor": "val_auc", "patience": 1, "min_delta": 0.5}}
    short = train_point(request(dataset, tmp_path / "short", 4, settings=settings))
    assert short["epochs"] < 4
    shorter = {4: tmp_path / "short" / "checkpoint.npz"}
    longer = train_point(request(dataset, tmp_path / "long", 9, shorter, settings))
    assert longer["epochs"] == short["epochs"]
    assert longer["metrics"] == short["metrics"]
    assert longer["stopped"] == short["stopped"]
