"""The driver as a job: begun once, followed by the next one, given up when a person wants it; with a fake scheduler."""

import json
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from jetloom.cluster.driving import driver_lock
from jetloom.cluster.profiles.profile import CHECKOUT
from jetloom.cluster.schedulers.scheduler import Facts, QueuedJob, SilentSchedulerError
from jetloom.cluster.submission import here, submit, told
from jetloom.cluster.submission.engines import CondorEngine, SlurmEngine
from jetloom.cluster.submission.here import Here
from jetloom.cluster.submission.journal import Event, Journal, driving, is_over, place, waiting
from jetloom.cluster.submission.request import Driver
from jetloom.errors import BusyError, ConfigurationError, MissingFileError
from jetloom.scan.attempts.ledger import Cause
from tiny_analysis import analysis

TINY = analysis(scan={"units": [1, 2]})
DRIVER = Driver("tiny", "slurm", ("slurm",), "my config.yaml", 60, 2000, 120.0, words=("--keep-going", "a b"))


@pytest.fixture(autouse=True)
def here_and_now(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(driver_lock, "_held", {})
    monkeypatch.setattr(here, "WAITS", 0.0)
    return tmp_path


class Queue:
    """A scheduler, and an engine that submits to it."""

    name = "fake"

    def __init__(self, follows_itself=False, refuses=0):
        self.follows_itself, self.refuses = follows_itself, refuses
        self.jobs, self.removed, self.submitted, self.causes = {}, [], [], {}

    def submit(self, driver, directory, after=""):
        if self.refuses:
            self.refuses -= 1
            raise SilentSchedulerError("away", where="sbatch")
        job = str(100 + len(self.submitted))
        self.submitted.append((job, after))
        self.jobs[job] = QueuedJob(job, not after, "Dependency" if after else "")
        return job

    def alive(self, jobs):
        return {job: self.jobs[job] for job in jobs if job in self.jobs}

    def remove(self, jobs):
        self.removed += list(jobs)
        for job in jobs:
            self.jobs.pop(job, None)

    def facts(self, job):
        return Facts(self.causes[job], "its words") if job in self.causes else None


def drives(code=0, lasts=0.0):
    """A driver that ends with a code, after it has begun."""

    def work(until, begun):
        begun()
        time.sleep(lasts)
        return code

    return work


def at_its_end(until, begun):
    """A driver that is told to end because its wall time is nearly over."""
    begun()
    time.sleep(max(0.0, until - time.monotonic()))
    raise SystemExit(143)


def begin(queue, driver=DRIVER):
    submit.submit(driver, queue, queue)
    journal = Journal(place("tiny"))
    return journal, lambda job, work: Here(driver, journal, queue, queue).drive(job, work)


SOON = replace(DRIVER, minutes=1, margin=59.9)


def events(journal):
    return [(entry.event.value, entry.job) for entry in journal.read()]


def test_three_drivers_one_after_the_other_finish_what_one_cannot():
    queue = Queue()
    journal, drive = begin(queue, SOON)
    assert drive("100", at_its_end) == 0
    assert queue.submitted == [("100", ""), ("101", "100")]
    assert drive("101", at_its_end) == 0
    assert drive("102", drives(0)) == 0
    assert events(journal) == [
        ("submitted", "100"), ("began", "100"), ("queued", "101"), ("goes on", "100"),
        ("began", "101"), ("queued", "102"), ("goes on", "101"),
        ("began", "102"), ("queued", "103"), ("done", "102"),
    ]  # fmt: skip
    assert queue.removed == ["103"], "nobody is to follow on the last one"
    assert drive("103", drives(1)) == 0, "one that was not taken out in time sees that all is over"
    assert is_over(journal.read()).job == "102"


def test_on_htcondor_the_same_job_is_begun_again():
    queue = Queue(follows_itself=True)
    journal, drive = begin(queue, replace(SOON, executor="htcondor"))
    assert drive("100", at_its_end) == 85
    assert drive("100", drives(143)) == 143, "told to end by somebody: the queue knows whether it is to stay so"
    assert drive("100", drives(0)) == 0
    assert queue.submitted == [("100", "")]
    assert [event for event, _ in events(journal)] == [
        "submitted", "began", "goes on", "began", "told to end", "began", "done",
    ]  # fmt: skip


@pytest.mark.parametrize("word", [None, "told"])
def test_a_driver_that_was_killed_is_followed_and_one_that_its_user_cancelled_is_not(word):
    for cause, goes_on in ((None, True), (Cause.OUT_OF_TIME, True), (Cause.NODE_LOST, True), (Cause.CANCELLED, False)):
        queue = Queue()
        journal, drive = begin(queue)
        if word:
            drive("100", drives(143))
        else:
            journal.add(Event.BEGAN, "100", "node1")
            journal.add(Event.QUEUED, "101")
        if cause:
            queue.causes["100"] = cause
        assert drive("101", drives(0)) == 0
        assert (("began", "101") in events(journal)) == goes_on, cause
        if not goes_on:
            assert is_over(journal.read()).event == Event.STOPPED
            assert "cancelled by its user" in is_over(journal.read()).words
        journal.file.unlink()


def test_a_driver_that_failed_is_not_followed():
    queue = Queue()
    journal, drive = begin(queue)
    assert drive("100", drives(1)) == 1
    assert queue.removed == ["101"]
    assert (is_over(journal.read()).event, is_over(journal.read()).words) == (Event.FAILED, "exit code 1")
    begin(queue)
    assert is_over(journal.read()) is None, "a new submission is a new start"


def test_an_error_of_the_driver_is_written_down():
    queue = Queue()
    journal, drive = begin(queue)

    def fails(until, begun):
        begun()
        raise ConfigurationError("is wrong", where="x")

    with pytest.raises(ConfigurationError):
        drive("100", fails)
    assert is_over(journal.read()).words == "x: is wrong"
    assert queue.removed == ["101"]


def test_a_successor_that_was_refused_is_asked_for_again_at_the_end():
    queue = Queue()
    journal, drive = begin(queue, SOON)
    queue.refuses = 1
    assert drive("100", at_its_end) == 0
    assert queue.submitted == [("100", ""), ("101", "100")]
    assert waiting(journal.read()) == "101"


def test_drivers_that_are_killed_again_and_again_come_to_an_end():
    queue = Queue(follows_itself=True)
    journal, drive = begin(queue, replace(DRIVER, executor="htcondor"))
    for _ in range(here.MOST_SHORT):
        journal.add(Event.BEGAN, "100", "node1")
    assert drive("100", drives(0)) == 0
    assert "were killed within" in is_over(journal.read()).words


def test_a_driver_that_lives_is_waited_for_a_moment_and_then_left_alone(monkeypatch):
    queue = Queue()
    journal, drive = begin(queue)
    tries = []

    def busy(until, begun):
        tries.append(until)
        raise BusyError("is driven by snakemake on node1", where="tiny")

    with pytest.raises(BusyError):
        drive("100", busy)
    assert len(tries) == 1
    assert is_over(journal.read()).words == "tiny: is driven by snakemake on node1"


def test_no_second_driver_is_submitted():
    queue = Queue()
    begin(queue)
    with pytest.raises(BusyError, match="job 100 runs, to drive it"):
        begin(queue)
    queue.jobs["100"] = QueuedJob("100", False, "Priority")
    with pytest.raises(BusyError, match=r"job 100 waits in the queue \(Priority\)"):
        begin(queue)
    queue.jobs.clear()
    with driver_lock.held("tiny", "snakemake"), pytest.raises(BusyError, match="is driven by snakemake on"):
        begin(queue)
    begin(queue)  # nobody drives it any more
    assert len(queue.submitted) == 2


def test_it_is_stopped_for_good_and_whoever_waits_first():
    queue = Queue()
    journal, drive = begin(queue)
    stopped = []

    def work(until, begun):
        begun()
        stopped.extend(submit.stop("tiny", queue))
        return 143

    assert drive("100", work) == 0
    assert stopped == ["101", "100"]
    assert is_over(journal.read()).words == "stopped by you"
    assert drive("101", drives(1)) == 0
    assert submit.stop("tiny", queue) == []


def test_a_wall_time_without_room_is_refused():
    queue = Queue()
    with pytest.raises(ConfigurationError, match="would do nothing"):
        begin(queue, replace(DRIVER, minutes=1, margin=60.0))
    assert queue.submitted == []
    with pytest.raises(MissingFileError):
        Driver.read(place("tiny"))


def test_what_was_asked_for_is_read_as_it_was_and_the_script_is_a_script(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/it's here")
    DRIVER.write(place("tiny"))
    assert Driver.read(place("tiny")) == DRIVER
    script = place("tiny") / "driver.sh"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0
    assert "--config 'my config.yaml'" in script.read_text()
    (place("tiny") / "request.json").write_text("{}")
    with pytest.raises(MissingFileError, match="no driver was submitted here"):
        Driver.read(place("tiny"))


def test_a_line_that_a_crash_cut_is_passed_over():
    journal = Journal(place("tiny"))
    journal.add(Event.SUBMITTED, "1")
    journal.add(Event.BEGAN, "1", "node1")
    journal.file.write_text(journal.file.read_text() + '{"event": "do')
    assert driving(journal.read()).host == "node1"


def _status(monkeypatch, queue):
    monkeypatch.setattr(told, "find_scheduler", lambda _: queue)
    return " | ".join(told.lines("tiny"))


def test_status_says_which_job_drives_and_which_follows(monkeypatch):
    assert _status(monkeypatch, Queue()) == ""
    queue = Queue()
    _, drive = begin(queue, SOON)
    queue.jobs["100"] = QueuedJob("100", False, "Priority")
    assert _status(monkeypatch, queue) == "job 100 is to drive it: it waits (Priority)"
    queue.jobs["100"] = QueuedJob("100", True, "", "node1")
    seen = []

    def work(until, begun):
        begun()
        seen.append(_status(monkeypatch, queue))
        return at_its_end(until, lambda: None)

    drive("100", work)
    assert "its driver is job 100 of Slurm, on " in seen[0]
    assert "job 101 follows: it waits (Dependency)" in seen[0]
    queue.jobs.pop("100")
    said = _status(monkeypatch, queue)
    assert "job 100 of Slurm, ended at" in said
    assert "its wall time was nearly over" in said
    drive("101", drives(0))
    assert _status(monkeypatch, queue).endswith(": done")


def test_status_says_that_nobody_goes_on(monkeypatch):
    queue = Queue()
    journal, _ = begin(queue)
    journal.add(Event.BEGAN, "100", "node1")
    queue.jobs.clear()
    said = _status(monkeypatch, queue)
    assert "its driver, job 100 of Slurm, ended without a word" in said
    assert "no other one is in the queue" in said

    class Silent(Queue):
        def alive(self, jobs):
            raise SilentSchedulerError("away", where="squeue")

    assert "does not answer" in _status(monkeypatch, Silent())


def test_what_slurm_and_htcondor_are_asked(tmp_path):
    for name in ("slurm", "condor"):
        (tmp_path / f"{name}.yaml").write_text((CHECKOUT / "profiles" / name / "config.yaml").read_text())
    slurm = SlurmEngine(TINY, [str(tmp_path / "slurm.yaml")])
    words = slurm.command(replace(DRIVER, options=("--partition=long",)), Path("d"), after="7")
    assert words[0] == "sbatch"
    assert {"--dependency=afterany:7", "--time=60", "--mem=2000", "--no-requeue", "--partition=long"} <= set(words)
    assert words[-1] == f"{tmp_path}/d/driver.sh"
    condor = CondorEngine(TINY, [str(tmp_path / "condor.yaml")])
    asked = condor.description(replace(DRIVER, options=("+MaxRuntime = 90",)), Path("d"))
    assert (asked["universe"], asked["arguments"], asked["+MaxRuntime"]) == ("scheduler", "$(ClusterId)", "90")
    assert asked["on_exit_remove"].startswith("!(ExitBySignal =?= True || ExitCode =?= 85")
    assert "request_memory" not in asked
    vanilla = condor.description(replace(DRIVER, universe="vanilla"), Path("d"))
    assert vanilla["request_memory"] == "2000"
    assert vanilla["job_max_vacate_time"] == "60"
    json.dumps(vanilla)
