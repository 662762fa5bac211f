"""The most that a site gives: found by the look before the first job, kept, and the end of growth."""

import os

import pytest
import yaml
from sites import Site, analysis, examined, partition, profile

from jetloom import paths
from jetloom.cluster.attempts import ceilings
from jetloom.cluster.attempts.asking import Asking
from jetloom.cluster.attempts.ceilings import NONE, Ceiling
from jetloom.cluster.attempts.stalls import Stalls
from jetloom.cluster.attempts.verdict import STALLED, Action, judge
from jetloom.cluster.schedulers import condor
from jetloom.cluster.site import checks_condor, most_slurm, preflight
from jetloom.cluster.site.site_slurm import read_site
from jetloom.config.cluster import Cluster
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.ledger import Attempt, Cause
from jetloom.scan.bundles.membership import scan_bundles
from jetloom.training import checkpoint
from jetloom.training.checkpoint import Progress

SHORT = Ceiling(memory=6000, minutes=90, memory_of="partition short", minutes_of="QOS quick")
SINCE = "2026-11-21T12:00:00+00:00"


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    found = Site(tmp_path)
    found.slurm()
    found.condor()
    return found


class Wildcards(dict):
    """Wildcards as Snakemake gives them: by name, and as attributes."""

    __getattr__ = dict.__getitem__


def alone(settings):
    """What the job of one training asks for, its wildcards, and its ledger."""
    found = scan_bundles(settings, "flavour")
    name, (training,) = next(iter(found.items()))
    path = paths.training(settings, "flavour", *training) / ledger.LEDGER
    return Asking(settings, {"flavour": found})("train"), Wildcards(task="flavour", bundle=name), path


def most(site, settings=None, **keys):
    """The ceiling of trainings on the Slurm."""
    profiles = [profile(site.directory, "own", **keys)]
    return most_slurm.ceilings(read_site(), examined(profiles, settings))["train", "flavour"]


