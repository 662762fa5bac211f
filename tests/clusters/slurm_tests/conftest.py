"""A real Slurm of one node, and data made once; for each test a fresh scan."""

from __future__ import annotations

import fcntl
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import harness
from harness import Cluster, Scan, wait_for
from slurm_tools import CLUSTERS, kill, node, processes, queue, recipe, tool

POLLING = ["--slurm-init-seconds-before-status-checks", "2", "--seconds-between-status-checks", "2"]


@pytest.fixture(scope="session")
def shared(tmp_path_factory, request) -> Path:
    """A folder for all workers of pytest."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if hasattr(request.config, "workerinput") else base


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """Slurm, installed and started if it was not; one that does not start fails all tests."""
    recipe("install")
    recipe("start")
    return Cluster("slurm", [], CLUSTERS.parents[1], Path(sys.executable).parent, [*POLLING, "--latency-wait", "10"])


@pytest.fixture(scope="session")
def prepared(cluster, shared) -> Path:
    """The data, and an undisturbed scan made on this machine without Slurm; once for all workers."""
    with (shared / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        directory = shared / "prepared"
        if not directory.exists():
            harness.prepare(cluster, directory)
    return directory


@pytest.fixture(scope="session")
def undisturbed(prepared) -> Path:
    """The scan.csv that each disturbed scan must end with."""
    return prepared / harness.SCAN_TARGET


@contextmanager
def guarded(cluster: Cluster, prepared: Path, directory: Path, shared: Path, alone: bool) -> Iterator[Scan]:
    """A scan with data and no training; afterwards no driver lives, the queue is empty and the node takes jobs."""
    with (shared / "daemons.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        scan = harness.fresh(cluster, prepared, directory)
        try:
            yield scan
        finally:
            for driver in scan.drivers:
                if driver.poll() is None:
                    scan.kill(driver)
            if alone:
                recipe("start")
                if not tool("sinfo", "-h", "-N", "-p", "main", "-o", "%T").startswith(("idle", "mixed", "allocated")):
                    tool("scontrol", "update", f"nodename={node()}", "state=resume")
            if left := queue(scan):
                tool("scancel", *left)
            kill(processes(scan))
            wait_for(lambda: not queue(scan), what="an empty queue")


@pytest.fixture
def scan(cluster, prepared, shared, tmp_path, request) -> Iterator[Scan]:
    """The small scan, to be disturbed.

    Tests with the mark ``alone`` disturb Slurm itself: they wait until no other test runs, and the others for them.
    """
    alone = request.node.get_closest_marker("alone") is not None
    directory = tmp_path / re.sub(r"[\W_]+", " ", request.node.name)
    with guarded(cluster, prepared, directory, shared, alone) as scan:
        yield scan


@pytest.fixture
def demonstration(cluster, shared, tmp_path) -> Iterator[tuple[Scan, Path]]:
    """The scan of the demonstration, and its scan.csv as made on this machine without Slurm."""
    here = harness.prepare(cluster, tmp_path / "here", harness.demonstration(cluster))
    with guarded(cluster, here, tmp_path / "there", shared, alone=False) as scan:
        yield scan, here / harness.SCAN_TARGET


@pytest.fixture
def oracle(undisturbed) -> Callable[..., None]:
    """The oracle of the harness, for this cluster."""

    def check(scan: Scan, causes: Iterable[str] = ()) -> None:
        harness.check_oracle(scan, undisturbed, lambda: queue(scan), causes)

    return check


def pytest_configure(config) -> None:
    """Name the marks."""
    config.addinivalue_line("markers", "alone: disturbs the daemons that the other tests need")


def pytest_collection_modifyitems(items) -> None:
    """Put those that run alone last: until then no worker of pytest waits for another."""
    items.sort(key=lambda item: item.get_closest_marker("alone") is not None)
