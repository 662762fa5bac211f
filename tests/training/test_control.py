"""A training against a control region, from its configuration to its result."""

from pathlib import Path

import numpy as np
import pytest
import two_towers

from jetloom.config.load import load_merged
from jetloom.data.building.build import build
from jetloom.data.dataset import Dataset
from jetloom.errors import CheckpointedError, ConfigurationError
from jetloom.io.sealed import read_json
from jetloom.models.registry import find_model, resolve_parameters
from jetloom.scan.compatibility import check_models
from jetloom.training import checkpoint
from jetloom.training import network as training
from jetloom.training.backends.backend import use_backend
from jetloom.training.feed import Feed
from jetloom.training.interruption import Interruption
from jetloom.training.point import train_point
from jetloom.training.request import Control, Request
from tiny_analysis import CONFIG, merged, write_samples

MODEL = f"{two_towers.__file__}:TwoTowers"
INPUTS = ["log(pt - 25)", "width", "ntrk"]
REGION = {
    "samples": ["ttbar"],
    "labels": {
        "backward": {"when": "eta < -0.2"},
        "forward": {"when": "eta > 0.2"},
        "middle": {"when": "abs(eta) <= 0.2"},
    },
    "inputs": INPUTS,
    "split": {"train": 0.6, "validation": 0.2, "test": 0.2},
    "classes": ["backward", "forward"],
}


def _analysis(**task):
    flavour = {"inputs": INPUTS, "model": MODEL, "control": "region", **task}
    return load_merged(merged(CONFIG, {"tasks": {"flavour": flavour, "region": REGION}}))


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """The control region, which has fewer jets."""
    use_backend("tensorflow", 1)
    directory = tmp_path_factory.mktemp("region")
    build(_analysis(), "region", write_samples(directory / "hdf5"), directory / "dataset")
    return Dataset.open(directory / "dataset")


class After(Interruption):
    """Asks to stop when it is asked for the ``count``-th time."""

    def __init__(self, count):
        super().__init__()
        self.left, self.signal = count, "SIGTERM"

    def __bool__(self):
        self.left -= 1
        return self.left <= 0


def _train(dataset, region, directory):
    task = _analysis().tasks["flavour"]
    given = {"epochs": 3, "batch_size": 64, "learning_rate": 0.01, "optimizer": "nadam"}
    parameters = resolve_parameters(find_model(MODEL), given)
    control = None if region is None else Control(_analysis().tasks["region"], region)
    return train_point(Request(task, parameters, dataset, directory, 1, 0, None, control=control))


def _state(directory):
    progress, current, best = checkpoint.load(Path(directory) / "checkpoint.npz")
    rows = [{name: value for name, value in row.items() if name != "seconds"} for row in progress.history]
    return rows, [array.tobytes() for array in [*current, *best]]


def test_an_interrupted_one_ends_with_the_same_bits(dataset, region, tmp_path, monkeypatch):
    result = _train(dataset, region, tmp_path / "alone")
    assert result["status"] == "trained"
    assert result["origin"]["inputs"]["control"] == region.fingerprint != result["origin"]["inputs"]["dataset"]
    assert read_json(tmp_path / "alone" / "result.json")["files"].keys() == {"model.keras", "history.csv"}
    for count in (2, 7, 9, 6):
        with monkeypatch.context() as patch:
            patch.setattr(training, "Interruption", lambda deadline, count=count: After(count))
            with pytest.raises(CheckpointedError):
                _train(dataset, region, tmp_path / "torn")
    _train(dataset, region, tmp_path / "torn")
    assert _state(tmp_path / "torn") == _state(tmp_path / "alone")
    rows = _state(tmp_path / "alone")[0]
    assert len({row["loss_adversary"] for row in rows}) == len({row["loss_tagger"] for row in rows}) == 3


def test_batches_of_both_stand_side_by_side_in_the_classes_that_take_part(dataset, region):
    tasks, model = _analysis().tasks, find_model(MODEL)
    feed = Feed(tasks["flavour"], model, dataset, None, Control(tasks["region"], region))
    stream = feed.stream(64, 3)
    alone = Feed(tasks["flavour"], model, dataset, None).stream(64, 3)
    pairs = list(stream.epoch(1))
    assert [one["main"].features.tobytes() for one in pairs] == [
        one["main"].features.tobytes() for one in alone.epoch(1)
    ]
    assert {name for one in pairs for name in one} == {"main", "control"}
    assert 1 < stream.streams["control"].steps() < stream.steps() == len(pairs)
    labels = np.concatenate([one["control"].target for one in pairs])
    assert set(labels.tolist()) == {0, 1}
    assert feed.control.facts is feed.facts


def test_another_control_region_goes_on_from_no_checkpoint(dataset, region, tmp_path, monkeypatch, caplog):
    with monkeypatch.context() as patch:
        patch.setattr(training, "Interruption", lambda deadline: After(3))
        with pytest.raises(CheckpointedError):
            _train(dataset, region, tmp_path)
    _train(dataset, Dataset(region.directory, {**region.description, "fingerprint": "other"}), tmp_path)
    assert "belongs to other data, parameters or settings" in caplog.text


def test_one_that_is_missing_is_told_at_the_start(dataset, tmp_path):
    with pytest.raises(ConfigurationError, match=r"control: the updates of this point read main and control, .* main;"):
        _train(dataset, None, tmp_path)


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (
            {"control": None},
            r"tasks\.flavour\.control: the updates of .* read the batches of a control region, and",
        ),
        ({"model": "dense"}, r"tasks\.flavour\.control: no update of 'dense' reads .*; take it out"),
        ({"model": "bdt", "parameters": {}}, r"tasks\.flavour\.control: a 'bdt' is not trained against a control"),
    ],
)
def test_check_holds_the_updates_against_the_task(task, words):
    check_models(_analysis())
    analysis = _analysis(**task)
    if task.get("parameters") == {}:
        analysis.tasks["flavour"].parameters.clear()
    with pytest.raises(ConfigurationError, match=words):
        check_models(analysis)


CLASH = """
from jetloom.models.dense import Dense
from jetloom.models.objectives.classification import Classification
from jetloom.models.objectives.metric import Metric
from jetloom.models.updates import Update


class Twice(Dense):
    def updates(self, parameters):
        return [Update("one"), Update("one")]


class Own(Classification):
    metrics = (*Classification.metrics, Metric("loss_one", "One", "lower"))


class Term(Dense):
    objective = Own()

    def updates(self, parameters):
        return [Update("one"), Update("two")]
"""


@pytest.mark.parametrize("model", ["Twice", "Term"])
def test_losses_of_updates_need_columns_of_their_own(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(CLASH)
    with pytest.raises(ConfigurationError, match=r"tasks\.flavour\.model: two columns of the history .*'loss_one'"):
        check_models(_analysis(model=f"mine.py:{model}", control=None))
