import csv
import fcntl
import sys

import numpy as np
import pytest

from jetloom.cli.main import main
from jetloom.errors import CheckpointedError, ConfigurationError
from jetloom.io.lock import exclusive
from jetloom.io.sealed import read_json
from jetloom.models.registry import find_model, resolve_parameters
from jetloom.training import network as training
from jetloom.training.backends.backend import use_backend
from jetloom.training.interruption import Interruption
from jetloom.training.point import train_point
from jetloom.training.request import Request
from tiny_analysis import analysis


def _train(dataset, directory, repetition=0, seed=1, training_settings=None, **parameters):
    task = analysis(
        inputs=["log(pt - 25)", "width", "ntrk"],
        training=training_settings or {"early_stopping": None, "reduce_learning_rate": None},
    ).tasks["flavour"]
    given = resolve_parameters(find_model("dense"), {"epochs": 2, "batch_size": 64, "units": 4, **parameters})
    return train_point(Request(task, given, dataset, directory, seed, repetition, None))


def test_a_point_leaves_model_history_and_result(dataset, tmp_path):
    result = _train(dataset, tmp_path)
    assert result["status"] == "trained"
    assert read_json(tmp_path / "result.json") == result
    with (tmp_path / "history.csv").open(newline="") as file:
        history = list(csv.DictReader(file))
    assert list(history[0]) == find_model("dense").history_columns()
    assert len(history) == result["epochs"] == 2
    best = history[result["best_epoch"] - 1]
    assert float(best["val_loss"]) == result["metrics"]["val_loss"] == min(float(row["val_loss"]) for row in history)
    assert set(result["metrics"]) == {
        "loss", "accuracy", "val_loss", "val_accuracy", "val_auc", "eval_loss", "eval_accuracy", "eval_auc",
    }  # fmt: skip
    assert result["origin"]["inputs"] == {"dataset": dataset.fingerprint}
    assert {path.name for path in tmp_path.iterdir()} == {
        "model.keras", "history.csv", "result.json", "checkpoint.npz"
    }  # fmt: skip


def test_the_saved_model_is_that_of_the_best_epoch(dataset, tmp_path):
    result = _train(dataset, tmp_path, epochs=5, learning_rate=0.3)
    import keras

    from jetloom.data.features import input_matrix
    from jetloom.statistics.classification import cross_entropy

    assert dataset.view().facts.rows.missing is not None  # the layer that fills is saved too
    model, view = keras.saving.load_model(tmp_path / "model.keras", compile=False), dataset.view()
    for role, prefix in (("validation", "val_"), ("test", "eval_")):
        rows = np.concatenate(list(view.blocks(role)))
        outputs = np.asarray(model(input_matrix(rows, view.facts.rows.names)))
        loss = cross_entropy(rows["label"], outputs, rows[view.weight])
        assert result["metrics"][f"{prefix}loss"] == pytest.approx(loss, rel=1e-5)


def test_seed_repetition_and_parameters_decide_the_numbers(dataset, tmp_path):
    first = _train(dataset, tmp_path / "a", epochs=1)["metrics"]
    assert _train(dataset, tmp_path / "b", epochs=1)["metrics"] == first
    assert _train(dataset, tmp_path / "c", epochs=1, repetition=1)["metrics"] != first
    assert _train(dataset, tmp_path / "d", epochs=1, seed=2)["metrics"] != first


def test_a_loss_that_is_no_number_is_a_result(dataset, tmp_path):
    result = _train(dataset, tmp_path, optimizer="sgd", learning_rate=1e3, epochs=3, activation="elu")
    assert result["status"] == "diverged"
    assert "loss is" in result["reason"]
    assert result["metrics"] == {}
    assert (tmp_path / "model.keras").is_file()


def test_the_command_says_diverged_and_exits_well(command, tmp_path, capsys):
    parameters = {"epochs": 3, "batch_size": 64, "optimizer": "sgd", "learning_rate": 1e3, "activation": "elu"}
    assert main(command(tmp_path / "point", parameters=parameters)[3:]) == 0
    assert "diverged after 0 epochs" in capsys.readouterr().err


def test_two_processes_on_one_point_are_refused(dataset, command, tmp_path, capsys):
    (tmp_path / "point").mkdir()
    with (tmp_path / "point" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert main(command(tmp_path / "point")[3:]) == 6
        assert "another process trains this point" in capsys.readouterr().err
    assert not (tmp_path / "point" / "result.json").exists()
    assert _train(dataset, tmp_path / "point", epochs=1)["status"] == "trained"


def test_a_look_at_the_lock_does_not_stop_a_training(dataset, tmp_path):
    """As ``jetloom status`` does it: for a moment."""
    import threading

    (tmp_path / ".lock").touch()
    lock = (tmp_path / ".lock").open()
    fcntl.flock(lock, fcntl.LOCK_SH)
    threading.Timer(0.15, lock.close).start()
    with exclusive(tmp_path, "trains this point"):
        pass


def test_what_does_not_change_the_numbers_does_not_waste_the_checkpoint(dataset, tmp_path, monkeypatch):
    class Now(Interruption):
        def __bool__(self):
            return True

    settings = {"early_stopping": None, "reduce_learning_rate": None}
    with monkeypatch.context() as patch:
        patch.setattr(training, "Interruption", Now)
        with pytest.raises(CheckpointedError):
            _train(dataset, tmp_path, training_settings=settings)
    result = _train(dataset, tmp_path, training_settings={**settings, "checkpoint_steps": 7})
    assert result["attempts"] == 2


def test_tensorboard_gets_the_metrics_of_each_epoch(dataset, tmp_path):
    settings = {"early_stopping": None, "reduce_learning_rate": None, "tensorboard": True}
    _train(dataset, tmp_path, training_settings=settings)
    events = list((tmp_path / "tensorboard").iterdir())
    assert len(events) == 1
    assert b"val_auc" in events[0].read_bytes()


def test_tensorboard_that_is_not_installed_is_said_before_the_training(dataset, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    settings = {"early_stopping": None, "reduce_learning_rate": None, "tensorboard": True}
    with pytest.raises(ConfigurationError, match=r"training\.tensorboard: tensorboard is not installed"):
        _train(dataset, tmp_path, training_settings=settings)
    assert not (tmp_path / "checkpoint.npz").exists()


def test_another_backend_in_the_same_process_is_refused(dataset):
    use_backend("tensorflow", 1)
    import keras  # noqa: F401

    with pytest.raises(ConfigurationError, match="Keras already runs on tensorflow, not on jax"):
        use_backend("jax", 1)


def test_a_signal_is_noted_and_the_old_handlers_come_back():
    import os
    import signal

    before = signal.getsignal(signal.SIGTERM)
    with Interruption() as interruption:
        assert not interruption
        os.kill(os.getpid(), signal.SIGTERM)
        assert interruption
        assert interruption.signal == "SIGTERM"
    assert signal.getsignal(signal.SIGTERM) is before
    with pytest.raises(KeyError), Interruption():
        raise KeyError("any other error")
    assert signal.getsignal(signal.SIGTERM) is before
