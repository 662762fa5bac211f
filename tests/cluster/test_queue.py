import fcntl
import json
import socket
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from jetloom.cluster.recovery.queue import by_directory, markers, open_attempts, process_of, survey
from jetloom.cluster.schedulers import scheduler as scheduler_module
from jetloom.cluster.schedulers.condor import Condor
from jetloom.cluster.schedulers.scheduler import QueuedJob, SilentSchedulerError
from jetloom.cluster.schedulers.slurm import Slurm
from jetloom.config.load import load_merged
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.ledger import Attempt
from jetloom.scan.bundles.membership import bundles, scan_trainings
from stored_files import write_result
from tiny_analysis import analysis, config

RESULTS = "results/tiny"
SCAN = f"{RESULTS}/scans/flavour"
SCANNED = analysis(scan={"units": list(range(1, 9))})
POINTS = [point for point, _ in scan_trainings(SCANNED, "flavour")]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working directory, and commands on the PATH that print what a test says."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setattr(scheduler_module, "PATIENCE", 5.0)
    monkeypatch.setattr(scheduler_module.call, "__defaults__", (3, 0.0, ""))
    return tmp_path


def command(name: str, answer: str, code: int = 0) -> None:
    path = Path("bin") / name
    path.write_text(f"#!/bin/sh\necho {name} >> calls\ncat <<'END'\n{answer}\nEND\nexit {code}\n")
    path.chmod(0o755)


def mark(output: str, job: str | None) -> None:
    """Leave a marker as Snakemake does (persistence/file.py)."""
    name = urlsafe_b64encode(output.encode()).decode()
    pieces = [name[i : i + 254] for i in range(0, len(name), 254)]
    path = Path(".snakemake/incomplete").joinpath(*[f"@{piece}" for piece in pieces[:-1]], pieces[-1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"external_jobid": job}))


def manifest(point: str) -> str:
    return f"{SCAN}/bundles/{point}-r0.json"


def begin(point: str, job: str, host: str = "node1") -> Path:
    directory = Path(SCAN) / point / "r0"
    directory.mkdir(parents=True, exist_ok=True)
    ledger.begin(directory, Attempt(1, job=job, host=host, started=ledger.now()))
    return directory


def test_markers_are_those_that_snakemake_leaves(place):
    from snakemake.persistence.file import FilePersistence

    books = object.__new__(FilePersistence)
    books._max_len, books._incomplete_cache = None, None
    books._incomplete_path = str(place / ".snakemake/incomplete")
    long = "results/" + "/".join(["a_rather_long_name"] * 30) + "/result.json"
    Path(books._incomplete_path).mkdir(parents=True)
    for output, job in (("results/short", "12"), (long, "13_4"), ("results/local", None)):
        books._mark_incomplete(output, job)
    (place / ".snakemake/incomplete/torn").write_text("{")
    (place / ".snakemake/incomplete/bm90IGpzb24=").write_text('{"external')
    assert markers() == {"results/short": "12", long: "13_4", "results/local": ""}


def test_no_markers(place):
    assert markers() == {}


def test_slurm_says_which_jobs_live(place):
    command("squeue", "11|RUNNING|None|node1\n12|PENDING|Priority|\n14_2|RUNNING|None|node2\n99|RUNNING|None|node3")
    mark(manifest(POINTS[1]), "11")
    mark(manifest(POINTS[2]), "12")
    mark(manifest(POINTS[3]), "13")  # gone
    mark(manifest(POINTS[4]), "14_2")  # in an array
    mark(manifest("p000000000000"), "12")  # not of this scan any more
    mark(f"{RESULTS}/hdf5/dijet/dijet0.h5", "12")
    mark("results/other/hdf5/dijet/dijet0.h5", "99")  # of another analysis
    begin(POINTS[6], "99")  # its marker was lost
    begin(POINTS[7], "pid 1")
    found = survey(SCANNED, Slurm())
    states = {output.split("/")[-3]: (job.job, job.running, job.host) for output, job in found.trainings.items()}
    assert states == {
        POINTS[1]: ("11", True, "node1"),
        POINTS[2]: ("12", False, ""),
        POINTS[4]: ("14_2", True, "node2"),
        POINTS[6]: ("99", True, "node3"),
    }
    assert list(found.others) == [f"{RESULTS}/hdf5/dijet/dijet0.h5"]
    assert set(found.jobs()) == {"11", "12", "14_2", "99"}
    assert found.stuck() == {}
    assert by_directory(found)[Path(SCAN) / POINTS[2] / "r0"].reason == "Priority"
    assert Path("calls").read_text().split() == ["squeue"], "one question"


