"""A scan on HTCondor with points that never come to a good end, and with more than one point in a job."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pandas as pd
from condor_scans import adverts, check_little_lost, epochs_done, one_in_the_middle, send, settled, trainers
from harness import SCAN_TARGET, TASK, small_disk, table, wait_for

from jetloom.scan.attempts import ledger


def check_row_of_trained(found: pd.DataFrame, undisturbed: Path) -> None:
    """Check that the point that came to a good end is as it would have been without the other."""
    good = found[found["status"] == "trained"].drop(columns=["rank", "reason"])
    same = table(undisturbed).set_index("point").loc[good.index].drop(columns=["rank", "reason"])
    assert len(good) == 1
    pd.testing.assert_frame_equal(good, same, check_exact=True)


def test_a_point_that_diverges_is_a_row(scan, undisturbed):
    scan.edit(lambda config: config["tasks"][TASK].update(scan={"units": [4], "weight_decay": [0.0, 1e6]}))
    scan.finish(scan.start())
    found = table(scan.directory / SCAN_TARGET).set_index("point")
    assert sorted(found["status"]) == ["diverged", "trained"]
    assert sorted(map(tuple, scan.causes().values())) == [("diverged",), ("done",)]
    check_row_of_trained(found, undisturbed)


def test_a_point_that_always_fails_is_a_row(scan, undisturbed):
    scan.edit(lambda config: config["cluster"].update(tolerance=0.5))
    driver = scan.start()
    training, _ = one_in_the_middle(scan)
    send(training, signal.SIGKILL)
    settled(scan, training)
    point = training.parent.name
    os.kill(wait_for(lambda: trainers(training), what="the next attempt")[0], signal.SIGKILL)
    scan.finish(driver)
    found = table(scan.directory / SCAN_TARGET).set_index("point")
    assert found.loc[point, "status"] == "failed"
    assert "bug in 2 attempts" in found.loc[point, "reason"]
    assert [line.cause for line in ledger.read(training / ledger.LEDGER)] == ["bug", "bug"]
    check_row_of_trained(found, undisturbed)


def test_two_points_in_one_job_one_of_which_is_killed(scan, oracle):
    scan.edit(lambda config: config["cluster"].update(points_per_job=2))
    driver = scan.start()
    first, attempt = one_in_the_middle(scan)
    assert len(scan.running()) == 1, "one after the other: the job has the memory of one"
    advert = adverts(scan)[attempt.job]
    assert (advert["RequestMemory"], advert["RequestCpus"]) == (1200, 1)
    assert advert["AllowedJobDuration"] == 2 * 600
    epochs = epochs_done(scan, first)
    send(first, signal.SIGKILL)
    scan.finish(driver)
    oracle(scan, ["bug"])
    (other,) = set(scan.trainings()) - {first}
    assert [(line.cause, line.job) for line in ledger.read(other / ledger.LEDGER)] == [("done", attempt.job)]
    lines = ledger.read(first / ledger.LEDGER)
    assert lines[0].job == attempt.job != lines[1].job
    assert {line.memory_asked_mb for line in lines} == {1200}
    check_little_lost(scan, first, epochs)


def test_a_full_disk(scan, oracle):
    with small_disk(scan) as make_room:
        driver = scan.start()
        wait_for(lambda: "disk full" in scan.output(), what="a full disk")
        make_room()
        scan.finish(driver)
        causes = [line.cause for line in scan.lines() if line.cause != "done"]
        assert set(causes) == {"disk full"}
        oracle(scan, causes)
