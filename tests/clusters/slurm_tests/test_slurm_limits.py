"""Attempts that run out of memory, time or disk; points that are given up."""

import json
import os
import signal
import time
from contextlib import suppress

import pandas as pd
from harness import CONFIG, SCAN_TARGET, small_disk, table, wait_for
from slurm_tools import (
    both_in_the_middle,
    check_went_on,
    environment,
    go_on,
    lines_of,
    pause,
    queue,
    saved,
    state_of,
    tool,
    trainer,
)

from jetloom.scan.attempts.attempt import BEGAN


def train_stage(**values):
    return lambda content: content["cluster"]["stages"]["train"].update(values)


def growth(**values):
    return lambda content: content["cluster"].update(growth=values)


def test_out_of_memory_asks_for_more(scan, oracle):
    scan.edit(train_stage(memory=400))
    scan.edit(growth(factor=3))
    scan.finish(scan.start())
    oracle(scan, ["out of memory", "out of memory"])
    for training in scan.trainings():
        short, enough = lines_of(training)
        assert (short.memory_asked_mb, enough.memory_asked_mb) == (400, 1200)
        assert short.minutes_asked == enough.minutes_asked
        assert tool("sacct", "-n", "-X", "-P", "-j", enough.job, "-o", "ReqMem") == "1200M"


def test_memory_that_a_site_wants_by_cpu_grows_too(scan, oracle):
    scan.edit(train_stage(memory=400))
    scan.edit(growth(factor=3))
    scan.finish(scan.start("--default-resources", "mem_mb_per_cpu=100", "--", SCAN_TARGET))
    oracle(scan, ["out of memory", "out of memory"])
    for training in scan.trainings():
        short, enough = lines_of(training)
        assert (short.memory_asked_mb, enough.memory_asked_mb) == (400, 1200)
        assert "--mem-per-cpu" in tool("sacct", "-n", "-X", "-P", "-j", enough.job, "-o", "SubmitLine")


def deafened(pid: int) -> bool:
    """Stop a process again, which Slurm wakes to tell it that it has to end; say whether it is gone."""
    if state_of(pid) not in "TZ":
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    return state_of(pid) == "Z"


def test_out_of_time_obeyed_and_not_obeyed(scan, oracle):
    scan.edit(train_stage(minutes=2))
    driver = scan.start()
    # On a very busy machine an attempt may have met its deadline before it came so far; then this is a later one.
    running = both_in_the_middle(scan)
    first, second = running
    slow, deaf = pause([first, second])
    # The second one hears nothing, and Slurm ends it. (Its last minute is already running, so that nobody has to wait.)
    tool("scontrol", "update", f"jobid={running[second].job}", "timelimit=1")
    wait_for(lambda: deafened(deaf), every=0.002, what="the end of the one that does not obey")
    stopped = {second: saved(second)}
    # The first one's machine hangs until its time is nearly over: the margin is left for a checkpoint.
    deadline = float(environment(slow)[BEGAN]) + 60 * running[first].minutes_asked - CONFIG["cluster"]["margin"]
    wait_for(lambda: time.time() > deadline, what="the deadline")
    go_on([slow])
    wait_for(lambda: state_of(slow) == "Z", what="the end of the one that obeys")
    stopped[first] = saved(first)
    scan.finish(driver)
    causes = [line.cause for line in scan.lines() if line.cause != "done"]
    assert set(causes) == {"out of time"}
    oracle(scan, causes)
    lines = {training: lines_of(training)[running[training].attempt - 1 :] for training in stopped}
    assert "wall time is nearly over" in lines[first][0].detail
    assert "TIMEOUT" in lines[second][0].detail
    for training, at in stopped.items():
        check_went_on(scan, training, at)
        assert lines[training][1].minutes_asked == 2 * lines[training][0].minutes_asked
        assert {line.memory_asked_mb for line in lines[training]} == {1200}


def test_a_point_that_always_fails_is_a_row_and_one_too_many_an_error(scan, undisturbed):
    scan.edit(train_stage(memory=400))
    scan.edit(growth(memory_limit=400))
    scan.edit(
        lambda content: [
            content["cluster"]["stages"].update({name: {"memory": 400}})
            for name in ("simulate", "convert", "dataset", "evaluate", "plot")
        ]
    )
    scan.edit(lambda content: content["cluster"].update(tolerance=0.5))
    scan.finish(scan.start(), code=1)
    assert scan.causes() == {training.parent.name: ["out of memory"] for training in scan.trainings()}
    results = [json.loads(path.read_text()) for path in scan.results.rglob("result.json")]
    assert [result["status"] for result in results] == ["failed"]
    assert "out of memory with 400 MB" in results[0]["reason"]
    assert not (scan.directory / SCAN_TARGET).exists()
    assert not queue(scan)
    # With more memory only the other one is trained; the scan has both rows.
    scan.edit(train_stage(memory=1200))
    scan.edit(growth(memory_limit=16000))
    scan.finish(scan.start())
    rows, expected = table(scan.directory / SCAN_TARGET), table(undisturbed)
    assert sorted(rows["status"]) == ["failed", "trained"]
    trained = rows[rows["status"] == "trained"]
    same = expected[expected["point"].isin(trained["point"])]
    columns = [name for name in expected.columns if name not in ("rank", "reason")]
    pd.testing.assert_frame_equal(
        trained[columns].reset_index(drop=True), same[columns].reset_index(drop=True), check_exact=True
    )
    assert "out of memory" in rows[rows["status"] == "failed"].iloc[0]["reason"]


def test_a_diverged_training_and_one_that_is_killed_too_often_are_rows(scan, undisturbed):
    def diverging(content):
        task = content["tasks"]["quark_gluon"]
        task["scan"] = {"weight_decay": [0.0, 1e6]}
        content["cluster"].update(tolerance=0.5, attempts={"bug": 1})

    scan.edit(diverging)
    driver = scan.start()
    (training,) = wait_for(scan.in_the_middle, what="the training that does not diverge")
    os.kill(trainer(training), signal.SIGKILL)
    scan.finish(driver)
    rows = pd.read_csv(scan.directory / SCAN_TARGET, dtype={"point": str}).set_index("weight_decay")
    assert rows.loc[1e6, "status"] == "diverged"
    assert "loss is nan" in rows.loc[1e6, "reason"]
    assert rows.loc[0.0, "status"] == "failed"
    assert rows.loc[0.0, "reason"].startswith("bug in 1 attempts")
    assert sorted(scan.causes().values()) == [["bug"], ["diverged"]]
    assert not queue(scan)


def test_a_full_disk(scan, oracle):
    with small_disk(scan) as make_room:
        driver = scan.start()
        wait_for(lambda: "disk full" in scan.output(), what="a full disk")
        make_room()
        scan.finish(driver)
        causes = [line.cause for line in scan.lines() if line.cause != "done"]
        assert set(causes) == {"disk full"}
        oracle(scan, causes)
