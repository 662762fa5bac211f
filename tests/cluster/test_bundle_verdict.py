"""A job of several trainings failed: each is judged by itself."""

from pathlib import Path

import pytest
from fake_scheduler import SBATCH, Fake

from jetloom import paths
from jetloom.cluster.attempts import resubmission
from jetloom.cluster.attempts.bundle_verdict import judge_bundle
from jetloom.cluster.attempts.resubmission import FailedJob, Resubmission
from jetloom.cluster.attempts.verdict import Action, given_up
from jetloom.cluster.bundles.training import Trainings
from jetloom.cluster.schedulers.scheduler import Facts, Place
from jetloom.config.load import load_merged
from jetloom.errors import DiskFullError
from jetloom.io.lock import exclusive
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.failed import failed_runs
from jetloom.scan.attempts.ledger import Attempt, Cause
from jetloom.scan.bundles.membership import members, scan_bundles
from jetloom.scan.result_file import is_result_of, read_result
from stored_files import RESULT, write_dataset, write_result
from tiny_analysis import config

TASK = "flavour"


@pytest.fixture
def scheduler():
    return Fake()


class Bundle:
    """Four trainings in one job."""

    def __init__(self, scheduler, **cluster):
        content = config(scan={"units": [8, 16]}, search={"repetitions": 2})
        self.analysis = load_merged(content | {"cluster": {"points_per_job": 4, **cluster}})
        write_dataset(paths.dataset(self.analysis, TASK))
        (self.name,) = scan_bundles(self.analysis, TASK)
        self.trainings = members(self.analysis, TASK, self.name)
        self.places = [paths.training(self.analysis, TASK, *one) for one in self.trainings]
        for place in self.places:
            place.mkdir(parents=True)
        self.manifest = paths.manifest(self.analysis, TASK, self.name)
        self.judge = Resubmission(self.analysis, scheduler)

    def failed(self, job="7", words=""):
        log = str(paths.bundle_log(self.analysis, TASK, self.name))
        wildcards = {"task": TASK, "bundle": self.name}
        return FailedJob("train", wildcards, log, (str(self.manifest),), job, words, 2000, 480)

    def judged(self, **more):
        return judge_bundle(self.judge, self.failed(**more))

    def done(self, *indices):
        for index in indices:
            identity = Trainings(self.analysis, TASK).identity(self.trainings[index])
            write_result(self.places[index], origin=RESULT["origin"] | {"identity": identity})

    def open(self, index, signal="", job="7"):
        attempt = Attempt(1, minutes_asked=120, job=job, started=ledger.now())
        if signal:
            ledger.leave_open(self.places[index], attempt, signal)
        else:
            ledger.begin(self.places[index], attempt)

    def line(self, index, cause, job="7"):
        ledger.append(self.places[index] / ledger.LEDGER, Attempt(1, cause, job=job, ended=ledger.now()))

    def causes(self):
        return [[line.cause for line in ledger.read(place / ledger.LEDGER)] for place in self.places]


