"""Jobs that wait for what will never come: found by what schedulers say, removed after two looks, judged, and told."""

import asyncio
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from jetloom import paths
from jetloom.cluster.attempts.resubmission import FailedJob, Resubmission
from jetloom.cluster.attempts.verdict import Action
from jetloom.cluster.driving.hopeless import BETWEEN, HopelessJobs
from jetloom.cluster.recovery.queue import Survey, with_hopeless
from jetloom.cluster.schedulers import scheduler as scheduler_module
from jetloom.cluster.schedulers.condor import Condor
from jetloom.cluster.schedulers.scheduler import Facts, QueuedJob, SilentSchedulerError
from jetloom.cluster.schedulers.slurm import MISFITS, Slurm
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.ledger import Cause
from tiny_analysis import analysis


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setattr(scheduler_module.call, "__defaults__", (3, 0.0, ""))
    return tmp_path


def command(name, answer, code=0):
    path = Path("bin") / name
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\nexit {code}\n")
    path.chmod(0o755)


POOL = """#!/usr/bin/env python3
import sys
constraint = sys.argv[2].replace("&&", "and").replace("=!=", "!=").replace("true", "True")
slots = [s for s in {slots} if eval(constraint, dict(zip(("TotalSlotCpus", "TotalSlotMemory", "TotalSlotGPUs"), s),
                                                    SlotType="Static"))]
assert sys.argv[1] == "-constraint" and sys.argv[3:] == ["-limit", "1", "-af", "Name"], sys.argv
print(*["slot1@node"][:len(slots)])
"""


def pool(slots):
    """A condor_status that answers for slots of (CPUs, MB, GPUs)."""
    path = Path("bin") / "condor_status"
    path.write_text(POOL.format(slots=slots))
    path.chmod(0o755)


@pytest.mark.parametrize(
    "reason",
    ["PartitionTimeLimit", "PartitionNodeLimit", "BadConstraints", "InvalidQOS", "QOSMaxWallDurationPerJobLimit",
     "QOSMaxMemoryPerJob", "QOSMaxCpuPerJobLimit", "AssocMaxWallDurationPerJobLimit", "AssocMaxGRESPerJob",
     "AccountNotAllowed", "MaxMemPerLimit"],
)  # fmt: skip
def test_what_lies_in_the_request_never_goes_away(reason):
    assert MISFITS.fullmatch(reason)


@pytest.mark.parametrize(
    "reason",
    ["Resources", "Priority", "Dependency", "JobHeldUser", "PartitionDown", "ReqNodeNotAvail", "QOSMaxJobsPerUserLimit",
     "AssocGrpCpuLimit", "QOSGrpMemLimit", "AssocMaxJobsLimit", "BeginTime", "JobArrayTaskLimit", "QOSMaxGRESPerUser",
     "None", ""],
)  # fmt: skip
def test_what_others_or_the_site_can_change_may(reason):
    assert not MISFITS.fullmatch(reason)


def test_slurm_names_those_that_wait_for_nothing(place):
    command(
        "squeue",
        "11|PENDING|PartitionTimeLimit|\n12|PENDING|Resources|\n13|RUNNING|None|node1\n14_2|PENDING|BadConstraints|",
    )
    assert Slurm().hopeless(["11", "12", "13", "14_2"]) == {
        "11": "Slurm: PartitionTimeLimit",
        "14_2": "Slurm: BadConstraints",
    }


def test_condor_names_those_that_no_slot_is_large_enough_for(place):
    jobs = [
        {"ClusterId": 1, "JobStatus": 1, "RequestMemory": 9000, "RequestCpus": 1},
        {"ClusterId": 2, "JobStatus": 1, "RequestMemory": 8000, "RequestCpus": 1},
        {"ClusterId": 3, "JobStatus": 2, "RequestMemory": 9000, "RequestCpus": 1},
        {"ClusterId": 4, "JobStatus": 1, "RequestMemory": 100, "RequestCpus": 1, "RequestGPUs": 1},
        {"ClusterId": 5, "JobStatus": 1, "RequestMemory": 99999, "RequestCpus": 1},
    ]
    command("condor_q", json.dumps(jobs))
    pool([(8, 8000, 0), (2, 100000, 0)])
    assert set(Condor().hopeless(["1", "2", "3", "4"])) == {"4"}
    pool([(8, 8000, 0)])
    assert Condor().hopeless(["1", "2", "3", "4"]) == {
        "1": "HTCondor: no slot of the pool has 9000 MB and 1 CPUs",
        "4": "HTCondor: no slot of the pool has 100 MB and 1 CPUs and 1 GPUs",
    }
    pool([])
    assert Condor().hopeless(["1", "4"]) == {}
    command("condor_q", "no JSON")
    with pytest.raises(SilentSchedulerError, match="JSON"):
        Condor().hopeless(["1"])


