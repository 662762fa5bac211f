"""A scan on a real batch system, and what must be true of it after any fault.

The data are made once; each test trains the same small scan of two points, long enough to be disturbed. The oracle
compares its ``scan.csv`` with that of an undisturbed run on this machine.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import h5py
import pandas as pd
import yaml

from jetloom.cluster.submission.journal import Entry, Event, Journal, place
from jetloom.scan.attempts import ledger

T = TypeVar("T")

TASK = "quark_gluon"
EPOCHS = 30
SCAN_TARGET = f"results/fault/scans/{TASK}/scan.csv"
UNEQUAL = ("attempts", "wall_time_s", "peak_memory_mb", "host")
"""Columns of scan.csv that tell of the run, not of the result."""

CONFIG = {
    "analysis": "fault",
    "samples": {
        "dijet": {"simulate": {"process": "dijet", "events": 1500, "pt_hat_min": 60}, "cross_section": 1000.0},
        "ttbar": {"simulate": {"process": "ttbar", "events": 500}, "cross_section": 730.0},
    },
    "conversion": {"select": {"jets": ["pt > 25", "abs(eta) < 2.1"]}, "slots": {"constituents": 20}},
    "tasks": {
        TASK: {
            "labels": {
                "gluon": {"when": "PartonTruthLabelID == 21"},
                "quark": {"when": "PartonTruthLabelID in (1, 2, 3, 4, 5)"},
            },
            "inputs": ["log(pt)", "Width", "NumTrkPt500"],
            # Some ten seconds of training, so that there is time to disturb it.
            "parameters": {"epochs": EPOCHS, "batch_size": 16},
            "training": {"early_stopping": None, "reduce_learning_rate": None, "checkpoint_steps": 20},
            "scan": {"units": [4, 8]},
        }
    },
    "cluster": {
        "stages": {"train": {"memory": 1200, "minutes": 10}},
        "margin": 20,
        "pause": 2,
    },
}


@dataclass(frozen=True)
class Cluster:
    """A batch system, and how its user calls things there."""

    profile: str
    prefix: list[str]
    """What comes before each command, to run it as the user."""
    checkout: Path
    bin: Path
    """Where ``snakemake`` and ``jetloom`` are."""
    options: list[str]
    """Options of Snakemake that make it look often: the tests have no time for the profile's gentle pace."""
    environment: dict[str, str] = field(default_factory=dict)
    user: str = ""
    """Whose the directories are; empty for the user of the tests."""

    def give(self, path: Path) -> None:
        """Return a path, and all below it, to the user."""
        if self.user:
            subprocess.run(["chown", "-R", f"{self.user}:", str(path)], check=True)

    def command(self, *words: str) -> list[str]:
        """Return a command as the user runs it."""
        path = f"PATH={self.bin}:{self.environment.get('PATH', '')}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        others = [f"{name}={value}" for name, value in self.environment.items() if name != "PATH"]
        # Whoever runs the tests in the background has Ctrl-C ignored, and hands that down to what the tests start.
        return [*self.prefix, "env", "--default-signal=INT", path, *others, *words]


