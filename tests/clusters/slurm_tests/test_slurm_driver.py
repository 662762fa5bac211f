"""The driver as a job of Slurm: it ends before its wall time, is killed, is cancelled, and comes to its end."""

from harness import killed, wait_for
from slurm_tools import both_in_the_middle, go_on, pause, queue, tool

from jetloom.cluster.submission.journal import Event

SHORT = ("--minutes", "1", "--margin", "42")


def test_a_driver_that_is_a_job_is_followed_unless_its_user_cancels_it(scan, oracle):
    scan.submit(*SHORT)
    assert "to drive it" in scan.jetloom("submit", "--profile", "slurm", "--config", str(scan.config)).stdout
    running = both_in_the_middle(scan, 1)
    trainers = pause(list(running))
    jobs = {attempt.job for attempt in running.values()}
    # It ends by itself, and its jobs go on; the next one is killed with the machine.
    first = scan.wait_for_driver(Event.GOES_ON)
    second = scan.wait_for_driver(Event.BEGAN, 2)
    assert jobs <= set(queue(scan))
    said = scan.jetloom("status", "--config", str(scan.config)).stdout
    assert f"its driver is job {second.job} of Slurm, the 2. of its kind" in said
    killed(scan)
    # Its user cancels the third: the fourth looks, and ends.
    third = scan.wait_for_driver(Event.BEGAN, 3)
    tool("scancel", third.job)
    assert "cancelled by its user" in scan.wait_for_driver(Event.STOPPED).words
    wait_for(lambda: set(queue(scan)) == jobs, what="an end of all drivers")
    go_on(trainers)
    scan.submit()
    done = scan.wait_for_driver(Event.DONE)
    oracle(scan)
    assert len({first.job, second.job, third.job, done.job}) == 4
    assert {line.job for line in scan.lines()} == jobs, "nothing was done twice"
