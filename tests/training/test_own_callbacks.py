"""Callbacks in files of the user's own; the gates are those of the documentation."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from jetloom.cli.main import main
from jetloom.errors import CheckpointedError, ConfigurationError, MissingFileError
from jetloom.io.sealed import read_json
from jetloom.models.registry import find_model, resolve_parameters
from jetloom.scan.staleness import settings_digests
from jetloom.training import checkpoint
from jetloom.training import network as training
from jetloom.training.callbacks.callback import GO_ON, Callback, Decision
from jetloom.training.callbacks.own import check_callbacks
from jetloom.training.callbacks.selection import Selection
from jetloom.training.interruption import Interruption
from jetloom.training.point import train_point
from jetloom.training.request import Request
from tiny_analysis import analysis
from tree_files import tree_analysis

HOWTO = Path(__file__).parents[2] / "docs" / "howto.md"
INPUTS = ["log(pt - 25)", "width", "ntrk"]
FREE = {"early_stopping": None, "reduce_learning_rate": None}
HEAD = "from jetloom.training.callbacks.callback import Callback, Decision\n"
METHOD = "    def after_validation(self, row, context):\n        return Decision()\n"

COOLS = (
    HEAD
    + '''

class Cools(Callback):
    """Halves the rate at each second validation, forbids every third network, and stops after seven."""

    def __init__(self, names=("a",)):
        self.seen, self.names = [], list(names)

    def after_validation(self, row, context):
        self.seen.append(row["val_loss"])
        if len(self.seen) % 2 == 0:
            context.learning_rate = context.learning_rate / 2
        stop = "seen enough" if len(self.seen) >= 7 else ""
        return Decision(stop=stop, forbidden="a third" if len(self.seen) % 3 == 0 else "")
'''
)


class After(Interruption):
    """Asks to stop when it is asked for the ``count``-th time."""

    def __init__(self, count):
        super().__init__()
        self.left, self.signal = count, "SIGTERM"

    def __bool__(self):
        self.left -= 1
        return self.left <= 0


@pytest.fixture
def gates(tmp_path, monkeypatch):
    """The documentation's example, in the working directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "gates.py"
    path.write_text(re.search(r"## Add a callback.*?```python\n(.*?)```", HOWTO.read_text(), re.S)[1])
    return path


def _task(*callbacks, **settings):
    return analysis(inputs=INPUTS, training={**FREE, "callbacks": list(callbacks), **settings}).tasks["flavour"]


def _train(dataset, directory, task, epochs=4):
    given = {"epochs": epochs, "batch_size": 64, "units": 4, "learning_rate": 0.05, "dropout": 0.2}
    parameters = resolve_parameters(find_model("dense"), given)
    return train_point(Request(task, parameters, dataset, directory, 1, 0, None))


def _check(*callbacks, **task):
    check_callbacks(analysis(**{"inputs": INPUTS, "training": {**FREE, "callbacks": list(callbacks)}, **task}))


def _epochs(directory):
    lines = (directory / "history.csv").read_text().splitlines()
    names = lines[0].split(",")
    return [dict(zip(names, map(float, line.split(",")), strict=True)) for line in lines[1:]]


def test_the_documented_settings_are_accepted(gates):
    text = re.search(r"## Add a callback.*?```yaml\n(.*?)```", HOWTO.read_text(), re.S)[1]
    gates.with_name("mine.py").write_text(f"{HEAD}class Other(Callback):\n{METHOD}")
    _check(*yaml.safe_load(text)["tasks"]["qg"]["training"]["callbacks"])


