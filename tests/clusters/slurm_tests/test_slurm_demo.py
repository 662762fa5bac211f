"""The demonstration as it is, on Slurm."""

from harness import check_oracle
from slurm_tools import queue


def test_the_demonstration_has_the_scan_of_this_machine(demonstration):
    scan, expected = demonstration
    scan.finish(scan.start(), timeout=1200)
    check_oracle(scan, expected, lambda: queue(scan), [])
    assert len(scan.lines()) == 16, "eight points, twice each"
    assert all(line.cause == "done" and not line.job.startswith("pid ") for line in scan.lines())