def test_what_is_written_is_found_by_rule_and_task(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ceilings.find("train", "a") == NONE
    assert ceilings.write({("train", "a"): SHORT, ("hdf5", ""): Ceiling(memory=7)})
    assert ceilings.find("train", "a") == SHORT
    assert ceilings.find("train", "b") == NONE
    assert ceilings.find("hdf5", "") == ceilings.find("hdf5", "any") == Ceiling(memory=7)
    assert not ceilings.write({("train", "a"): SHORT, ("hdf5", ""): Ceiling(memory=7)})
    for damaged in ("", "[]", '{"train/a": {"colour": 1}}', '{"train/a": 3}'):
        ceilings.CEILINGS.write_text(damaged)
        assert ceilings.find("train", "a") == NONE


@pytest.mark.parametrize(
    ("causes", "memory", "minutes"),
    [
        ([], 2000, 60),
        ([Cause.OUT_OF_MEMORY], 4000, 60),
        ([Cause.OUT_OF_MEMORY] * 5, 6000, 60),
        ([Cause.OUT_OF_TIME] * 3, 2000, 90),
    ],
)
def test_growth_ends_at_the_ceiling(tmp_path, monkeypatch, causes, memory, minutes):
    monkeypatch.chdir(tmp_path)
    settings = analysis(stages={"train": {"memory": 2000, "minutes": 60}})
    ceilings.write({("train", "flavour"): SHORT})
    asked, wildcards, path = alone(settings)
    for number, cause in enumerate(causes, 1):
        now = {"memory_asked_mb": asked["mem_mb"](wildcards), "minutes_asked": asked["runtime"](wildcards)}
        ledger.append(path, Attempt(number, cause, **now))
        asked, *_ = alone(settings)  # what a job asks for is found once, until it failed
    assert (asked["mem_mb"](wildcards), asked["runtime"](wildcards)) == (memory, minutes)
    assert asked["htcondor_request_mem_mb"](wildcards) == memory


def test_a_first_request_is_never_cut(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = analysis(stages={"train": {"memory": 8000, "minutes": 60}})
    asked, wildcards, path = alone(settings)
    ceilings.write({("train", "flavour"): SHORT})
    ledger.append(path, Attempt(1, Cause.OUT_OF_MEMORY, memory_asked_mb=8000))
    assert asked["mem_mb"](wildcards) == 8000


@pytest.mark.parametrize(
    ("limits", "whose"),
    [({}, "partition short"), ({"memory_limit": 5000}, "cluster.growth.memory_limit")],
)
def test_memory_at_the_ceiling_is_given_up_and_says_whose_it_is(limits, whose):
    settings = Cluster(growth=limits)
    asked = min(6000, settings.growth.memory_limit)
    verdict = judge([Attempt(1, Cause.OUT_OF_MEMORY, memory_asked_mb=asked, ended=SINCE)], SINCE, settings, True, SHORT)
    assert verdict.action == Action.GIVE_UP
    assert verdict.words == f"out of memory with {asked} MB, the most there may be ({whose})"


def test_a_training_at_the_longest_time_goes_on_while_it_comes_further(tmp_path):
    stalls, path = Stalls(), tmp_path / "checkpoint.npz"
    lines, verdicts = [], []

    def end():
        lines.append(Attempt(len(lines) + 1, Cause.OUT_OF_TIME, minutes_asked=90, ended=SINCE))
        verdicts.append(judge(lines, SINCE, Cluster(), True, SHORT, stalls.after(tmp_path, lines[-1])))
        return verdicts[-1].action

    for epoch in range(1, 40):  # more often than cluster.attempts.out_of_time
        checkpoint.save(path, Progress("abc", epoch, 3), [], None)
        assert end() == Action.RETRY
    assert verdicts[-1].words == (
        "out of time after 90 minutes, the most there may be (QOS quick): goes on from its checkpoint"
    )
    checkpoint.save(path, Progress("abc", 39, 4), [], None)
    assert end() == Action.RETRY
    assert end() == Action.RETRY
    # Another end in between tells nothing of the time.
    lines.append(Attempt(len(lines) + 1, Cause.PREEMPTED, minutes_asked=90, ended=SINCE))
    assert stalls.after(tmp_path, lines[-1]) == 1
    assert end() == Action.GIVE_UP
    assert verdicts[-1].words.endswith(f"and in {STALLED} attempts it came no further")


def test_a_training_without_a_checkpoint_is_given_up_at_the_longest_time(tmp_path):
    stalls, line = Stalls(), Attempt(1, Cause.OUT_OF_TIME, minutes_asked=90, ended=SINCE)
    actions = [judge([line], SINCE, Cluster(), True, SHORT, stalls.after(tmp_path, line)).action for _ in range(2)]
    assert actions == [Action.RETRY, Action.GIVE_UP]
    (tmp_path / "checkpoint.npz").write_bytes(b"no archive")
    assert stalls.after(tmp_path, line) == 3


def test_a_partition_its_nodes_and_what_they_have(site):
    site.slurm(partitions=[partition("main", "YES", time="00:45:00"), partition("gpu", memory="20000")])
    assert most(site) == Ceiling(16000, 45, "partition main", "partition main")
    assert most(site, default_resources=["slurm_partition=gpu"]) == Ceiling(
        20000, 1440, "partition gpu", "partition gpu"
    )
    both = {"default_resources": ["slurm_partition=main,gpu"]}
    assert most(site, **both) == Ceiling(20000, 1440, *["partition main or partition gpu"] * 2)
    site.slurm(
        partitions=[partition("main", "YES", time="00:45:00"), partition("gpu", memory="20000")],
        settings={"EnforcePartLimits": "ALL"},
    )
    assert most(site, **both) == Ceiling(16000, 45, *["partition main or partition gpu"] * 2)


def test_memory_of_a_training_on_a_card_is_that_of_the_nodes_that_have_one(site):
    site.slurm(
        partitions=[partition("main", "YES")],
        nodes=["n1|main|idle|64000|8|(null)", "n2|main|mixed|32000|8|gpu:a100:2(S:0-1)"],
    )
    assert most(site).memory == 64000
    assert most(site, analysis("gpu")).memory == 32000


def test_limits_of_qos_and_account_where_they_are_enforced(site):
    limits = {"qos": "normal||\nquick|00:30:00|cpu=4,mem=8G\n", "accounts": "atlas|01:00:00|mem=12000M,gres/gpu=1\n"}
    site.slurm(**limits)
    assert most(site) == Ceiling(16000, 1440, "partition main", "partition main")
    site.slurm(**limits, settings={"AccountingStorageEnforce": "associations,limits,qos"})
    assert most(site) == Ceiling(12000, 60, "account atlas", "account atlas")
    assert most(site, slurm_qos="quick") == Ceiling(8192, 30, "QOS quick", "QOS quick")
    assert most(site, default_resources=["qos=quick"]).minutes == 30
    assert most(site, default_resources=["slurm_account=other"]).minutes == 1440
    of_partition = [partition("main", "YES").replace("QoS=N/A", "QoS=quick")]
    site.slurm(of_partition, **limits, settings={"AccountingStorageEnforce": "limits"})
    assert most(site).minutes_of == "QOS quick"


def test_an_unlimited_slurm_has_no_ceiling(site):
    site.slurm(partitions=[partition("main", "YES", time="UNLIMITED")], nodes=["n9|other|idle|64000|8|(null)"])
    assert most(site) == NONE


def test_the_largest_slot_of_a_pool(site):
    profiles = [profile(site.directory, "own", executor="htcondor")]
    found = checks_condor.ceilings(condor.read_slots(), examined(profiles, analysis("gpu")))
    assert found["train", "flavour"] == Ceiling(24105, 0, "the pool's largest slot with GPUs")
    assert found["dataset", "flavour"] == Ceiling(24105, 0, "the pool's largest slot")
    assert checks_condor.ceilings([], examined(profiles)) == {}


@pytest.mark.parametrize("executor", ["slurm", "htcondor"])
def test_the_look_before_the_first_job_writes_them_down_once(site, executor):
    found = examined([profile(site.directory, "own", executor=executor)])
    assert preflight.note_most(executor, found)
    assert ceilings.find("train", "flavour").memory == {"slurm": 16000, "htcondor": 24105}[executor]
    assert not preflight.note_most(executor, found)
    for name in ("sinfo", "condor_status"):
        site.command(name, "echo lost >&2; exit 1")
    assert not preflight.note_most(executor, found)
    assert yaml.safe_load(ceilings.CEILINGS.read_text())
