"""A partition whose wall time is short: what asks for more is given up alone, and what needs more goes on in pieces."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from harness import CONFIG, SCAN_TARGET, wait_for
from slurm_tools import both_in_the_middle, check_went_on, environment, go_on, lines_of, node, pause, queue, saved, tool

from jetloom.cluster.site.preflight import WITHOUT
from jetloom.scan.attempts.attempt import BEGAN

SHORT = ["--set-resources", "train:slurm_partition=short"]


@pytest.fixture
def short() -> Iterator[None]:
    """A partition that gives a minute to each job."""
    with suppress(AssertionError):  # it is there already
        tool("scontrol", "create", "partitionname=short", f"nodes={node()}", "maxtime=1", "state=up")
    yield
    tool("scontrol", "delete", "partitionname=short")


def test_what_asks_for_too_much_is_given_up_and_what_needs_more_goes_on(scan, oracle, short):
    # Nobody looks before the first job, so jobs are submitted that could never run. The driver sees them wait.
    scan.edit(lambda content: content["cluster"]["stages"]["train"].update(minutes=2))
    careful, scan.cluster = scan.cluster, replace(scan.cluster, environment={WITHOUT: "1"})
    scan.finish(scan.start(SCAN_TARGET, *SHORT), code=1)
    assert [line.cause for line in scan.lines()] == ["configuration"] * 2
    assert all("PartitionTimeLimit: it would have waited for ever" in line.detail for line in scan.lines())
    assert "waited for what will never come, and is removed" in scan.output()
    assert not queue(scan)
    # With a minute, a training that needs more is not asked to have more: it goes on from its checkpoint.
    scan.edit(lambda content: content["cluster"]["stages"]["train"].update(minutes=1))
    scan.cluster = careful
    driver = scan.start(SCAN_TARGET, *SHORT)
    running = both_in_the_middle(scan, 1)
    slow, others = pause(list(running)[:1]), list(running)[1:]
    first = next(iter(running))
    margin = min(CONFIG["cluster"]["margin"], 15)
    deadline = float(environment(slow[0])[BEGAN]) + 60 - margin
    wait_for(lambda: time.time() > deadline, what="the deadline")
    go_on(slow)
    wait_for(lambda: any(line.cause == "out of time" for line in lines_of(first)), what="the end of the slow one")
    stopped = saved(first)
    scan.finish(driver)
    causes = [line.cause for line in scan.lines() if line.cause not in ("done", "configuration")]
    assert set(causes) == {"out of time"}
    oracle(scan, ["configuration"] * 2 + causes)
    check_went_on(scan, first, stopped)
    assert {line.minutes_asked for path in (first, *others) for line in lines_of(path)[1:]} == {1}
    assert "out of time after 1 minutes, the most there may be (partition short): goes on" in scan.output()
