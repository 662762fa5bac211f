"""A scan on HTCondor whose jobs are taken away or stopped by a person, and whose drivers die or are too many."""

from __future__ import annotations

import os
import shutil
import signal

from condor_scans import (
    adverts,
    as_user,
    both_in_the_middle,
    check_little_lost,
    epochs_done,
    one_in_the_middle,
    trainers,
)
from harness import SCAN_TARGET, TASK, table, wait_for

from jetloom.scan.attempts import ledger


def waits(scan) -> str:
    """A job of the scan that waits, beside one that runs; "" as long as there is none."""
    found = {job: advert["JobStatus"] for job, advert in adverts(scan).items()}
    return next((job for job, status in found.items() if status == 1), "") if 2 in found.values() else ""


def test_a_running_job_that_a_person_removed(scan, oracle):
    driver = scan.start()
    training, attempt = one_in_the_middle(scan)
    epochs = epochs_done(scan, training)
    as_user(scan, "condor_rm", attempt.job)
    output = scan.finish(driver, code=1)
    assert "cancelled: not tried again" in output
    causes = scan.causes()
    assert causes.pop(training.parent.name) == ["cancelled"]
    assert list(causes.values()) == [["done"]], "the other point has nothing to do with it"
    line = ledger.read(training / ledger.LEDGER)[0]
    assert "SIGTERM" in line.detail, "it was killed before it could leave a checkpoint"
    assert "condor_rm" in line.detail
    scan.finish(scan.start())
    oracle(scan, ["cancelled"])
    check_little_lost(scan, training, epochs)


def test_a_running_job_that_is_held_and_a_waiting_one_that_is_removed(scan, oracle):
    driver = scan.start("results/fault/scans/quark_gluon/scan.csv", "--set-threads", "train=5")  # of 8: one at a time
    training, attempt = one_in_the_middle(scan)
    epochs = epochs_done(scan, training)
    waiting = wait_for(lambda: waits(scan), what="a waiting job")
    as_user(scan, "condor_rm", waiting)
    as_user(scan, "condor_hold", attempt.job)
    scan.finish(driver, code=1)
    assert sorted(scan.causes().values()) == [["cancelled"], ["cancelled"]]
    held, removed = sorted(scan.lines(), key=lambda line: line.job != attempt.job)
    assert "held" in held.detail
    assert "SIGTERM" in held.detail
    assert (removed.job, "condor_rm" in removed.detail) == (waiting, True)
    assert adverts(scan) == {}, "a held job would wait for ever, or run one day"
    scan.finish(scan.start())
    oracle(scan, ["cancelled", "cancelled"])
    check_little_lost(scan, training, epochs)


def test_a_second_driver_is_turned_away_an_edit_waits_for_the_next_run_and_no_event_log_is_needed(scan, oracle):
    first = scan.start()
    one_in_the_middle(scan)
    shutil.rmtree(scan.directory / ".snakemake" / "htcondor")  # HTCondor's event log, which the driver reads
    said = scan.finish(scan.start(), code=1)
    assert "is driven by snakemake on" in said
    scan.edit(lambda config: config["tasks"][TASK]["scan"].update(units=[4, 8, 16]))
    scan.finish(first)
    oracle(scan)
    # The next run trains the new point only.
    before = {training: ledger.read(training / ledger.LEDGER) for training in scan.trainings()}
    rows = table(scan.directory / SCAN_TARGET).set_index("point").drop(columns="rank")
    scan.finish(scan.start())
    assert before == {training: ledger.read(training / ledger.LEDGER) for training in before}
    assert sorted(scan.causes().values()) == [["done"]] * 3
    again = table(scan.directory / SCAN_TARGET).set_index("point").drop(columns="rank")
    assert again.loc[rows.index].equals(rows)


def test_a_driver_killed_and_one_told_to_end(scan, oracle):
    driver = scan.start()
    trainings = both_in_the_middle(scan)
    scan.kill(driver)
    resumed = scan.resume()
    wait_for(lambda: "trainings that go on" in scan.output(), what="its words for what runs")
    os.kill(resumed.pid, signal.SIGTERM)
    scan.finish(resumed, code=143)
    scan.finish(scan.resume())
    oracle(scan)
    assert {line.job for line in scan.lines()} == {attempt.job for _, attempt in trainings}, "nothing was done twice"


def test_a_driver_killed_and_started_again_by_hand(scan, oracle):
    driver = scan.start()
    # Stopped, so that they cannot be done before their copies come.
    running = [pid for training, _ in both_in_the_middle(scan) for pid in trainers(training)]
    for pid in running:
        os.kill(pid, signal.SIGSTOP)
    scan.kill(driver)
    assert "jetloom resume" in scan.finish(scan.start(), code=1), "Snakemake's lock is left"
    scan.finish(scan.start("--unlock"))
    driver = scan.start()
    wait_for(lambda: [line for line in scan.lines() if line.cause == "duplicate"], what="a copy that leaves")
    for pid in running:
        os.kill(pid, signal.SIGCONT)
    scan.finish(driver)
    doubled = [line.cause for line in scan.lines() if line.cause != "done"]
    assert set(doubled) == {"duplicate"}, "a copy of a job that runs notices, and leaves"
    oracle(scan, doubled)
