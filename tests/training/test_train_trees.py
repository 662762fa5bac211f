"""A training on clustering trees: a density model from its start to its result, on the classes that it is of."""

import csv

import numpy as np
import pytest

from jetloom.cluster.bundles.training import _picture
from jetloom.data.building.build import build
from jetloom.data.dataset import Dataset
from jetloom.errors import CheckpointedError, ConfigurationError
from jetloom.models.registry import find_model, resolve_parameters
from jetloom.training import network as training
from jetloom.training.feed import Feed
from jetloom.training.interruption import Interruption
from jetloom.training.point import train_point
from jetloom.training.request import Request
from tree_files import tree_analysis, write_tree_samples

QUIET = {"early_stopping": None, "reduce_learning_rate": None}
SMALL = {
    "epochs": 2,
    "batch_size": 32,
    "width": 3,
    "end_hidden": 3,
    "mother_hidden": 3,
    "branching_hidden": 3,
    "max_constituents": 32,
}
TERMS = ("end", "mother", "z", "theta", "delta", "phi")


class After(Interruption):
    """Says that a signal came once it was asked so many times."""

    def __init__(self, count):
        super().__init__()
        self.signal, self.left = "SIGTERM", count

    def __bool__(self):
        self.left -= 1
        return self.left <= 0


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    directory = tmp_path_factory.mktemp("trees")
    files = write_tree_samples(directory / "trees", rows=150)
    build(tree_analysis(), "flavour", files, directory / "dataset")
    return Dataset.open(directory / "dataset")


def _train(trees, directory, model="junipr", classes=(), settings=QUIET, **parameters):
    task = tree_analysis(model=model, classes=list(classes), training=settings).tasks["flavour"]
    given = resolve_parameters(find_model(model), {**SMALL, **parameters})
    directory.mkdir(exist_ok=True)
    return train_point(Request(task, given, trees, directory, 1, 0, None))


def _task(settings=QUIET, model="junipr"):
    return tree_analysis(model=model, training=settings).tasks["flavour"]


