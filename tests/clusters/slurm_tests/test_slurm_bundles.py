"""Many points in one job: whatever befalls the job or one of them, the others are as if it had not been."""

import os
import signal

import pandas as pd
from harness import SCAN_TARGET, TASK, table, wait_for
from slurm_tools import lines_of, processes, queue, tool, trainer

from jetloom.scan.attempts import ledger


def the_one_in_the_middle(scan):
    """Wait until one training has done some epochs; give it, and its job."""
    ((training, attempt),) = wait_for(scan.in_the_middle, what="a training in the middle").items()
    return training, attempt.job


def parent(scan):
    """The process that imported the backend and made the trainers."""
    return min(processes(scan, "train_bundle", "--bundle"))


def rows(scan):
    return table(scan.directory / SCAN_TARGET).set_index("point").drop(columns=["rank", "reason"])


def test_a_job_of_four_points_whatever_befalls_it(scan, undisturbed):
    def four_points(content):
        content["tasks"][TASK]["scan"] = {"units": [4, 8], "weight_decay": [0.0, 1e6]}
        content["cluster"].update(points_per_job=4, growth={"factor": 3})
        content["cluster"]["stages"]["train"].update(memory=450)

    scan.edit(four_points)
    driver = scan.start()
    # Too little memory even for the parent: the next job has what the ledgers ask for.
    wait_for(lambda: "out of memory" in [line.cause for line in scan.lines()], what="the lack of memory")
    training, job = the_one_in_the_middle(scan)
    asked = tool("scontrol", "-o", "show", "job", job)
    assert "MinMemoryNode=1350M" in asked
    assert len(scan.running()) == 1, "they run one after the other"
    # The parent dies: its child hears of it.
    os.kill(parent(scan), signal.SIGKILL)
    wait_for(lambda: scan.lines()[-1:] and job in [line.job for line in scan.lines()], what="the end of the job")
    _, again = the_one_in_the_middle(scan)
    assert again != job
    # Slurm takes the job away and begins it again, under its number.
    tool("scontrol", "requeue", again)
    wait_for(lambda: [line for line in scan.lines() if line.job == again], what="the line of the job taken away")
    training, same = the_one_in_the_middle(scan)
    assert same == again
    # The job's time is cut: Slurm ends it.
    tool("scontrol", "update", f"jobid={again}", "timelimit=1")
    os.kill(trainer(training), signal.SIGSTOP)
    wait_for(lambda: "out of time" in [line.cause for line in scan.lines()], what="the end of the time")
    # One training is killed, and nothing else.
    training, _ = the_one_in_the_middle(scan)
    os.kill(trainer(training), signal.SIGKILL)
    scan.finish(driver)
    assert not queue(scan)
    causes = [line.cause for line in scan.lines()]
    assert sorted(set(causes)) == ["bug", "diverged", "done", "out of memory", "out of time", "preempted"]
    assert (causes.count("done"), causes.count("diverged")) == (2, 2)
    found, expected = rows(scan), table(undisturbed).set_index("point").drop(columns=["rank", "reason"])
    pd.testing.assert_frame_equal(found.loc[expected.index, expected.columns], expected, check_exact=True)
    assert not list(scan.results.rglob(ledger.OPEN))
    check_an_edit_and_a_result_that_was_taken_away(scan)


def check_an_edit_and_a_result_that_was_taken_away(scan):
    """See that the next run trains what is new or gone, in the job of its bundle, and nothing else."""
    before, lines = rows(scan), {training: lines_of(training) for training in scan.trainings()}
    (scan.trainings()[0] / "result.json").unlink()
    scan.edit(lambda content: content["tasks"][TASK]["scan"].update(units=[4, 8, 16], weight_decay=[0.0, 1e6]))
    scan.edit(lambda content: content["cluster"].update(points_per_job=6))
    scan.finish(scan.start())
    assert {training: lines_of(training) for training in lines} == lines, "a finished checkpoint needs no attempt"
    assert len(scan.trainings()) == 6
    assert rows(scan).loc[before.index].equals(before)