def test_trainings_of_a_bundle_are_told_apart(place):
    packed = load_merged(config(scan={"units": [1, 2, 3, 4]}) | {"cluster": {"points_per_job": 2}})
    found = bundles(scan_trainings(packed, "flavour"), 2)
    name, (first, second, *_) = next((name, every) for name, every in found.items() if len(every) > 1)
    command("squeue", "11|RUNNING|None|node1")
    mark(f"{SCAN}/bundles/{name}.json", "11")
    begin(first.point, "11")
    alive = survey(packed, Slurm())
    states = {output.split("/")[-3]: (job.running, job.reason) for output, job in alive.trainings.items()}
    assert states.pop(first.point) == (True, "")
    assert states.pop(second.point) == (False, "its bundle runs")
    assert set(states.values()) <= {(False, "its bundle runs")}
    assert list(alive.bundles) == [f"{SCAN}/bundles/{name}.json"]
    write_result(Path(SCAN) / second.point / "r0")
    assert f"{SCAN}/{second.point}/r0/result.json" not in survey(packed, Slurm()).trainings, "it is done"


def test_jobs_that_would_wait_for_ever(place):
    command("squeue", "11|PENDING|JobHeldUser|\n12|PENDING|Resources|\n13|PENDING|DependencyNeverSatisfied|")
    for index, job in enumerate(("11", "12", "13")):
        mark(manifest(POINTS[index]), job)
    assert set(survey(SCANNED, Slurm()).stuck()) == {"11", "13"}


def test_condor_says_which_jobs_live(place):
    jobs = [
        {"ClusterId": 21, "JobStatus": 2, "RemoteHost": "slot1@node1"},
        {"ClusterId": 22, "JobStatus": 1},
        {"ClusterId": 23, "JobStatus": 5, "HoldReason": "memory usage exceeded"},
        {"ClusterId": 24, "JobStatus": 4},
    ]
    command("condor_q", json.dumps(jobs))
    for index, job in enumerate(jobs):
        mark(manifest(POINTS[index]), str(job["ClusterId"]))
    found = survey(SCANNED, Condor())
    assert {job.job: job.running for job in found.trainings.values()} == {"21": True, "22": False, "23": False}
    assert set(found.stuck()) == {"23"}


def test_a_silent_scheduler_is_no_answer(place):
    command("squeue", "cannot contact the controller", 1)
    mark(manifest(POINTS[0]), "11")
    with pytest.raises(SilentSchedulerError):
        survey(SCANNED, Slurm())


def test_without_a_scheduler_locks_tell(place):
    held, _ = begin("p1", "pid 77"), begin("p2", "pid 78")
    with (held / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = survey(analysis(), None)
    assert list(found.trainings) == [f"{SCAN}/p1/r0/result.json"]
    assert found.others == found.bundles == {}
    assert set(open_attempts(analysis())) == {Path(SCAN) / "p1/r0", Path(SCAN) / "p2/r0"}


FORKS = """
import os, time
if os.fork() == 0:
    open("forked", "w").write(str(os.getpid()))
time.sleep(60)
"""


def test_without_a_scheduler_the_job_of_a_bundle_is_told_by_its_process(place):
    verb = place / "bin" / "jetloom"
    verb.write_text(FORKS)
    words = [sys.executable, str(verb), "train_bundle", "--config"]
    given = ["--task", "flavour", "--bundle", f"{POINTS[0]}-r0", "--memory", "10"]
    of_us, of_others = f"{RESULTS}/config/a.json", "results/other/config/a.json"
    with subprocess.Popen([*words, of_us, *given]) as process, subprocess.Popen([*words, of_others, *given]) as other:
        while not Path("forked").is_file() or not Path("forked").read_text():
            time.sleep(0.05)
        try:
            found = survey(SCANNED, None)
        finally:
            subprocess.run(["pkill", "-P", f"{process.pid},{other.pid}"], check=False)
            process.kill()
            other.kill()
    assert {name: job.job for name, job in found.bundles.items()} == {manifest(POINTS[0]): f"pid {process.pid}"}
    assert list(found.trainings) == [f"{SCAN}/{POINTS[0]}/r0/result.json"]


def test_without_a_scheduler_processes_tell(place):
    verb = place / "bin" / "jetloom"
    verb.write_text("import time\ntime.sleep(60)\n")
    words = [sys.executable, str(verb), "hdf5", "--output", f"{RESULTS}/hdf5/dijet/dijet0.h5"]
    other = [sys.executable, str(verb), "hdf5", "--output", "results/another/hdf5/dijet/dijet0.h5"]
    processes = [subprocess.Popen(words), subprocess.Popen(other), subprocess.Popen(words, cwd="/")]
    try:
        time.sleep(0.3)
        found = survey(analysis(), None)
        assert [job.job for job in found.others.values()] == [f"pid {processes[0].pid}"]
        assert process_of(QueuedJob(f"pid {processes[0].pid}", True, "", socket.gethostname())) == processes[0].pid
        assert process_of(QueuedJob(f"pid {processes[0].pid}", True, "", "elsewhere")) is None
        assert process_of(QueuedJob("pid 1", True, "", socket.gethostname())) is None, "not jetloom's"
        assert process_of(QueuedJob("12", True, "", socket.gethostname())) is None
    finally:
        for process in processes:
            process.kill()
            process.wait()
