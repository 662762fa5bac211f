"""The driver as a job of HTCondor: it ends before its wall time, is killed, is removed, and comes to its end."""

from __future__ import annotations

import os
import signal

from condor_scans import adverts, as_user, both_in_the_middle, trainers
from harness import killed, wait_for

from jetloom.cluster.submission.journal import Event

SHORT = ("--minutes", "1", "--margin", "42")


def test_a_driver_that_is_a_job_is_begun_again_unless_its_user_removes_it(scan, oracle):
    scan.submit(*SHORT)
    running = both_in_the_middle(scan)
    for training, _ in running:
        for pid in trainers(training):
            os.kill(pid, signal.SIGSTOP)
    paused = [pid for training, _ in running for pid in trainers(training)]
    jobs = {attempt.job for _, attempt in running}
    driver = scan.wait_for_driver(Event.GOES_ON).job
    scan.wait_for_driver(Event.BEGAN, 2)
    said = scan.jetloom("status", "--config", str(scan.config)).stdout
    assert f"its driver is job {driver} of HTCondor, the 2. of its kind" in said
    killed(scan)
    assert scan.wait_for_driver(Event.BEGAN, 3).job == driver, "the queue has begun it again"
    as_user(scan, "condor_rm", driver)
    scan.wait_for_driver(Event.TOLD)
    wait_for(lambda: set(adverts(scan)) == jobs, what="an end of the driver")
    for pid in paused:
        os.kill(pid, signal.SIGCONT)
    scan.submit()
    scan.wait_for_driver(Event.DONE)
    oracle(scan)
    assert {line.job for line in scan.lines()} == jobs, "nothing was done twice"
