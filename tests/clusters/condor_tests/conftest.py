"""A real HTCondor of one node, its user, and data that the user has made; for each test a fresh scan."""

from __future__ import annotations

import fcntl
import os
import pwd
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

import condor  # noqa: E402
import harness  # noqa: E402
from condor_scans import CLUSTERS, POOL, adverts, processes, queue, recipe, tool  # noqa: E402
from harness import Cluster, Scan, wait_for  # noqa: E402

CPUS = 8


def pytest_configure(config) -> None:
    """Name the marks."""
    config.addinivalue_line("markers", "alone: takes a daemon away; no other test may run meanwhile")


def pytest_collection_modifyitems(items) -> None:
    """Put those that run alone last: until then no worker of pytest waits for another."""
    items.sort(key=lambda item: item.get_closest_marker("alone") is not None)


@pytest.fixture(scope="session")
def began(tmp_path_factory, request) -> Path:
    """A folder of this run of pytest, one for all of its workers."""
    found = tmp_path_factory.getbasetemp()
    return found.parent if hasattr(request.config, "workerinput") else found


@pytest.fixture(scope="session")
def base(began) -> Path:
    """A folder that the user may pass through; empty when the tests begin, and one for all workers of pytest."""
    base = Path(pwd.getpwnam(condor.USER).pw_dir) / "scans"
    with (began / "base.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (began / "base.made").exists():
            shutil.rmtree(base, ignore_errors=True)
            base.mkdir(mode=0o755)
            (began / "base.made").touch()
    return base


@pytest.fixture(scope="session")
def cluster(began) -> Cluster:
    """The pool, installed if it was not, and the user whose jobs it takes.

    It is a new one for each run: a run that was broken off leaves jobs, and one started by hand may be of another size.
    """
    with Path("/var/lock/jetloom-condor-tests").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (began / "pool.made").exists():
            recipe("wipe")
            (began / "pool.made").touch()
        recipe("start", "--cpus", str(CPUS))
        recipe("environment", "--checkout", str(CLUSTERS.parents[1]))
    home = Path(pwd.getpwnam(condor.USER).pw_dir)
    return Cluster(
        profile="condor",
        prefix=["setpriv", "--reuid", condor.USER, "--regid", condor.USER, "--init-groups"],
        checkout=home / "checkout",
        bin=home / "checkout" / ".venv" / "bin",
        options=["--seconds-between-status-checks", "2", "--latency-wait", "10"],
        environment={"HOME": str(home), "CONDOR_CONFIG": str(POOL.config), "PATH": str(POOL.tools)},
        user=condor.USER,
    )


@pytest.fixture(scope="session")
def prepared(cluster, base) -> Path:
    """The data, and an undisturbed scan made on this machine without HTCondor."""
    directory = base / "prepared"
    with (base / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / harness.SCAN_TARGET).is_file():
            harness.prepare(cluster, directory)
    return directory


@pytest.fixture(scope="session")
def undisturbed(prepared) -> Path:
    """The scan.csv that each disturbed scan must end with."""
    return prepared / harness.SCAN_TARGET


@contextmanager
def guarded(cluster: Cluster, prepared: Path, directory: Path, alone: bool) -> Iterator[Scan]:
    """A scan with data and no training; afterwards no driver lives and no job of it is in the queue."""
    with (directory.parent / "pool.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        scan = harness.fresh(cluster, prepared, directory)
        try:
            yield scan
        finally:
            for driver in scan.drivers:
                if driver.poll() is None:
                    scan.kill(driver)
            if alone:
                recipe("start-schedd")
            if left := adverts(scan):
                tool("condor_rm", *left)
                for pid in processes(scan):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                wait_for(lambda: not queue(scan), 120, what="an empty queue")


@pytest.fixture
def scan(cluster, prepared, base, request) -> Iterator[Scan]:
    """The small scan, to be disturbed. A test that takes the schedd away has the pool for itself."""
    alone = request.node.get_closest_marker("alone") is not None
    with guarded(cluster, prepared, base / re.sub(r"[\W_]+", " ", request.node.name), alone) as scan:
        yield scan


@pytest.fixture
def demonstration(cluster, base) -> Iterator[tuple[Scan, Path]]:
    """The scan of the demonstration, and its scan.csv as made on this machine without HTCondor."""
    here = harness.prepare(cluster, base / "demonstration_here", harness.demonstration(cluster))
    with guarded(cluster, here, base / "demonstration_there", alone=False) as scan:
        yield scan, here / harness.SCAN_TARGET


@pytest.fixture
def oracle(undisturbed) -> Callable[..., None]:
    """The oracle of the harness, for this pool."""

    def check(scan: Scan, causes: Iterable[str] = ()) -> None:
        harness.check_oracle(scan, undisturbed, lambda: queue(scan), causes)

    return check