def test_a_gate_forbids_epochs_and_the_best_of_the_others_is_kept(gates, dataset, tmp_path):
    free = _train(dataset, tmp_path / "free", _task())
    losses = {row["epoch"]: row["val_loss"] for row in _epochs(tmp_path / "free")}
    best = free["best_epoch"]
    limit = losses[best] * 1.0001
    gate = {"use": "gates.py:Gate", "metric": "val_loss", "lowest": limit}
    result = _train(dataset, tmp_path / "gated", _task(gate))
    assert result["best_epoch"] == min((e for e in losses if losses[e] >= limit), key=losses.get) != best
    assert "forbidden" not in result
    assert [row["val_loss"] for row in _epochs(tmp_path / "gated")] == list(losses.values())


def test_if_none_passes_the_one_that_misses_least_is_kept_and_the_result_says_so(gates, dataset, tmp_path, caplog):
    gate = {"use": "gates.py:Gate", "metric": "val_loss", "lowest": 10}
    result = _train(dataset, tmp_path / "gated", _task(gate))
    losses = [row["val_loss"] for row in _epochs(tmp_path / "gated")]
    assert result["best_epoch"] == 1 + int(np.argmax(losses))
    assert result["forbidden"] == f"val_loss is {max(losses):.4g}"
    assert read_json(tmp_path / "gated" / "result.json")["forbidden"] == result["forbidden"]
    assert f"that of epoch {result['best_epoch']} misses least: val_loss is" in caplog.text


def test_the_miss_of_several_adds_up_and_an_epoch_that_passes_is_kept_whatever_it_is_worth():
    two = Decision(forbidden="a", miss=0.5) + Decision(forbidden="b", miss=0.25) + Decision("stop")
    assert (two.stop, two.forbidden, two.miss) == ("stop", "a; b", 0.75)
    assert GO_ON + GO_ON == GO_ON
    selection = Selection("val_loss")
    decided = [two, Decision(forbidden="a", miss=0.5), Decision(forbidden="c"), GO_ON, GO_ON, two]
    losses = [1.0, 5.0, 0.1, 9.0, 8.0, 0.2]
    chosen = [
        selection.update({"epoch": e, "val_loss": loss}, one)
        for e, (loss, one) in enumerate(zip(losses, decided, strict=True), 1)
    ]
    assert chosen == [True, True, False, True, True, False]
    assert (selection.best_epoch, selection.miss, selection.forbidden) == (5, 0.0, "")
    with pytest.raises(ValueError, match="miss something by more than 0"):
        Decision(forbidden="a", miss=float("nan"))


def test_predictions_belong_to_their_rows(gates, dataset, tmp_path):
    """A model of jets, whose rows are those of the files."""
    seen = []

    class Looks(Callback):
        def after_validation(self, row, context):
            found = context.predictions
            weights = found.rows[dataset.view().weight].astype(float)
            seen.append((np.average(found.values["loss"], weights=weights), row["val_loss"]))
            labels, probabilities = found.rows["label"], found.probabilities
            right = -np.log(probabilities[np.arange(len(labels)), labels])
            np.testing.assert_allclose(right, found.values["loss"], rtol=1e-4)
            return GO_ON

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "own_callbacks", lambda task: [Looks()])
        _train(dataset, tmp_path / "looked", _task(), epochs=2)
    assert len(seen) == 2
    for found, metric in seen:
        assert found == pytest.approx(metric, rel=1e-5)


def test_predictions_of_trees_belong_to_their_rows(trees, tmp_path):
    """Trees are evaluated by length; a row's loss has to be that of its own tree."""
    seen = []

    class Looks(Callback):
        def after_validation(self, row, context):
            found = context.predictions
            assert found.probabilities is None
            weights = found.rows[trees.view().weight].astype(float)
            order = np.argsort(found.rows["n_branchings"])
            seen.append((np.average(found.values["loss"], weights=weights), row["val_loss"]))
            lengths = found.rows["n_branchings"][order]
            # -log P grows with the number of branchings.
            assert np.corrcoef(lengths, found.values["loss"][order])[0, 1] > 0.9
            return GO_ON

    task = tree_analysis(model="junipr", classes=["quark"], training=FREE).tasks["flavour"]
    sizes = {"width": 4, "end_hidden": 4, "mother_hidden": 4, "branching_hidden": 4, "max_constituents": 32}
    given = resolve_parameters(find_model("junipr"), {"epochs": 1, "batch_size": 64, **sizes})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "own_callbacks", lambda task: [Looks()])
        train_point(Request(task, given, trees, tmp_path, 1, 0, None))
    ((found, metric),) = seen
    assert found == pytest.approx(metric, rel=1e-5)


