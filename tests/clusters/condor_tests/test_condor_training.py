"""A scan on HTCondor, left alone, and with trainings that die, are sent away, or are too big or too slow."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from condor_scans import (
    adverts,
    as_user,
    both_in_the_middle,
    check_little_lost,
    epochs_done,
    one_in_the_middle,
    queue,
    send,
    settled,
    trainers,
)
from harness import SCAN_TARGET, Scan, wait_for

from jetloom.cluster.site.preflight import WITHOUT
from jetloom.scan.attempts import ledger

KILLED_SOON = ["--default-resources", "getenv=True", "htcondor_submit_job_max_vacate_time=10"]


def seconds_since(moment: str) -> float:
    """The seconds since a time in a ledger."""
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()


def visible_gpus(pid: int) -> str:
    """The GPUs that a process was told of."""
    told = dict(entry.split("=", 1) for entry in Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in entry)
    return told.get("CUDA_VISIBLE_DEVICES", "")


def stopped(scan: Scan, training: Path) -> bool:
    """Stop the first attempt of a training in the middle, unless it is over; say whether it is either."""
    if training in scan.in_the_middle(1):
        for pid in trainers(training):
            os.kill(pid, signal.SIGSTOP)
        return True
    return bool(ledger.read(training / ledger.LEDGER))


def test_an_undisturbed_scan_with_the_attributes_of_cern_is_the_local_one(scan, oracle):
    lxplus = scan.cluster.checkout / "profiles" / "sites" / "lxplus" / "config.yaml"
    text = lxplus.read_text()
    # This pool keeps no tickets: a job that needs one would never begin. Its form is that of one that asks for none.
    assert text.count("\n  - classad_SendCredential=True\n") == 1
    here = scan.directory / "lxplus.yaml"
    here.write_text(text.replace("classad_SendCredential=True", "classad_SendCredential=False"))
    scan.cluster = replace(scan.cluster, options=["--profile", str(here), *scan.cluster.options])
    driver = scan.start()
    trainings = both_in_the_middle(scan)
    for _, attempt in trainings:
        advert = adverts(scan)[attempt.job]
        assert (advert["MaxRuntime"], advert["JobMaxVacateTime"]) == (600, 60)
        assert advert["SendCredential"] is False, "yes and no, not text"
        noted = (scan.directory / ".snakemake" / "jetloom_schedds.txt").read_text().splitlines()
        assert f"{attempt.job} {advert['GlobalJobId'].split('#')[0]}" in noted
    assert all("GPU" not in visible_gpus(pid) for training, _ in trainings for pid in trainers(training))
    scan.finish(driver)
    oracle(scan)
    lines = scan.lines()
    assert {line.job for line in lines} == {attempt.job for _, attempt in trainings}
    assert all(line.job.isdigit() and line.host and line.memory_used_mb > 100 for line in lines)
    assert all((line.memory_asked_mb, line.minutes_asked, line.gpus_asked) == (1200, 10, 0) for line in lines)


def test_a_trainer_killed_in_the_middle_goes_on(scan, oracle):
    driver = scan.start()
    training, _ = one_in_the_middle(scan)
    epochs = epochs_done(scan, training)
    send(training, signal.SIGKILL)
    scan.finish(driver)
    oracle(scan, ["bug"])
    check_little_lost(scan, training, epochs)
    assert "killed" in ledger.read(training / ledger.LEDGER)[0].detail


def test_a_job_sent_away_goes_on_by_itself(scan, oracle):
    driver = scan.start()
    training, attempt = one_in_the_middle(scan)
    epochs = epochs_done(scan, training)
    as_user(scan, "condor_vacate_job", attempt.job)
    scan.finish(driver)
    oracle(scan, ["preempted"])
    first, second = ledger.read(training / ledger.LEDGER)
    assert "SIGTERM" in first.detail, "it was killed before it could leave a checkpoint"
    assert first.job == second.job, "HTCondor begins the same job again; nobody submits another one"
    assert "Trying to restart" not in scan.output()
    check_little_lost(scan, training, epochs)


def test_more_memory_follows_on_too_little(scan, oracle):
    scan.edit(lambda config: config["cluster"].update({"growth": {"factor": 4}}))
    scan.edit(lambda config: config["cluster"]["stages"]["train"].update(memory=300))
    driver = scan.start(SCAN_TARGET, *KILLED_SOON)
    # HTCondor looks at the memory now and then: on a fast machine a training that is not stopped is done before.
    trainings = wait_for(lambda: len(found := scan.trainings()) == 2 and found, what="both trainings")
    wait_for(lambda: sum(stopped(scan, training) for training in trainings) == 2, what="both in the middle, or held")
    scan.finish(driver)
    oracle(scan, ["out of memory", "out of memory"])
    for training in scan.trainings():
        first, second = ledger.read(training / ledger.LEDGER)
        assert (first.memory_asked_mb, second.memory_asked_mb) == (300, 1200)
        assert first.memory_used_mb > 300
        assert "held" in first.detail
        assert first.minutes_asked == second.minutes_asked


def test_a_training_that_meets_its_deadline_goes_on(scan, oracle):
    scan.edit(lambda config: config["cluster"]["stages"]["train"].update(minutes=1))
    # Whatever HTCondor would do at the end of the wall time is put off: the training is to end by itself.
    driver = scan.start(SCAN_TARGET, "--set-resources", "train:allowed_job_duration=900")
    training, attempt = next(iter(wait_for(scan.running, what="a training").items()))
    # On a busy machine the deadline comes before the first epoch is done; there is nothing to slow down then.
    wait_for(lambda: training in scan.in_the_middle(1) or ledger.read(training / ledger.LEDGER))
    if running := trainers(training):
        os.kill(running[0], signal.SIGSTOP)
        wait_for(lambda: seconds_since(attempt.started) > 47, 60, what="the deadline")
        os.kill(running[0], signal.SIGCONT)
    epochs = epochs_done(scan, training)
    first = settled(scan, training)[0]
    assert (first.cause, first.minutes_asked, "wall time" in first.detail) == ("out of time", 1, True)
    scan.finish(driver)
    # So may the other point have met its own.
    oracle(scan, [line.cause for line in scan.lines() if line.cause == "out of time"])
    second = ledger.read(training / ledger.LEDGER)[1]
    assert (second.minutes_asked, second.memory_asked_mb) == (2, first.memory_asked_mb)
    if second.cause == "done":
        check_little_lost(scan, training, epochs)


def test_a_job_that_never_ends_is_ended(scan, oracle):
    scan.edit(lambda config: config["cluster"]["stages"]["train"].update(minutes=1))
    driver = scan.start(SCAN_TARGET, *KILLED_SOON)
    training, attempt = next(iter(wait_for(scan.running, what="a training").items()))
    send(training, signal.SIGSTOP)
    first = settled(scan, training)[0]
    assert (first.cause, first.job, first.minutes_asked) == ("out of time", attempt.job, 1)
    assert "exceeded allowed job duration" in first.detail
    scan.finish(driver)
    oracle(scan, [line.cause for line in scan.lines() if line.cause == "out of time"])
    assert ledger.read(training / ledger.LEDGER)[1].minutes_asked == 2


def test_a_card_that_is_granted_and_cannot_be_used_is_a_wrong_resource(scan):
    """Each training asks for a card, sees that it was given none, tries once more, and is given up."""
    scan.edit(lambda config: config["tasks"]["quark_gluon"]["training"].update(device="gpu"))
    scan.finish(scan.start(), code=1)
    lines = scan.lines()
    assert [line.cause for line in lines] == ["wrong resource"] * 4
    assert all(line.gpus_asked == 1 for line in lines)
    assert all("no driver of a GPU" in line.detail for line in lines)
    assert all(re.search(r"CUDA_VISIBLE_DEVICES is 'FAKE-GPU-[01]'", line.detail) for line in lines)
    assert queue(scan) == []


def test_a_job_larger_than_every_slot_is_given_up(scan):
    # Nobody looks before the first job, so jobs are submitted that could never run. The driver sees them wait.
    scan.edit(lambda config: config["cluster"].update({"growth": {"memory_limit": 1_000_000}}))
    scan.edit(lambda config: config["cluster"]["stages"]["train"].update(memory=900_000))
    scan.cluster = replace(scan.cluster, environment={**scan.cluster.environment, WITHOUT: "1"})
    scan.finish(scan.start(), code=1)
    assert [line.cause for line in scan.lines()] == ["configuration"] * 2
    assert all("no slot of the pool has 900000 MB and 1 CPUs" in line.detail for line in scan.lines())
    assert not queue(scan)
