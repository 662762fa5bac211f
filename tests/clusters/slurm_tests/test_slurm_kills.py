"""Trainers that are killed, or told to stop, go on from their checkpoint."""

import os
import signal
import time
from dataclasses import replace

import pytest
from harness import SCAN_TARGET, check_little_lost, wait_for
from slurm_tools import (
    both_in_the_middle,
    check_went_on,
    environment,
    epochs_done,
    go_on,
    kill_while_saving,
    lines_of,
    pause,
    queue,
    saved,
    state_of,
    text_log,
    tool,
    trainer,
)


def test_a_trainer_killed_in_the_middle_and_one_killed_while_it_saves(scan, oracle):
    driver = scan.start()
    first, second = both_in_the_middle(scan)
    kill_while_saving(second)
    half = list(second.glob(".checkpoint.*.part.npz"))
    os.kill(trainer(first), signal.SIGKILL)
    stopped = {}
    for training in (first, second):
        stopped[training] = saved(training)
        check_little_lost(scan, stopped[training], epochs_done(scan, training))
    scan.finish(driver)
    assert half
    oracle(scan, ["bug", "bug"])
    for training in (first, second):
        check_went_on(scan, training, stopped[training])
        assert lines_of(training)[0].detail.startswith("killed")


def test_sigterm_and_sigusr1_leave_a_checkpoint_within_their_grace_and_so_does_a_person(scan, oracle):
    driver = scan.start()
    running = both_in_the_middle(scan)
    stopped = {}
    for training, name in zip(running, ("TERM", "USR1"), strict=True):
        pid, began = trainer(training), time.monotonic()
        tool("scancel", f"--signal={name}", running[training].job)
        wait_for(lambda pid=pid: state_of(pid) == "Z", what="the end of the trainer")
        assert time.monotonic() - began < 30
        stopped[training] = saved(training)
        assert f"SIG{name}: stopped" in text_log(scan, training)
    both_in_the_middle(scan, 4)
    for training, at in stopped.items():
        check_went_on(scan, training, at)
    os.kill(driver.pid, signal.SIGINT)  # Ctrl-C
    scan.finish(driver, code=1)
    assert not queue(scan)
    scan.finish(scan.start())
    oracle(scan, ["preempted", "preempted", "interrupted by you", "interrupted by you"])


@pytest.mark.alone
def test_a_preempted_job_is_begun_again_by_slurm_and_a_refused_one_submitted_again(scan, oracle):
    """With GPUs asked for by the profile alone, so that it is these two jobs that make room."""
    asked = ["--set-resources", "train:gpu=1", "--default-resources", "slurm_partition=low"]
    driver = scan.start(*asked, "--", SCAN_TARGET)
    running = both_in_the_middle(scan)
    devices = [environment(trainer(training))["CUDA_VISIBLE_DEVICES"] for training in running]
    assert sorted(devices) == ["0", "1"]
    # For a while the partition takes no job, and one has to be submitted again.
    first, second = running
    paused = pause([second])
    tool("scontrol", "update", "partitionname=low", "state=inactive")
    try:
        os.kill(trainer(first), signal.SIGKILL)
        wait_for(lambda: "refused" in [line.cause for line in lines_of(first)], what="a refusal")
    finally:
        tool("scontrol", "update", "partitionname=low", "state=up")
    both_in_the_middle(scan)
    go_on(paused)
    other = tool("sbatch", "--parsable", "-p", "gpu", "--gres=gpu:2", "--mem=50", "-o", "/dev/null", "--wrap", "true")
    wait_for(lambda: not tool("squeue", "-h", "-j", other, "-t", "PD,R,CG"), what="the end of the other job")
    scan.finish(driver)
    causes = [line.cause for line in scan.lines() if line.cause != "done"]
    assert set(causes) == {"bug", "refused", "preempted"}
    assert (causes.count("bug"), causes.count("preempted")) == (1, 2)
    oracle(scan, causes)


def test_a_driver_with_jobs_of_its_own_machine_inside_of_an_allocation(scan, oracle):
    """The environment names the allocation, but a training is a process of this machine: one kill is one line."""
    scan.cluster = replace(
        scan.cluster, profile="local", prefix=["srun", "--ntasks=1", "--mem=3000"], options=["--cores", "1"]
    )
    driver = scan.start()
    (training,) = wait_for(lambda: list(scan.in_the_middle(1))[:1], what="a training in the middle")
    os.kill(trainer(training), signal.SIGKILL)
    scan.finish(driver)
    oracle(scan, ["bug"])
    assert all(line.job.startswith("pid ") for line in scan.lines())