def test_an_interrupted_training_ends_with_the_same_bits(gates, dataset, tmp_path, monkeypatch):
    """With state, another rate and a reason to stop of its own, and a gate beside it."""
    gates.with_name("cools.py").write_text(COOLS)
    task = _task("cools.py:Cools", {"use": "gates.py:Gate", "metric": "val_accuracy", "lowest": 0.99}, validations=2)
    alone = _train(dataset, tmp_path / "alone", task, epochs=6)
    assert alone["stopped"] == "seen enough"
    assert alone["epochs"] == 4  # the seventh validation lies in the fourth epoch, which is ended
    assert len({row["learning_rate"] for row in _epochs(tmp_path / "alone")}) > 2
    for count in (3, 10, 14, 9):
        with monkeypatch.context() as patch:
            patch.setattr(training, "Interruption", lambda deadline, count=count: After(count))
            with pytest.raises(CheckpointedError):
                _train(dataset, tmp_path / "torn", task, epochs=6)
    stored = checkpoint.load(tmp_path / "torn" / "checkpoint.npz")[0]
    assert len(stored.callbacks["Cools"]["seen"]) == len(stored.history) > 2
    torn = _train(dataset, tmp_path / "torn", task, epochs=6)
    names = ("metrics", "best_epoch", "stopped", "forbidden", "epochs")
    assert [torn.get(name) for name in names] == [alone.get(name) for name in names]
    rows = [[{**row, "seconds": 0} for row in _epochs(tmp_path / name)] for name in ("alone", "torn")]
    assert rows[0] == rows[1]
    with np.load(tmp_path / "alone" / "checkpoint.npz") as one, np.load(tmp_path / "torn" / "checkpoint.npz") as other:
        assert one.files == other.files
        assert all(one[name].tobytes() == other[name].tobytes() for name in one.files if name[-1].isdigit())
        assert json.loads(str(one["progress"]))["callbacks"] == json.loads(str(other["progress"]))["callbacks"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (f"class Gate:\n{METHOD}", r"mine\.py: has no callback 'Gate' \(a subclass of jetloom"),
        (f"class Gat(Callback):\n{METHOD}", "has no callback 'Gate'.*did you mean 'Gat'"),
        ("class Gate(Callback):\n    x = 1\n", r"mine\.py: line 2, Gate: has no method 'after_validation'; def after"),
        (
            f"class Gate(Callback):\n{METHOD.replace('validation', 'validaton')}",
            r"mine\.py: line 3, Gate: 'after_validaton' is no method of a callback; did you mean 'after_validation'\?",
        ),
        (
            f"class Gate(Callback):\n{METHOD}\n    def restor(self, state):\n        pass\n",
            r"mine\.py: line 6, Gate: 'restor' is no method.*did you mean 'restore'",
        ),
        (
            f"class Gate(Callback):\n{METHOD.replace('row, ', '')}",
            r"mine\.py: line 3, Gate: after_validation takes other parameters",
        ),
        (
            f"class Gate(Callback):\n    def __init__(self):\n        self.x = 1 / 0\n{METHOD}",
            r"mine\.py: line 4, Gate: cannot be made \(ZeroDivisionError: division by zero\)",
        ),
        (
            f"class Gate(Callback):\n    def __init__(self):\n        self.x = {{1}}\n{METHOD}",
            r"mine\.py: line 2, Gate: failed \(TypeError: Object of type set is not JSON",
        ),
        ("1 / 0\n", r"mine\.py: cannot be imported \(ZeroDivisionError"),
    ],
)
def test_mistakes_are_told_with_file_and_line(gates, code, words):
    gates.with_name("mine.py").write_text(HEAD + code)
    with pytest.raises(ConfigurationError, match=words):
        _check("mine.py:Gate")