@pytest.fixture
def bundle(scheduler, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Bundle(scheduler)


@pytest.fixture
def tolerant(scheduler, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Bundle(scheduler, tolerance=0.25)


def test_only_those_that_worked_get_a_line(bundle, scheduler):
    bundle.done(0)
    bundle.open(1)
    scheduler.known["7"] = Facts(Cause.OUT_OF_MEMORY, "Slurm: OUT_OF_MEMORY")
    verdict = bundle.judged()
    assert (verdict.action, verdict.pause) == (Action.RETRY, 0)
    assert verdict.words.startswith(f"{bundle.trainings[1].name}: out of memory: tried again (attempt 2 of at most 4)")
    assert bundle.causes() == [[], ["out of memory"], [], []]
    assert not bundle.manifest.exists()


def test_a_line_has_the_share_of_the_training_in_what_the_job_asked_for(bundle, scheduler):
    scheduler.known["7"] = Facts(Cause.NODE_LOST, "Slurm: NODE_FAIL")
    bundle.judged()
    assert bundle.causes() == [["node lost"]] * 4, "none had begun: it befell them all"
    lines = [line for place in bundle.places for line in ledger.read(place / ledger.LEDGER)]
    assert {(line.memory_asked_mb, line.minutes_asked) for line in lines} == {(2000, 120)}


def test_what_nothing_mends_keeps_the_others_from_nothing(bundle):
    bundle.line(0, Cause.OUT_OF_TIME)
    bundle.line(1, Cause.BAD_INPUT)
    verdict = bundle.judged()
    assert verdict.action == Action.RETRY
    assert "bad input: not tried again" in verdict.words
    bundle.done(0, 2, 3)
    assert bundle.judged(job="8").action == Action.GIVE_UP
    assert bundle.causes()[1] == ["bad input"], "a job that did not try it is no attempt of it"
    assert not bundle.manifest.exists()


@pytest.mark.parametrize("job", ["", "7"])
def test_a_job_none_of_which_began_comes_to_an_end(bundle, job):
    bundle.done(0)
    words = "" if job else SBATCH.format("Socket timed out")
    verdicts = [bundle.judged(job=job, words=words) for _ in range(10)]
    assert verdicts[-1].action == Action.GIVE_UP
    assert (verdicts[0].action, verdicts[0].pause) == (Action.RETRY, 0 if job else 10)
    assert [len(found) for found in bundle.causes()] == [0] + [2 if job else 10] * 3


def test_the_error_of_the_job_itself_is_that_of_each_training(bundle):
    log = paths.bundle_log(bundle.analysis, TASK, bundle.name)
    log.parent.mkdir(parents=True)
    log.write_text("jetloom train_bundle: error: parts/train.h5: is not as it was written (its digest differs)\n")
    verdict = bundle.judged(job="")
    assert verdict.action == Action.GIVE_UP
    assert bundle.causes() == [["bad input"]] * 4


@pytest.mark.parametrize("begun", [True, False])
def test_a_job_that_was_cancelled_is_not_submitted_again_whatever_the_tolerance(tolerant, scheduler, begun):
    if begun:
        tolerant.open(0, "SIGTERM")
    scheduler.known["7"] = Facts(Cause.CANCELLED, "Slurm: CANCELLED by 0")
    assert tolerant.judged().action == Action.GIVE_UP
    assert failed_runs(tolerant.analysis, TASK) == []


def test_a_job_that_failed_after_all_was_done_is_a_success(bundle, scheduler):
    bundle.done(0, 1, 2, 3)
    scheduler.known["7"] = Facts(None, "held (disk)", place=Place.HELD)
    verdict = bundle.judged()
    assert (verdict.action, verdict.words) == (Action.DONE, "done; after that: held (disk)")
    assert bundle.manifest.is_file()
    assert scheduler.removed == ["7"]


def test_results_of_other_settings_are_none(bundle, scheduler):
    bundle.done(0, 1, 2)
    write_result(bundle.places[3], origin=RESULT["origin"] | {"identity": "another"})
    scheduler.known["7"] = Facts(Cause.PREEMPTED, "Slurm: PREEMPTED")
    assert bundle.judged().action == Action.RETRY
    assert bundle.causes() == [[], [], [], ["preempted"]]


def test_without_a_dataset_nothing_is_done(bundle):
    bundle.done(0, 1, 2, 3)
    (paths.dataset(bundle.analysis, TASK) / "dataset.json").unlink()
    assert bundle.judged().action == Action.RETRY
    assert bundle.causes() == [["bug"]] * 4


def test_processes_are_waited_for(bundle, scheduler, monkeypatch):
    """The first training ends while the driver waits for it; the others had not begun."""
    bundle.open(0)
    lock = exclusive(bundle.places[0], "trains")
    lock.__enter__()

    def sleep(_):
        ledger.close(bundle.places[0], Attempt(1, Cause.DONE, job="7", ended=ledger.now()))
        bundle.done(0)
        lock.__exit__(None, None, None)

    monkeypatch.setattr(resubmission.time, "sleep", sleep)
    scheduler.known["7"] = Facts(Cause.OUT_OF_TIME, "held (time)", place=Place.HELD)
    assert bundle.judged().action == Action.RETRY
    assert bundle.causes() == [["done"], *[["out of time"]] * 3]


def test_what_is_given_up_becomes_a_row_and_the_last_of_them_completes_the_bundle(tolerant):
    tolerant.line(0, Cause.BAD_INPUT)
    verdict = tolerant.judged()
    assert verdict.action == Action.RETRY, "the others had not begun"
    assert read_result(tolerant.places[0]).status == "failed"
    assert is_result_of(tolerant.places[0], Trainings(tolerant.analysis, TASK).identity(tolerant.trainings[0]))
    tolerant.done(1, 2)
    # The tolerance is used up: the next one fails.
    tolerant.line(3, Cause.BAD_INPUT)
    assert tolerant.judged().action == Action.GIVE_UP
    tolerant.done(3)
    assert tolerant.judged().action == Action.DONE
    assert tolerant.manifest.is_file()


def test_the_last_one_that_is_given_up_completes_the_bundle(tolerant):
    tolerant.done(1, 2, 3)
    tolerant.line(0, Cause.BAD_INPUT)
    verdict = tolerant.judged()
    assert (verdict.action, verdict.words) == (
        Action.DONE, f"{tolerant.trainings[0].name}: bad input: not tried again",
    )  # fmt: skip
    assert tolerant.manifest.is_file()


def test_a_manifest_that_cannot_be_written_is_given_up(bundle, monkeypatch):
    def full(*_):
        raise DiskFullError("cannot be written", path="x")

    bundle.done(0, 1, 2, 3)
    monkeypatch.setattr("jetloom.cluster.attempts.bundle_verdict.write_manifest", full)
    assert (bundle.judged().action, bundle.judged().words) == (Action.GIVE_UP, "x: cannot be written")


def test_one_killed_on_this_machine(bundle):
    bundle.open(0, job="pid 12")
    bundle.judge = Resubmission(bundle.analysis, None)
    assert bundle.judged(job="").action == Action.RETRY
    assert bundle.causes() == [["bug"], [], [], []]


def test_what_is_given_up_in_this_run_only(bundle):
    since = "2026-11-21T12:00:00+00:00"
    path = bundle.places[0] / ledger.LEDGER

    def ask():
        return given_up(bundle.analysis, TASK, bundle.trainings[0], since)

    assert ask() == ""
    ledger.append(path, Attempt(1, Cause.BAD_INPUT, ended="2026-11-21T11:00:00+00:00"))
    assert ask() == ""
    ledger.append(path, Attempt(2, Cause.PREEMPTED, ended="2026-11-21T12:30:00+00:00"))
    assert ask() == ""
    ledger.append(path, Attempt(3, Cause.CONFIGURATION, ended="2026-11-21T12:31:00+00:00"))
    assert ask() == "configuration: not tried again"
    for cause in (Cause.DONE, Cause.DIVERGED):
        ledger.append(path, Attempt(4, cause, ended="2026-11-21T12:32:00+00:00"))
        assert ask() == ""


def test_the_places_are_those_of_the_workflow(bundle):
    assert bundle.manifest == Path("results/tiny/scans/flavour/bundles/b0-0.json")
    assert paths.bundle_log(bundle.analysis, TASK, bundle.name) == Path("results/tiny/logs/train/flavour/b0-0.log")