class Queue:
    """A scheduler that says what it is told to."""

    name = "fake"

    def __init__(self, *answers):
        self.answers, self.removed, self.asked = list(answers), [], 0

    def hopeless(self, jobs):
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        return {job: reason for job, reason in answer.items() if job in jobs}

    def remove(self, jobs):
        self.removed += list(jobs)

    def facts(self, job):
        return Facts(Cause.CANCELLED, "Slurm: CANCELLED by 0")


def looking(queue, pace=30.0):
    """The watch, its clock, and a look at some jobs."""
    clock = SimpleNamespace(now=0.0)
    watch = HopelessJobs(lambda name: queue if name == "slurm" else None, lambda: clock.now)
    workflow = SimpleNamespace(
        executor_plugin=SimpleNamespace(name="slurm"),
        remote_execution_settings=SimpleNamespace(seconds_between_status_checks=pace),
    )

    def look(*jobs):
        active = [SimpleNamespace(external_jobid=job, job=f"train {job}") for job in jobs]
        asyncio.run(watch.look(SimpleNamespace(workflow=workflow), active))

    return watch, clock, look


def test_a_job_is_removed_when_two_looks_say_the_same_and_told(caplog):
    queue = Queue({"1": "a", "2": "b"}, {"1": "a", "2": "c"}, {"2": "c"})
    watch, clock, look = looking(queue)
    look("1", "2")
    assert queue.removed == []
    clock.now = BETWEEN - 1
    look("1", "2")
    assert queue.asked == 1, "asked more than once a minute"
    clock.now = BETWEEN
    look("1", "2")
    assert queue.removed == ["1"]
    assert watch.removed == {"1": "a"}
    assert "jetloom: job 1 (train 1) waited for what will never come, and is removed: a" in caplog.text
    clock.now = 2 * BETWEEN
    look("2")
    assert queue.removed == ["1", "2"]


def test_a_hasty_profile_is_asked_sooner_and_no_jobs_are_no_question():
    queue = Queue()
    _, clock, look = looking(queue, pace=2.0)
    look()
    assert queue.asked == 0
    for clock.now in (0.0, 11.9, 12.0):
        look("1")
    assert queue.asked == 2


def test_a_silent_scheduler_is_asked_again_later(caplog):
    queue = Queue({"1": "a"}, SilentSchedulerError("no answer", where="squeue"), {"1": "a"})
    _, clock, look = looking(queue)
    for clock.now in (0.0, 60.0):
        look("1")
    assert "squeue: no answer" in caplog.text
    clock.now = 120.0
    look("1")
    assert queue.removed == ["1"]


def test_a_removed_job_is_judged_by_why_and_not_as_cancelled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = analysis()
    judge = Resubmission(found, Queue(), hopeless={"7": "Slurm: PartitionTimeLimit"})
    wildcards = {"sample": "dijet", "file": "x"}
    verdict = judge.judge(FailedJob("hdf5", wildcards, "", job="7", memory=9, minutes=9))
    assert verdict.action == Action.GIVE_UP
    assert re.match("configuration: not tried again; Slurm: PartitionTimeLimit: it would have waited", verdict.words)
    (line,) = ledger.read(paths.attempts(found, "hdf5", wildcards))
    assert line.cause == Cause.CONFIGURATION


def test_a_survey_says_which_jobs_never_run():
    jobs = {"a": QueuedJob("1", False, "idle"), "b": QueuedJob("2", True, "")}
    found = with_hopeless(Survey(trainings=jobs), Queue({"1": "no slot", "2": "not asked for"}))
    assert found.trainings["a"].reason == "it can never run as it is asked for (no slot)"
    assert found.trainings["b"] == jobs["b"]
    assert set(found.stuck()) == {"1"}
    assert with_hopeless(Survey(trainings={"b": jobs["b"]}), None).stuck() == {}
