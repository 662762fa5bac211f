"""What a training says of itself in a log: a line an epoch, and in a long epoch one now and then."""

import logging
import time

import pytest

from jetloom.training.callbacks import reporter
from jetloom.training.callbacks.callback import Step
from jetloom.training.callbacks.reporter import BEAT, Reporter


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test turns."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_long_epoch_leaves_a_line_a_minute(clock, caplog):
    caplog.set_level(logging.INFO, reporter.__name__)
    with Reporter(50, 900) as says:
        for number in range(1, 901):
            clock[0] += BEAT / 64
            says.after_step(Step(3, number, 900, 32, 0.0, 0.0))
        assert caplog.messages == [f"step {number}/900 of epoch 3/50" for number in range(64, 901, 64)]
        says.epoch({"epoch": 3, "loss": 0.5})
        says.after_step(Step(4, 1, 900, 32, 0.0, 0.0))
    assert caplog.messages[-1] == "epoch 3/50 loss 0.5"


def test_short_epochs_are_a_line_each(clock, caplog):
    caplog.set_level(logging.INFO, reporter.__name__)
    with Reporter(50, 2) as says:
        for epoch in range(1, 4):
            clock[0] += BEAT - 1
            says.after_step(Step(epoch, 1, 2, 32, 0.0, 0.0))
            says.epoch({"epoch": epoch})
    assert len(caplog.messages) == 3
