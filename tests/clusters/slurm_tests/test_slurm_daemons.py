"""Slurm's own daemons fail under running jobs, and drivers do."""

import os
import signal
import time

import pytest
from harness import wait_for
from slurm_tools import (
    both_in_the_middle,
    check_went_on,
    go_on,
    kill,
    node,
    pause,
    processes,
    queue,
    recipe,
    saved,
    tool,
    trainer,
)


@pytest.mark.alone
def test_the_controller_restarted_and_away_for_a_minute(scan, oracle):
    driver = scan.start()
    running = both_in_the_middle(scan, 1)
    recipe("restart-controller")
    wait_for(lambda: set(queue(scan)) == {attempt.job for attempt in running.values()}, what="the jobs")
    recipe("kill-controller")
    away = time.monotonic()
    # The trainings end meanwhile, and nobody is there to be told.
    wait_for(lambda: time.monotonic() - away > 60 and len(list(scan.results.rglob("result.json"))) == 2, what="the end")
    assert driver.poll() is None
    recipe("start-controller")
    scan.finish(driver)
    oracle(scan)


@pytest.mark.alone
def test_the_node_drained_then_lost(scan, oracle):
    driver = scan.start()
    running = both_in_the_middle(scan, 1)
    tool("scontrol", "update", f"nodename={node()}", "state=drain", "reason=test")
    both_in_the_middle(scan, 4)
    assert set(queue(scan)) == {attempt.job for attempt in running.values()}, "a drained node lets its jobs end"
    tool("scontrol", "update", f"nodename={node()}", "state=resume")
    # The machine dies: its daemon and all that runs there.
    recipe("kill-node")
    stopped = {}
    for training in running:
        os.kill(trainer(training), signal.SIGSTOP)
        stopped[training] = saved(training)
    wait_for(lambda: all(state.startswith("PENDING") for state in queue(scan).values()), what="the loss noticed")
    kill(pid for pid in processes(scan) if os.getsid(pid) != driver.pid)
    recipe("start-node")
    scan.finish(driver)
    oracle(scan, ["node lost", "node lost"])
    for training, at in stopped.items():
        check_went_on(scan, training, at)


def test_the_driver_told_to_end_and_killed_while_its_jobs_run_on(scan, oracle):
    driver = scan.start()
    running = both_in_the_middle(scan, 1)
    jobs = {attempt.job for attempt in running.values()}
    paused = pause(list(running))
    told = time.monotonic()
    os.kill(driver.pid, signal.SIGTERM)
    assert "its 2 jobs are left in the queue or running" in scan.finish(driver, code=143)
    assert time.monotonic() - told < 30, "it does not wait for its jobs"
    assert set(queue(scan)) == jobs
    # Somebody removes Snakemake's lock by hand and begins again: the second copies notice the first ones, and leave.
    scan.finish(scan.start("--unlock"))
    driver = scan.start()
    wait_for(lambda: len(scan.lines()) >= 2, what="two duplicates")
    assert {line.cause for line in scan.lines()} == {"duplicate"}
    assert jobs.isdisjoint(line.job for line in scan.lines())
    scan.kill(driver)
    # `jetloom resume` finds the first copies, and waits for them.
    driver = scan.resume()
    wait_for(lambda: all(job in scan.output() for job in jobs), what="the running jobs found")
    go_on(paused)
    scan.finish(driver)
    causes = [line.cause for line in scan.lines() if line.cause != "done"]
    oracle(scan, causes)
    assert set(causes) == {"duplicate"}
    assert {line.job for line in scan.lines() if line.cause == "done"} == jobs