def _history(directory):
    with (directory / "history.csv").open(newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def alone(trees, tmp_path_factory):
    directory = tmp_path_factory.mktemp("alone")
    return directory, _train(trees, directory, classes=["quark"])


def test_losses_are_logged_by_head_and_add_up(alone):
    directory, result = alone
    history = _history(directory)
    assert list(history[0]) == [
        "epoch", "loss", *TERMS, "val_loss", *(f"val_{name}" for name in TERMS), "learning_rate", "batch_size",
    ]  # fmt: skip
    for row in history:
        for prefix in ("", "val_"):
            parts = sum(float(row[prefix + name]) for name in TERMS)
            assert float(row[f"{prefix}loss"]) == pytest.approx(parts, rel=1e-5)
    assert float(history[1]["val_loss"]) < float(history[0]["val_loss"])
    assert set(result["metrics"]) == set(find_model("junipr").point_metrics())
    assert not any("auc" in name for name in result["metrics"])


def test_only_the_jets_of_the_task_s_classes_take_part(trees, alone):
    """Against log P of these jets alone, one after the other, without padding."""
    from jetloom.inference.prediction import load_model

    feed = Feed(tree_analysis(model="junipr").tasks["flavour"], find_model("junipr"), trees, None)
    network = load_model(alone[0] / "model.keras")
    for role, prefix in (("validation", "val_"), ("test", "eval_")):
        losses, weights = [], []
        for block in feed.view.blocks(role):
            for index in np.flatnonzero(block["label"] == trees.classes.index("quark")):
                batch = feed.batch(block.take(np.array([index])))
                losses.append(-np.asarray(network(batch.features)).sum())
                weights.append(batch.weights[0])
        expected = np.average(np.array(losses), weights=weights)
        assert alone[1]["metrics"][f"{prefix}loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("count", [4, 9])
def test_an_interrupted_training_goes_on_with_the_same_bits(trees, alone, tmp_path, monkeypatch, count):
    with monkeypatch.context() as patch:
        patch.setattr(training, "Interruption", lambda deadline: After(count))
        with pytest.raises(CheckpointedError):
            _train(trees, tmp_path, classes=["quark"])
    assert _train(trees, tmp_path, classes=["quark"])["metrics"] == alone[1]["metrics"]
    assert _history(tmp_path) == _history(alone[0])


def test_a_binary_model_trains_as_a_classifier(trees, tmp_path):
    result = _train(trees, tmp_path, model="junipr_binary", epochs=1)
    assert set(result["metrics"]) == set(find_model("dense").point_metrics())
    assert np.isfinite(list(result["metrics"].values())).all()


def test_the_network_of_each_epoch_is_kept_by_choice(trees, tmp_path):
    import keras

    settings = {**QUIET, "select": {"monitor": "val_loss", "last": 1}}
    _train(trees, tmp_path / "plain", settings=settings)
    _train(trees, tmp_path / "kept", settings={**settings, "keep_epochs": True})
    assert not (tmp_path / "plain" / "epochs").exists()
    kept = sorted((tmp_path / "kept" / "epochs").iterdir())
    assert [path.name for path in kept] == ["epoch0001.keras", "epoch0002.keras"]
    assert _history(tmp_path / "kept") == _history(tmp_path / "plain")
    model, view = find_model("junipr"), trees.view()
    features = model.features(next(view.blocks("test")), Feed(_task(), model, trees, None).facts)
    outputs = [np.asarray(keras.saving.load_model(path, compile=False)(features)) for path in kept]
    best = np.asarray(keras.saving.load_model(tmp_path / "kept" / "model.keras", compile=False)(features))
    np.testing.assert_array_equal(outputs[1], best)
    assert (outputs[0] != best).any()


def test_a_tree_is_drawn_in_tensorboard_by_choice(trees, tmp_path):
    settings = {**QUIET, "tensorboard": True}
    _train(trees, tmp_path / "plain", settings=settings)
    settings["tensorboard_tree"] = 3
    task = _task(settings)
    given = resolve_parameters(find_model("junipr"), SMALL)
    (tmp_path / "drawn").mkdir()
    train_point(Request(task, given, trees, tmp_path / "drawn", 1, 0, None, picture=_picture(task, trees, None)))
    plain, drawn = (next((tmp_path / name / "tensorboard").iterdir()).read_bytes() for name in ("plain", "drawn"))
    assert drawn.count(b"\x89PNG") == SMALL["epochs"]
    assert plain.count(b"\x89PNG") == 0
    with pytest.raises(ConfigurationError, match=r"training\.tensorboard_tree: .*no -log P"):
        _picture(_task(settings, model="junipr_binary"), trees, None)
    with pytest.raises(ConfigurationError, match="100000"):
        _picture(_task({**settings, "tensorboard_tree": 100000}), trees, None)


def test_hidden_units_are_left_out_in_training_alone(trees, tmp_path):
    model, facts = find_model("junipr"), Feed(_task(), find_model("junipr"), trees, None).facts
    features = model.features(next(trees.view().blocks("test")), facts)
    plain, dropping = (
        model.build(model.parameters.model_validate({**SMALL, "head_dropout": share}), facts, 3, {})
        for share in (0.0, 0.5)
    )
    np.testing.assert_array_equal(np.asarray(dropping(features)), np.asarray(plain(features)))
    np.testing.assert_array_equal(np.asarray(plain(features, training=True)), np.asarray(plain(features)))
    one, two = (np.asarray(dropping(features, training=True)) for _ in range(2))
    assert (one != two).any()
    assert np.isfinite(one).all()
    result = _train(trees, tmp_path / "dropping", settings=QUIET, head_dropout=0.3)
    assert result["status"] == "trained"


def test_a_training_with_too_few_updates_to_judge_it_by_says_so(alone):
    _, result = alone
    (words,) = result["warnings"]
    assert "updates in all" in words
    assert "smaller batch_size" in words
    made = int(words.split()[1])
    assert made == 2 * -(-result["jets"] // SMALL["batch_size"])


@pytest.mark.parametrize(
    ("name", "updates", "told"), [("junipr", 1000, 0), ("junipr_binary", 999, 1), ("dense", 10, 0)]
)
def test_only_models_that_need_updates_ask_for_them(name, updates, told):
    assert len(training.too_few_updates(find_model(name), updates)) == told
