"""A scan on HTCondor whose schedd dies."""

from __future__ import annotations

import pytest
from condor_scans import both_in_the_middle, recipe
from harness import wait_for

pytestmark = pytest.mark.alone


def test_a_schedd_restarted_under_running_jobs(scan, oracle):
    driver = scan.start()
    trainings = both_in_the_middle(scan)
    recipe("restart-schedd")
    scan.finish(driver)
    oracle(scan)
    assert {line.job for line in scan.lines()} == {attempt.job for _, attempt in trainings}


def test_a_schedd_that_takes_no_job_for_a_while(scan, oracle):
    recipe("kill-schedd")
    driver = scan.start()
    wait_for(lambda: len(causes := scan.causes()) == 2 and min(map(len, causes.values())) >= 3, what="refusals")
    assert {line.cause for line in scan.lines()} == {"refused"}
    assert driver.poll() is None
    recipe("start-schedd")
    scan.finish(driver)
    refused = [line for line in scan.lines() if line.cause == "refused"]
    oracle(scan, ["refused"] * len(refused))
    assert all(line.job == "" for line in refused)
