"""The end of the wall time, and what comes while a network is evaluated: nothing that was done is lost."""

import json
import os
import signal
import time
from types import SimpleNamespace

import numpy as np
import pytest

from jetloom.errors import CheckpointedError, ExitCode, OutOfTimeError
from jetloom.models.registry import find_model, resolve_parameters
from jetloom.training import checkpoint, loop
from jetloom.training import network as training
from jetloom.training.interruption import Interruption
from jetloom.training.point import train_point
from jetloom.training.request import Request
from tiny_analysis import analysis

QUIET_SETTINGS = {"early_stopping": None, "reduce_learning_rate": None}


class At(Interruption):
    """Says so the ``count``-th time that it is asked and from then on, by a signal or by the deadline."""

    def __init__(self, count, name="SIGTERM"):
        super().__init__()
        self.left, self.name, self.asked = count, name, 0

    def __bool__(self):
        self.asked += 1
        if self.asked < self.left:
            return False
        self.signal = self.name
        return True


def _train(dataset, directory, monkeypatch=None, interruption=None, deadline=None):
    task = analysis(inputs=["log(pt - 25)", "width", "ntrk"], training=QUIET_SETTINGS).tasks["flavour"]
    given = resolve_parameters(find_model("dense"), {"epochs": 2, "batch_size": 64, "units": 4})
    directory.mkdir(exist_ok=True)
    if interruption is None:
        return train_point(Request(task, given, dataset, directory, 1, 0, None, deadline))
    with monkeypatch.context() as patch:
        patch.setattr(training, "Interruption", lambda deadline: interruption)
        return train_point(Request(task, given, dataset, directory, 1, 0, None, deadline))


@pytest.fixture(scope="module")
def alone(dataset, tmp_path_factory):
    directory = tmp_path_factory.mktemp("deadline") / "alone"
    return directory, _train(dataset, directory)["metrics"]


def test_nothing_asks_to_stop():
    assert not Interruption()
    assert not Interruption(time.monotonic() + 60)


