import os
import time

import pytest

from jetloom.errors import (
    BusyError,
    CheckpointedError,
    ConfigurationError,
    CorruptFileError,
    DiskFullError,
    JetloomError,
    OutOfMemoryError,
    OutOfTimeError,
)
from jetloom.io.lock import exclusive, is_held
from jetloom.scan.attempts import attempt, ledger
from jetloom.scan.attempts.attempt import deadline, recorded
from jetloom.scan.attempts.identity import JOB, job_id
from jetloom.scan.attempts.ledger import Cause
from stored_files import write_result


@pytest.fixture(autouse=True)
def no_scheduler(monkeypatch):
    for name in ("SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "_CONDOR_JOB_AD", JOB):
        monkeypatch.delenv(name, raising=False)


def _lines(directory):
    return ledger.read(directory / ledger.LEDGER)


def _attempt(directory, error=None, status="trained"):
    """Make an attempt that ends by an error, or well."""
    with recorded(directory, 2000, 60, 1):
        assert is_held(directory)
        assert ledger.read_open(directory).attempt.job == job_id()
        if error is not None:
            raise error
        write_result(directory, status=status)


@pytest.mark.parametrize(("status", "cause"), [("trained", Cause.DONE), ("diverged", Cause.DIVERGED)])
def test_an_end_without_error(tmp_path, status, cause):
    _attempt(tmp_path, status=status)
    (line,) = _lines(tmp_path)
    assert (line.attempt, line.cause, line.detail) == (1, cause, "")
    assert (line.memory_asked_mb, line.minutes_asked, line.gpus_asked) == (2000, 60, 1)
    assert line.memory_used_mb > 10
    assert line.host == os.uname().nodename
    assert line.job == f"pid {os.getpid()}"
    assert line.started <= line.ended <= ledger.now()
    assert ledger.read_open(tmp_path) is None
    assert not is_held(tmp_path)


@pytest.mark.parametrize(
    ("error", "cause", "detail"),
    [
        (OutOfTimeError("the wall time is nearly over: stopped in epoch 2"), Cause.OUT_OF_TIME, "the wall time is"),
        (CorruptFileError("is truncated", path="x.h5"), Cause.BAD_INPUT, "x.h5: is truncated"),
        (ConfigurationError("no such key", where="tasks"), Cause.CONFIGURATION, "tasks: no such key"),
        (DiskFullError("cannot be written", path="m.keras"), Cause.DISK_FULL, "m.keras: cannot be written"),
        (OutOfMemoryError("memory ran out"), Cause.OUT_OF_MEMORY, "memory ran out"),
        (MemoryError(), Cause.OUT_OF_MEMORY, "MemoryError"),
        (JetloomError("odd"), Cause.BUG, "odd"),
        (ZeroDivisionError("by zero"), Cause.BUG, "ZeroDivisionError: by zero"),
        (OSError(5, "Input/output error"), Cause.BUG, "OSError: [Errno 5] Input/output error"),
    ],
)
def test_an_error_closes_its_line(tmp_path, error, cause, detail):
    with pytest.raises(type(error)):
        _attempt(tmp_path, error)
    (line,) = _lines(tmp_path)
    assert line.cause == cause
    assert line.detail.startswith(detail)
    assert ledger.read_open(tmp_path) is None


@pytest.mark.parametrize(
    ("error", "signal", "detail"),
    [
        (CheckpointedError("SIGTERM: stopped in epoch 2, step 3"), "SIGTERM", "SIGTERM: stopped in epoch 2, step 3"),
        (CheckpointedError("SIGUSR1: stopped in the test"), "SIGUSR1", "SIGUSR1: stopped in the test"),
        (KeyboardInterrupt(), "SIGINT", ""),
        (SystemExit(143), "SIGTERM", ""),
    ],
)
def test_a_signal_leaves_the_line_open_for_who_knows_its_sender(tmp_path, error, signal, detail):
    with pytest.raises(type(error)):
        _attempt(tmp_path, error)
    assert _lines(tmp_path) == []
    found = ledger.read_open(tmp_path)
    assert (found.signal, found.attempt.detail) == (signal, detail)
    assert found.attempt.ended
    assert found.attempt.memory_used_mb > 10
    assert not is_held(tmp_path)


def test_a_second_writer_notices_and_leaves(tmp_path, monkeypatch):
    monkeypatch.setattr("jetloom.io.lock.time.sleep", lambda _: None)
    ledger.begin(tmp_path, ledger.Attempt(1, job="7", started=ledger.now()))
    before = (tmp_path / ledger.OPEN).read_text()
    with exclusive(tmp_path, "trains this point"), pytest.raises(BusyError):
        _attempt(tmp_path)
    (line,) = _lines(tmp_path)
    assert line.cause == Cause.DUPLICATE
    assert "another process trains this point" in line.detail
    assert (tmp_path / ledger.OPEN).read_text() == before
    assert not (tmp_path / "result.json").exists()


def test_attempts_are_numbered(tmp_path):
    for _ in range(2):
        with pytest.raises(OutOfTimeError):
            _attempt(tmp_path, OutOfTimeError("x"))
    _attempt(tmp_path)
    assert [(line.attempt, line.cause) for line in _lines(tmp_path)] == [
        (1, "out of time"), (2, "out of time"), (3, "done"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("signal", "same", "cause", "detail"),
    [
        ("", False, Cause.BUG, "killed; no scheduler said why"),
        ("", True, Cause.PREEMPTED, "the scheduler began the same job again"),
        ("SIGTERM", False, Cause.PREEMPTED, "SIGTERM: stopped"),
        ("SIGUSR1", True, Cause.PREEMPTED, "SIGUSR1: stopped"),
    ],
)
def test_the_next_attempt_closes_the_line_of_a_killed_one(tmp_path, monkeypatch, signal, same, cause, detail):
    monkeypatch.setenv(JOB, "12")
    ledger.leave_open(tmp_path, ledger.Attempt(1, job="12" if same else "11", started=ledger.now()), signal)
    _attempt(tmp_path)
    first, second = _lines(tmp_path)
    assert (first.attempt, first.cause, first.detail) == (1, cause, detail)
    assert (second.attempt, second.cause, second.job) == (2, Cause.DONE, "12")


@pytest.mark.parametrize("failure", [DiskFullError("cannot be written"), OSError(28, "No space left on device")])
@pytest.mark.parametrize("error", [DiskFullError("first", path="model.keras"), CheckpointedError("SIGTERM: stopped")])
def test_a_ledger_that_cannot_be_written_hides_no_error(tmp_path, monkeypatch, caplog, error, failure):
    def fail(*_):
        raise failure

    monkeypatch.setattr(attempt.ledger, "close", fail)
    monkeypatch.setattr(attempt.ledger, "leave_open", fail)
    with pytest.raises(type(error)) as raised:
        _attempt(tmp_path, error)
    assert raised.value is error
    assert caplog.text
    # It looks killed: the driver finds the cause in the verb's log.
    assert ledger.read_open(tmp_path) is not None


@pytest.mark.parametrize(
    ("minutes", "margin", "seconds"),
    [(60, 90.0, 3510), (1, 90.0, 45), (6, 90.0, 270), (5, 90.0, 225), (1440, 600.0, 85800)],
)
def test_the_deadline_lies_before_the_end(monkeypatch, minutes, margin, seconds):
    monkeypatch.delenv(attempt.BEGAN, raising=False)
    assert deadline(minutes, margin) - time.monotonic() == pytest.approx(seconds, abs=1)


@pytest.mark.parametrize("minutes", [None, 0])
def test_without_wall_time_there_is_no_deadline(minutes):
    assert deadline(minutes, 90.0) is None


@pytest.mark.parametrize(("began", "left"), [("100.0", 2700 + 100 - 200), ("300.0", 2700), ("no number", 2700)])
def test_the_job_began_before_the_training(monkeypatch, began, left):
    monkeypatch.setattr(attempt.time, "time", lambda: 200.0)
    monkeypatch.setenv(attempt.BEGAN, began)
    assert deadline(60, 900.0) - time.monotonic() == pytest.approx(left, abs=1)


@pytest.mark.parametrize("told", [None, (Cause.NODE_LOST, "Slurm: NODE_FAIL, begun again")])
def test_the_scheduler_is_asked_why_it_began_a_job_again(tmp_path, monkeypatch, told):
    monkeypatch.setenv(JOB, "5")
    ledger.begin(tmp_path, ledger.Attempt(1, job="5", started=ledger.now()))
    with pytest.raises(ValueError, match="x"), recorded(tmp_path, 1, 1, 0, lambda job: told if job == "5" else None):
        raise ValueError("x")
    first = ledger.read(tmp_path / ledger.LEDGER)[0]
    assert first.cause == (told[0] if told else Cause.PREEMPTED)
    assert first.detail == (told[1] if told else "the scheduler began the same job again")
