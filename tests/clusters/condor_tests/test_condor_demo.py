"""The demonstration as it is, on HTCondor."""

from __future__ import annotations

from condor_scans import queue
from harness import SCAN_TARGET, check_oracle


def test_the_demonstration_has_the_scan_of_this_machine(demonstration):
    scan, expected = demonstration
    scan.finish(scan.start("--jobs", "4", "--", SCAN_TARGET), timeout=2400)
    check_oracle(scan, expected, lambda: queue(scan), [])
    assert len(scan.lines()) == 16, "eight points, twice each"
    assert all(line.cause == "done" and not line.job.startswith("pid ") for line in scan.lines())