@pytest.mark.parametrize(
    ("entry", "kind", "words"),
    [
        ("none.py:Gate", MissingFileError, r"none\.py: tasks\.flavour\.training\.callbacks\.0: there is no such file"),
        ("gates.py:Gate", ConfigurationError, r"callbacks\.0: 'gates\.py:Gate' needs 'metric'; metric: \.\.\."),
        (
            {"use": "gates.py:Gate", "metric": "val_loss", "limits": 1},
            ConfigurationError,
            "'gates.py:Gate' takes no 'limits'",
        ),
        (
            {"use": "gates.py:Gate", "metric": "val_los"},
            ConfigurationError,
            "the model 'dense' has no metric 'val_los'; did you mean 'val_loss'",
        ),
        ("gates.py", ConfigurationError, r"training\.callbacks\.0\.use: string should match"),
        ({"limit": 1}, ConfigurationError, r"training\.callbacks\.0\.use: is missing"),
    ],
)
def test_mistakes_of_the_configuration(gates, entry, kind, words):
    with pytest.raises(kind, match=words):
        _check(entry)


def test_two_of_a_class_need_names_and_boosted_trees_take_none(gates):
    gate = {"use": "gates.py:Gate", "metric": "val_loss"}
    with pytest.raises(ConfigurationError, match=r"two callbacks have the name 'Gate'; give one of them a `name`"):
        _check(gate, gate)
    _check(gate, {**gate, "name": "other"})
    with pytest.raises(ConfigurationError, match="a 'bdt' is not trained in epochs"):
        _check(gate, model="bdt", parameters={})


def test_jetloom_check_refuses_it_before_any_job(gates, tmp_path, capsys):
    """Exit code 2, with one line."""
    from tiny_analysis import config

    gates.with_name("mine.py").write_text(f"{HEAD}class Gate(Callback):\n    pass\n")
    content = config(inputs=INPUTS, training={**FREE, "callbacks": ["mine.py:Gate"]})
    (tmp_path / "config.json").write_text(json.dumps(content))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jetloom.scan.preflight.check_analysis", lambda analysis: None)  # there are no samples
        assert main(["check", str(tmp_path / "config.json")]) == 2
    assert "mine.py: line 2, Gate: has no method 'after_validation'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return None", r"line 2, Gate: failed \(TypeError: after_validation gave None, not a Decision\)"),
        ("return row['val_lose']", r"line 4, Gate: failed \(KeyError: 'val_lose'\)"),
        (
            "self.x = object(); return Decision()",
            r"line 2, Gate: failed \(TypeError: Object of type object is not JSON",
        ),
    ],
)
def test_one_that_fails_ends_the_training_with_its_line(gates, dataset, tmp_path, body, words):
    gates.with_name("mine.py").write_text(HEAD + f"class Gate(Callback):\n{METHOD.replace('return Decision()', body)}")
    with pytest.raises(ConfigurationError, match=words):
        _train(dataset, tmp_path / "failed", _task("mine.py:Gate"), epochs=1)
    assert not (tmp_path / "failed" / "result.json").exists()


def test_a_change_of_the_file_or_of_a_parameter_makes_the_trainings_stale(gates):
    def digest(**gate):
        callbacks = [{"use": "gates.py:Gate", "metric": "val_loss", **gate}]
        return settings_digests(analysis(training={**FREE, "callbacks": callbacks}))["train"]

    before = digest()
    assert digest() == before
    assert digest(lowest=1) != before
    gates.write_text(gates.read_text() + "\nX = 1\n")
    assert digest() != before
    assert settings_digests(analysis(training=FREE))["train"] != before