@dataclass
class Scan:
    """A small scan in a directory of its own."""

    cluster: Cluster
    directory: Path
    drivers: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def results(self) -> Path:
        return self.directory / "results" / "fault"

    @property
    def config(self) -> Path:
        return self.directory / "config.yaml"

    def edit(self, change: Callable[[dict], None]) -> None:
        """Change the configuration."""
        content = yaml.safe_load(self.config.read_text())
        change(content)
        self.config.write_text(yaml.safe_dump(content))

    def snakemake(self, *options: str) -> list[str]:
        """Return the command line of a driver."""
        words = [
            "snakemake",
            "--snakefile",
            str(self.cluster.checkout / "Snakefile"),
            "--directory",
            str(self.directory),
        ]
        words += ["--configfile", str(self.config), "--profile", self.cluster.profile, *self.cluster.options]
        return self.cluster.command(*words, *options)

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start a driver for the scan; its output goes to driver.log, one after the other."""
        return self._drive(self.snakemake(*(options or (SCAN_TARGET,))))

    def resume(self, *options: str) -> subprocess.Popen[str]:
        """Start ``jetloom resume`` as a driver."""
        words = ["jetloom", "resume", "--profile", self.cluster.profile, "--config", str(self.config), *options]
        return self._drive(self.cluster.command(*words, "--", *self.cluster.options, SCAN_TARGET))

    def _drive(self, command: list[str]) -> subprocess.Popen[str]:
        with (self.directory / "driver.log").open("a") as log:
            driver = subprocess.Popen(
                command, cwd=self.directory, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                start_new_session=True,
            )  # fmt: skip
        self.drivers.append(driver)
        return driver

    def finish(self, driver: subprocess.Popen[str], timeout: float = 1200, code: int = 0) -> str:
        """Wait for a driver to end with a code; give all output so far."""
        try:
            ended = driver.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the driver did not end in {timeout} s:\n{self.output()[-6000:]}") from None
        assert ended == code, self.output()[-6000:]
        return self.output()

    def kill(self, driver: subprocess.Popen[str]) -> None:
        """Kill a driver and all that it started on this machine, as a reboot of the login node does."""
        os.killpg(driver.pid, signal.SIGKILL)
        driver.wait()

    def jetloom(self, *words: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a verb as the user."""
        return subprocess.run(
            self.cluster.command("jetloom", *words), cwd=self.directory, text=True, timeout=timeout, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def submit(self, *options: str) -> None:
        """Let the driver be a job."""
        words = ["--profile", self.cluster.profile, "--config", str(self.config), *options]
        done = self.jetloom("submit", *words, "--", *self.cluster.options, SCAN_TARGET)
        assert done.returncode == 0, done.stdout

    def drivers_said(self) -> list[Entry]:
        """Return what became of the driver that is a job."""
        return Journal(self.directory / place("fault")).read()

    def wait_for_driver(self, event: Event, number: int = 1) -> Entry:
        """Wait until so many lines of an event are there; give the last one."""

        def look() -> list[Entry]:
            return found if len(found := [one for one in self.drivers_said() if one.event == event]) >= number else []

        return wait_for(look, 300, what=f"{number} times '{event}'")[-1]

    def output(self) -> str:
        """Return what the drivers said."""
        return (self.directory / "driver.log").read_text(errors="replace")

    def trainings(self) -> list[Path]:
        """Return the directories of the trainings that have begun."""
        return sorted(path for path in (self.results / "scans" / TASK).glob("p*/r*") if path.is_dir())

    def running(self) -> dict[Path, ledger.Attempt]:
        """Return the attempts that run now."""
        found = {path: ledger.read_open(path) for path in self.trainings()}
        return {path: entry.attempt for path, entry in found.items() if entry is not None and not entry.signal}

    def in_the_middle(self, epoch: int = 3) -> dict[Path, ledger.Attempt]:
        """Return the attempts that have trained some epochs, and left a checkpoint."""
        found = {}
        for path, attempt in self.running().items():
            log = self.results / "logs" / "train" / TASK / path.parent.name / f"{path.name}.log"
            if log.is_file() and epochs_told(log.read_text()) >= epoch and (path / "checkpoint.npz").is_file():
                found[path] = attempt
        return found

    def causes(self) -> dict[str, list[str]]:
        """Return the causes in the ledger of each training, by point."""
        return {
            path.parent.name: [line.cause for line in ledger.read(path / ledger.LEDGER)] for path in self.trainings()
        }

    def lines(self) -> list[ledger.Attempt]:
        """Return all lines of all ledgers."""
        return [line for path in self.trainings() for line in ledger.read(path / ledger.LEDGER)]


def epochs_told(log: str) -> int:
    """Return the epochs that a training has told of; the one under way, of which it tells the steps, does not count."""
    return max((int(number) for number in re.findall(r"^epoch (\d+)/", log, re.MULTILINE)), default=0)


def check_little_lost(scan: Scan, stands: tuple[int, int], epochs: int) -> None:
    """Check that a checkpoint stands, by epochs and steps of the next, at most an interval before so many epochs."""
    with h5py.File(scan.results / "datasets" / TASK / "parts" / "train.h5") as file:
        steps = -(-len(file["jets"]) // CONFIG["tasks"][TASK]["parameters"]["batch_size"])
    interval = CONFIG["tasks"][TASK]["training"]["checkpoint_steps"]
    assert stands[0] * steps + stands[1] >= epochs * steps - interval, (stands, epochs, steps)


def trainer(training: Path) -> int | None:
    """Return the process that trains: who holds the lock of the training's directory; None if nobody does."""
    try:
        inode = (training / ".lock").stat().st_ino
    except FileNotFoundError:
        return None
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if "FLOCK" in words and "WRITE" in words and "->" not in words and words[5].rpartition(":")[2] == str(inode):
            return int(words[4])
    return None


def killed(scan: Scan) -> None:
    """Kill all processes of a driver that is a job, as a machine that goes down does."""
    found = json.loads((scan.directory / ".snakemake" / "jetloom_fault.lock").read_text())["pid"]
    parent = int(Path(f"/proc/{found}/stat").read_text().rpartition(")")[2].split()[1])
    names = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in (parent, found)}
    for pid, words in names.items():
        if b"--here" in words or b"snakemake" in words:
            os.kill(pid, signal.SIGKILL)


@contextmanager
def small_disk(scan: Scan) -> Iterator[Callable[[], None]]:
    """Put the trainings on a disk that is full at once; give what makes room on it."""
    place = scan.results / "scans"
    place.mkdir()

    def make_room() -> None:
        subprocess.run(["mount", "-o", "remount,size=100m", str(place)], check=True)

    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=120k", "tmpfs", str(place)], check=True)
    try:
        scan.cluster.give(place)
        yield make_room
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def wait_for(look: Callable[[], T], timeout: float = 600, every: float = 0.2, what: str = "it") -> T:
    """Look again and again until there is something to see; give it."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(every)
    raise AssertionError(f"{what} did not come in {timeout} s")


def table(path: Path) -> pd.DataFrame:
    """Read a scan.csv without what tells of the run."""
    read = pd.read_csv(path, dtype={"point": str})
    return read.drop(columns=list(UNEQUAL))


def check_oracle(scan: Scan, undisturbed: Path, queue: Callable[[], Iterable[str]], causes: Iterable[str]) -> None:
    """Hold a finished scan against the undisturbed one.

    Parameters
    ----------
    scan : Scan
        After its driver ended well.
    undisturbed : Path
        The scan.csv of an undisturbed run.
    queue : callable
        Returns the jobs that the batch system still has.
    causes : iterable of str
        The causes of failed attempts, in all ledgers together, in any order.
    """
    pd.testing.assert_frame_equal(table(scan.directory / SCAN_TARGET), table(undisturbed), check_exact=True)
    for point, found in scan.causes().items():
        assert found.count("done") == 1, f"{point} was trained to its end {found.count('done')} times: {found}"
    failed = sorted(cause for found in scan.causes().values() for cause in found if cause != "done")
    assert failed == sorted(causes), scan.lines()
    assert list(scan.results.rglob("*.part*")) == []
    for path in scan.results.rglob("*.json"):
        json.loads(path.read_text())
    assert not list(scan.results.rglob(ledger.OPEN)), "an attempt is still open"
    wait_for(lambda: not list(queue()), 120, what=f"an empty queue (left: {list(queue())})")


def demonstration(cluster: Cluster) -> dict:
    """The configuration of the demonstration, as it is; its name is that of the others here, for their paths."""
    content = yaml.safe_load((cluster.checkout / "config" / "config.yaml").read_text())
    return content | {"analysis": CONFIG["analysis"]}


def prepare(cluster: Cluster, directory: Path, config: dict = CONFIG) -> Path:
    """Make the data, and an undisturbed scan, on this machine; give its directory."""
    directory.mkdir(parents=True)
    (directory / "config.yaml").write_text(yaml.safe_dump(config))
    cluster.give(directory)
    scan = Scan(cluster, directory)
    local = [word if word != cluster.profile else "local" for word in scan.snakemake()]
    local = [word for word in local if word not in cluster.options]
    done = subprocess.run(
        [*local, "--cores", "2", SCAN_TARGET], cwd=directory, text=True, stdin=subprocess.DEVNULL, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=2400,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
    return directory


def fresh(cluster: Cluster, prepared: Path, directory: Path) -> Scan:
    """Return a scan with data and no training, that can be disturbed."""
    shutil.copytree(prepared, directory, symlinks=True)
    shutil.rmtree(directory / "results" / "fault" / "scans")
    for stage in ("logs", "benchmarks"):
        shutil.rmtree(directory / "results" / "fault" / stage / "train", ignore_errors=True)
    cluster.give(directory)
    return Scan(cluster, directory)
