"""A driver that is told to end: at once, but not in the middle of a submission; and one that a person interrupts."""

import os
import signal
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from snakemake.scheduling.job_scheduler import JobScheduler
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

from jetloom.cluster.attempts.killed import settle_killed
from jetloom.cluster.driving import ending
from jetloom.cluster.schedulers.scheduler import Facts
from jetloom.scan.attempts import interrupted, ledger
from jetloom.scan.attempts.attempt import recorded
from jetloom.scan.attempts.identity import DRIVE
from jetloom.scan.attempts.ledger import Attempt, Cause


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(JobScheduler, "exit_gracefully", JobScheduler.exit_gracefully)
    monkeypatch.setattr(RemoteExecutor, "cancel", RemoteExecutor.cancel)


def test_a_submission_under_way_is_waited_for_and_none_begins_after_it():
    gate, began, may_end, done = ending.Gate(), threading.Event(), threading.Event(), []

    def submit(name, until):
        with gate.passed():
            began.set()
            until.wait()
            done.append(name)

    threading.Thread(target=submit, args=("first", may_end), daemon=True).start()
    began.wait()
    assert not gate.shut(0.05), "a submission is under way"
    threading.Thread(target=submit, args=("late", threading.Event()), daemon=True).start()
    may_end.set()
    assert gate.shut(10)
    assert done == ["first"]


def test_the_driver_ends_with_its_own_code_and_says_how_many_jobs_it_leaves(caplog):
    left = []
    ending.end(3, ending.Gate(), "tiny", left.append)
    assert left == [143]
    assert "its 3 jobs are left in the queue or running, and `jetloom resume` goes on" in caplog.text


def test_with_jobs_of_a_batch_system_sigterm_does_not_wait_for_them(monkeypatch):
    asked, ended = [], threading.Event()
    monkeypatch.setattr(JobScheduler, "exit_gracefully", lambda *_: asked.append("waits"))
    monkeypatch.setattr(ending, "end", lambda jobs, gate, analysis: (asked.append((jobs, analysis)), ended.set()))
    ending.end_when_told(SimpleNamespace(local_exec=False), "tiny", lambda _: [])
    JobScheduler.exit_gracefully(SimpleNamespace(running={1, 2}), 15, None)
    assert ended.wait(10)
    assert asked == [(2, "tiny")]


def test_jobs_of_this_machine_are_told_and_waited_for(monkeypatch):
    told, waits = [], threading.Event()
    monkeypatch.setattr(JobScheduler, "exit_gracefully", lambda *_: waits.set())
    monkeypatch.setattr(ending.os, "kill", lambda process, number: told.append((process, number)))
    ending.end_when_told(SimpleNamespace(local_exec=True), "tiny", lambda _: [11, 12])
    JobScheduler.exit_gracefully(None, 15, None)
    assert waits.wait(10)
    assert told == [(11, signal.SIGTERM), (12, signal.SIGTERM)]


def test_each_submission_of_a_plugin_goes_through_the_gate_once(monkeypatch):
    submitted = []

    class Executor:
        def run_job(self, job):
            submitted.append(job)

    monkeypatch.setitem(sys.modules, "snakemake_executor_plugin_slurm", SimpleNamespace(Executor=Executor))
    monkeypatch.delitem(sys.modules, "snakemake_executor_plugin_htcondor", raising=False)
    ending._watch_submissions(ending.Gate())
    gate = ending.Gate()
    ending._watch_submissions(gate)
    Executor().run_job("one")
    assert submitted == ["one"]
    gate.shut(1)
    threading.Thread(target=Executor().run_job, args=("two",), daemon=True).start()
    time.sleep(0.05)
    assert submitted == ["one"]


def test_snakemake_submits_by_the_methods_that_are_watched_and_cancels_by_the_one_that_is_wrapped():
    slurm = pytest.importorskip("snakemake_executor_plugin_slurm")
    condor = pytest.importorskip("snakemake_executor_plugin_htcondor")
    assert callable(slurm.Executor.run_job)
    assert callable(slurm.Executor.run_array_jobs)
    assert callable(condor.Executor.run_job)
    assert "cancel" not in vars(slurm.Executor)
    assert "cancel" not in vars(condor.Executor)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_only_a_person_s_interruption_is_noted(monkeypatch, error):
    monkeypatch.setenv(DRIVE, "2026-11-30T12:00:00+00:00")
    cancelled = []
    monkeypatch.setattr(RemoteExecutor, "cancel", lambda self: cancelled.append(self))
    ending._note_interruptions()
    try:
        raise error  # noqa: TRY301
    except BaseException:  # noqa: BLE001 - as Snakemake does
        RemoteExecutor.cancel("executor")
    assert cancelled == ["executor"]
    assert interrupted.was_interrupted("2026-11-30T12:00:00+00:00") == (error is KeyboardInterrupt)
    assert not interrupted.was_interrupted("2026-11-30T13:00:00+00:00")
    assert not interrupted.was_interrupted("")


def _open(directory, signal="", drive="then"):
    directory.mkdir(parents=True, exist_ok=True)
    attempt = Attempt(attempt=1, job="7", host="node1", started=ledger.now(), drive=drive)
    ledger.leave_open(directory, attempt, signal)
    return ledger.read_open(directory)


@pytest.mark.parametrize(
    ("signal", "noted", "told", "cause"),
    [
        ("SIGINT", False, None, Cause.INTERRUPTED),
        ("SIGTERM", False, None, Cause.PREEMPTED),
        ("SIGTERM", True, Cause.CANCELLED, Cause.INTERRUPTED),
        ("", True, Cause.CANCELLED, Cause.INTERRUPTED),
        ("SIGTERM", False, Cause.CANCELLED, Cause.CANCELLED),
        ("SIGTERM", True, Cause.OUT_OF_MEMORY, Cause.OUT_OF_MEMORY),
        ("SIGINT", False, Cause.OUT_OF_TIME, Cause.OUT_OF_TIME),
    ],
)
def test_what_a_person_interrupted_was_neither_preempted_nor_cancelled(tmp_path, signal, noted, told, cause):
    if noted:
        interrupted.note("then")
    found = _open(tmp_path / "r0", signal)
    facts = None if told is None else Facts(told, f"Slurm: {told}")
    assert settle_killed(tmp_path / "r0", found, facts).cause == cause


@pytest.mark.parametrize(("number", "cause"), [("SIGINT", "interrupted by you"), ("SIGTERM", "preempted")])
def test_the_next_attempt_says_so_too(tmp_path, number, cause):
    _open(tmp_path / "r0", number)
    with pytest.raises(ZeroDivisionError), recorded(tmp_path / "r0", 100, 10, 0):
        raise ZeroDivisionError
    assert [line.cause for line in ledger.read(tmp_path / "r0" / ledger.LEDGER)] == [cause, "bug"]


def test_what_was_sent_first_says_who_wants_it():
    from jetloom.training.interruption import Interruption

    with Interruption() as told:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        assert told.signal == "SIGINT"