def test_the_deadline_asks_to_stop_once_it_has_come(monkeypatch):
    from jetloom.training import interruption

    clock = SimpleNamespace(monotonic=lambda: clock.now, now=99.9)
    monkeypatch.setattr(interruption, "time", clock)
    asking = Interruption(100.0)
    assert not asking
    clock.now = 100.0
    assert asking
    error = asking.error("in epoch 2, step 3", "checkpoint.npz")
    assert type(error) is OutOfTimeError
    assert error.exit_code == ExitCode.CHECKPOINTED == 85
    assert error.line() == (
        "checkpoint.npz: the wall time is nearly over: stopped in epoch 2, step 3; "
        "run it again and it goes on from there"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_is_named_even_after_the_deadline(number):
    with Interruption(time.monotonic() - 1) as asking:
        assert asking
        os.kill(os.getpid(), number)
        error = asking.error("in epoch 1", "c")
    assert type(error) is CheckpointedError
    assert error.cause == f"{number.name}: stopped in epoch 1"


def _stop(interruption):
    with interruption as asking:
        if asking.deadline is None:
            os.kill(os.getpid(), signal.SIGUSR1)
        assert asking
        raise asking.error("in epoch 1", "c")


@pytest.mark.parametrize("deadline", [None, 0.0])
def test_a_signal_that_comes_once_more_does_not_end_a_training_before_it_has_said_why(deadline):
    """Slurm signals all processes of a job, and each that has children passes it on."""

    def exits(received, _):
        raise SystemExit(128 + received)

    handlers = {number: signal.signal(number, exits) for number in (signal.SIGTERM, signal.SIGUSR1)}
    try:
        with pytest.raises(CheckpointedError, match="stopped in epoch 1"):
            _stop(Interruption(deadline))
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def test_a_training_stops_at_its_deadline_and_goes_on(dataset, tmp_path, alone):
    directory = tmp_path / "point"
    with pytest.raises(OutOfTimeError, match="the wall time is nearly over: stopped in epoch 1, step 1"):
        _train(dataset, directory, deadline=time.monotonic())
    stored = checkpoint.load(directory / "checkpoint.npz")[0]
    assert (stored.epoch, stored.step) == (0, 1)  # each attempt does at least one step
    assert not (directory / "result.json").exists()
    result = _train(dataset, directory, deadline=time.monotonic() + 3600)
    assert result["metrics"] == alone[1]
    assert result["attempts"] == 2


def _asked(dataset, tmp_path, monkeypatch):
    """How often a training asks: after each step, before each block of the validation and of the test."""
    never = At(10**9)
    _train(dataset, tmp_path / "counted", monkeypatch, never)
    return never.asked


def test_an_evaluation_can_be_interrupted_too(dataset, tmp_path, monkeypatch, alone):
    """The words say where, the steps stay done, and the numbers are those of an undisturbed one."""
    steps = 11
    places = ["in epoch 1, step"] * steps + ["in the validation of epoch 1"]
    places += ["in epoch 2, step"] * steps + ["in the validation of epoch 2", "in the test"]
    assert _asked(dataset, tmp_path, monkeypatch) == len(places)
    done = {steps + 1: (0, steps), 2 * steps + 2: (1, steps), 2 * steps + 3: (2, 0)}
    for count in (steps + 1, 2 * steps + 2, 2 * steps + 3):
        directory = tmp_path / f"at{count}"
        with pytest.raises(CheckpointedError, match=f"SIGTERM: stopped {places[count - 1]}") as raised:
            _train(dataset, directory, monkeypatch, At(count))
        assert type(raised.value) is CheckpointedError
        assert not (directory / "result.json").exists()
        stored = checkpoint.load(directory / "checkpoint.npz")[0]
        assert (stored.epoch, stored.step) == done[count]
        result = _train(dataset, directory)
        assert (result["metrics"], result["attempts"]) == (alone[1], 2)
        history = (directory / "history.csv").read_text().splitlines()
        assert [row.split(",")[:6] for row in history] == [
            row.split(",")[:6] for row in (alone[0] / "history.csv").read_text().splitlines()
        ]


@pytest.mark.parametrize("count", [12, 25])
def test_the_deadline_during_an_evaluation_is_the_wall_time_s(dataset, tmp_path, monkeypatch, count):
    with pytest.raises(OutOfTimeError, match=r"the wall time is nearly over: stopped in the (validation|test)"):
        _train(dataset, tmp_path / "point", monkeypatch, At(count, name=""))


def test_after_the_validation_began_no_step_is_made_again(dataset, tmp_path, monkeypatch):
    directory = tmp_path / "point"
    with pytest.raises(CheckpointedError):
        _train(dataset, directory, monkeypatch, At(24))
    steps = []
    epoch = loop.Loop._epoch

    def counted(self, interruption):
        steps.append(self.stream.steps() - self.progress.step)
        return epoch(self, interruption)

    monkeypatch.setattr(loop.Loop, "_epoch", counted)
    _train(dataset, directory)
    assert steps == [0]


def test_blocks_pass_until_there_is_a_reason_to_stop():
    blocks = [(np.zeros(1), np.zeros(1), np.zeros(1)) for _ in range(4)]
    seen = []
    with pytest.raises(KeyError, match="stop"):
        seen.extend(loop.stop_when(At(3), iter(blocks), lambda: KeyError("stop")))
    assert not seen or len(seen) == 2
    passed = list(loop.stop_when(Interruption(), iter(blocks), lambda: KeyError("stop")))
    assert len(passed) == 4


def test_the_command_says_that_it_was_interrupted(command, tmp_path, capsys):
    """With its wall time over before it began: exit code 85, a line in the ledger, and the next one goes on."""
    from jetloom.cli.main import main
    from jetloom.scan.attempts import attempt, ledger

    output = tmp_path / "point"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempt, "deadline", lambda minutes, margin: time.monotonic())
        assert main([*command(output)[3:], "--minutes", "5", "--memory", "2000", "--gpus", "0"]) == 85
    assert "jetloom train: interrupted: " in capsys.readouterr().err
    (line,) = ledger.read(output / ledger.LEDGER)
    assert (line.cause, line.minutes_asked, line.memory_asked_mb) == (ledger.Cause.OUT_OF_TIME, 5, 2000)
    assert main(command(output)[3:]) == 0
    assert [line.cause for line in ledger.read(output / ledger.LEDGER)] == ["out of time", "done"]
    assert json.loads((output / "result.json").read_text())["attempts"] == 2
