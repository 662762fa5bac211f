import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from test_queue import RESULTS, SCAN, begin, mark

from jetloom.cluster.driving import driver_lock
from jetloom.cluster.profiles.profile import CHECKOUT, executor_of, read_profile
from jetloom.cluster.recovery import child, leftovers
from jetloom.cluster.recovery.request import Request
from jetloom.cluster.recovery.resume import Resume, resume
from jetloom.cluster.schedulers.scheduler import Facts, QueuedJob, SilentSchedulerError
from jetloom.errors import BusyError, ConfigurationError, MissingFileError
from jetloom.io.lock import exclusive
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.ledger import Attempt, Cause
from jetloom.scan.points.space import points
from stored_files import write_result
from tiny_analysis import analysis

SCANNED = analysis(scan={"units": [1, 2, 3]})
POINTS = [point.name for point in points(SCANNED.tasks["flavour"])]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("jetloom.cluster.recovery.resume.AT_LEAST", 0.01)
    monkeypatch.setattr(driver_lock, "_held", {})
    return tmp_path


class Queue:
    """A scheduler with some jobs, which end one look after the other."""

    name = "fake"

    def __init__(self, jobs, looks=2, silent_at=()):
        self.jobs, self.looks, self.silent_at = dict(jobs), looks, silent_at
        self.asked, self.removed = 0, []

    def alive(self, jobs):
        self.asked += 1
        if self.asked in self.silent_at:
            raise SilentSchedulerError("no answer in 20 s", where="squeue")
        if self.asked > self.looks:
            self.jobs.clear()
        return {name: job for name, job in self.jobs.items() if name in set(jobs)}

    def hopeless(self, jobs):
        return {name: "no slot is so large" for name in jobs if name == "hopeless"}

    def facts(self, job):
        return Facts(Cause.NODE_LOST, "Slurm: NODE_FAIL", 700.0, "node1")

    def remove(self, jobs):
        self.removed += list(jobs)
        for job in self.removed:
            self.jobs.pop(job, None)


class Calls(list):
    """Takes Snakemake's place, and writes down how it is called and who drives then."""

    def __init__(self, code=0):
        self.code = code

    def __call__(self, command, lock):
        self.append(command)
        assert driver_lock.find_holder("tiny").what == "jetloom resume"
        return self.code


def go_on(queue, calls=None, **options):
    calls = Calls() if calls is None else calls
    request = Request(("slurm",), Path("a.yaml"), snakefile=Path("S"), **options)
    return Resume(SCANNED, request, queue, 0.01, calls).go_on(), calls


def job(name, running=True, reason="", host="node1"):
    return {name: QueuedJob(name, running, reason, host)}


def result(point):
    return f"{SCAN}/{point}/r0/result.json"


def manifest(point):
    return f"{SCAN}/bundles/{point}-r0.json"


WHOLE = ["--snakefile", "S", "--configfile", "a.yaml", "--profile", "slurm"]


def test_nothing_runs_one_pass():
    code, calls = go_on(Queue({}), words=("--cores", "2"))
    assert code == 0
    assert calls == [[*WHOLE, "--cores", "2"]]
    assert driver_lock.find_holder("tiny") is None


def test_trainings_that_run_are_kept_and_the_others_done_meanwhile(caplog):
    mark(manifest(POINTS[0]), "11")
    mark(manifest(POINTS[1]), "12")
    queue = Queue({**job("11"), **job("12", False, "Priority", "")}, looks=5)
    with caplog.at_level("INFO"):
        code, calls = go_on(queue)
    omitted = sorted([manifest(POINTS[0]), manifest(POINTS[1])])
    assert code == 0
    assert calls == [["--snakefile", "S", "--omit-from", *omitted, *WHOLE[2:]], WHOLE]
    assert queue.removed == []
    assert "trainings alive: 2 (1 running, 1 in the queue)" in caplog.messages
    assert "waiting for 2 trainings that go on to end" in caplog.messages


def test_no_first_pass_where_only_the_running_ones_are_left():
    for point in POINTS[1:]:
        begin(point, "9")
        Path(result(point)).write_text("{}")
        (Path(result(point)).parent / ledger.OPEN).unlink()
    mark(manifest(POINTS[0]), "11")
    assert go_on(Queue(job("11")))[1] == [WHOLE]


def test_a_first_pass_that_fails_ends_it():
    mark(manifest(POINTS[0]), "11")
    code, calls = go_on(Queue(job("11")), Calls(code=7))
    assert code == 7
    assert len(calls) == 1


def test_other_jobs_are_waited_for_first_even_by_a_scheduler_that_is_silent_for_a_while(caplog):
    mark(f"{RESULTS}/hdf5/dijet/dijet0.h5", "11")
    queue = Queue(job("11"), looks=5, silent_at=(2, 3))
    with caplog.at_level("INFO"):
        _, calls = go_on(queue)
    assert calls == [WHOLE]
    assert queue.asked >= 5
    assert caplog.text.count("the queue does not answer") == 1


def test_a_scheduler_that_is_silent_from_the_start_is_an_error():
    mark(manifest(POINTS[0]), "11")
    with pytest.raises(SilentSchedulerError):
        go_on(Queue({}, silent_at=(1,)))
    assert driver_lock.find_holder("tiny") is None


def test_stop_cancels_and_goes_on_at_once():
    mark(manifest(POINTS[0]), "11")
    mark(f"{RESULTS}/hdf5/dijet/dijet0.h5", "12")
    queue = Queue({**job("11"), **job("12")}, looks=100)
    assert go_on(queue, running="stop")[1] == [WHOLE]
    assert sorted(queue.removed) == ["11", "12"]


def test_wait_waits_for_all():
    mark(manifest(POINTS[0]), "11")
    queue = Queue(job("11"), looks=4)
    assert go_on(queue, running="wait")[1] == [WHOLE]
    assert queue.asked > 4
    assert queue.removed == []


def test_a_held_job_is_taken_out_of_the_queue(caplog):
    mark(manifest(POINTS[0]), "11")
    queue = Queue(job("11", False, "held: by user"), looks=100)
    with caplog.at_level("INFO"):
        assert go_on(queue)[1] == [WHOLE]
    assert queue.removed == ["11"]
    assert "job 11 is taken out of the queue, it would not run: held: by user" in caplog.messages


def test_what_is_stale_is_cleaned():
    locks = Path(".snakemake/locks")
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text(f"{RESULTS}/hdf5/dijet/dijet0.h5\n")
    (locks / "1.output.lock").write_text("results/tiny_too/hdf5/dijet/dijet0.h5\n")
    gone, live = begin(POINTS[0], "11"), begin(POINTS[1], "12")
    here = socket.gethostname()
    dead = [gone / f".result.{here}-99999999.part.json", Path(RESULTS) / "hdf5" / f".a.{here}-99999999.part.h5"]
    alive = [live / f".result.{here}-99999999.part.json", Path(RESULTS) / "hdf5" / f".b.{here}-{os.getpid()}.part.h5"]
    for path in [*dead, *alive]:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    elsewhere, old = (Path(RESULTS) / "hdf5" / f".{name}.node-1.site-12.part.h5" for name in "cd")
    elsewhere.touch()
    old.touch()
    os.utime(old, (1, 1))
    go_on(Queue(job("12"), looks=100), Calls(code=3))
    assert sorted(path.name for path in locks.iterdir()) == ["1.output.lock"]
    assert not any(path.exists() for path in [*dead, old])
    assert all(path.exists() for path in [*alive, elsewhere])
    assert [(line.cause, line.memory_used_mb) for line in ledger.read(gone / ledger.LEDGER)] == [("node lost", 700.0)]
    assert ledger.read_open(gone) is None
    assert ledger.read_open(live) is not None


def test_a_dry_run_changes_nothing(caplog):
    locks = Path(".snakemake/locks")
    locks.mkdir(parents=True)
    (locks / "0.output.lock").write_text(f"{RESULTS}/hdf5/dijet/dijet0.h5\n")
    begin(POINTS[0], "11")
    begin(POINTS[1], "12")
    begin(POINTS[2], "13")
    queue = Queue({**job("12"), **job("13", False, "JobHeldUser")}, looks=100)
    before = sorted((path, path.stat().st_mtime) for path in Path().rglob("*"))
    for running in ("keep", "stop", "wait"):
        with caplog.at_level("INFO"):
            assert go_on(queue, dry=True, running=running) == (0, [])
    assert sorted((path, path.stat().st_mtime) for path in Path().rglob("*")) == before
    assert queue.removed == []
    assert "snakemake " + " ".join(WHOLE) in caplog.messages


def test_failed_trainings_are_named_and_on_demand_tried_again(caplog):
    for point, status in zip(POINTS, ("failed", "trained", "failed"), strict=True):
        write_result(Path(result(point)).parent, status=status)
    with caplog.at_level("INFO"):
        go_on(Queue({}))
    assert "trainings that failed for good, rows without a model: 2; --failed tries again" in caplog.messages
    assert Path(result(POINTS[0])).exists()
    go_on(Queue({}), failed=True)
    assert [Path(result(point)).exists() for point in POINTS] == [False, True, False]


def test_without_a_scheduler_a_training_is_stopped_by_its_process():
    directory = Path(SCAN) / POINTS[0] / "r0"
    script = Path("bin/jetloom")
    script.parent.mkdir()
    script.write_text(
        "import sys, time, os\nfrom pathlib import Path\nfrom jetloom.io.lock import exclusive\n"
        "from jetloom.scan.attempts import ledger\nd = Path(sys.argv[2])\n"
        "with exclusive(d, 'trains'):\n"
        f"    ledger.begin(d, ledger.Attempt(1, job=f'pid {{os.getpid()}}', host={socket.gethostname()!r},"
        " started=ledger.now()))\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, str(script), "train", str(directory)]) as process:
        while ledger.read_open(directory) is None:
            assert process.poll() is None
            time.sleep(0.05)
        reaper = __import__("threading").Thread(target=process.wait)
        reaper.start()
        _, calls = go_on(None, running="stop")
        reaper.join()
    assert process.returncode == -signal.SIGTERM
    assert calls == [WHOLE]
    assert [line.cause for line in ledger.read(directory / ledger.LEDGER)] == ["bug"]


def test_an_attempt_before_the_last_start_of_the_machine_was_lost_with_it():
    directory = begin(POINTS[0], "pid 12", socket.gethostname())
    found = ledger.read_open(directory)
    assert not leftovers.restarted_since(found.attempt)
    ledger.begin(directory, Attempt(1, job="pid 12", host=socket.gethostname(), started="2001-01-01T00:00:00+00:00"))
    assert leftovers.settle(directory, ledger.read_open(directory), None).cause == "node lost"


def test_an_attempt_of_who_works_is_not_closed():
    directory = begin(POINTS[0], "pid 12")
    with exclusive(directory, "trains"):
        assert leftovers.settle(directory, ledger.read_open(directory), None) is None
    assert ledger.read_open(directory) is not None


HOLD = """
import sys, time
from jetloom.cluster.driving import driver_lock
driver_lock.hold("tiny")
print("held", flush=True)
time.sleep(60)
"""


def test_a_driver_that_lives_is_named_and_a_killed_one_forgotten():
    with subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=f"snakemake on {socket.gethostname()} .pid {other.pid}. since 20"):
            go_on(Queue({}))
        with pytest.raises(BusyError, match=f"pid {other.pid}"):
            driver_lock.hold("tiny")
        driver_lock.hold("another")  # another analysis in the same directory
        other.kill()
        other.wait()
    assert driver_lock.find_holder("tiny") is None
    assert go_on(Queue({}))[0] == 0


def test_the_lock_is_handed_on_to_snakemake():
    code = f"import os\nos.environ.get('{driver_lock.INHERITED}') or exit(9)\n{HOLD}".replace("sleep(60)", "sleep(0.5)")
    Path("snakemake.py").write_text(code)
    with driver_lock.held("tiny", "jetloom resume"):
        import threading

        seen = []
        watcher = threading.Timer(0.0, lambda: seen.extend(_watch(8.0)))
        watcher.start()
        os.environ["PYTHONPATH"], before = str(Path.cwd()), os.environ.get("PYTHONPATH")
        try:
            assert child.snakemake([], driver_lock.descriptor("tiny")) == 0
        finally:
            os.environ.pop("PYTHONPATH")
            if before:
                os.environ["PYTHONPATH"] = before
        watcher.join()
    assert None not in seen
    assert seen[:2] == ["jetloom resume", "snakemake"]


def _watch(seconds):
    seen, end = [], time.monotonic() + seconds
    while time.monotonic() < end and len(seen) < 2:
        holder = driver_lock.find_holder("tiny")
        what = holder.what if holder else None
        if what not in [*seen, "a driver"]:
            seen.append(what)
        time.sleep(0.01)
    return seen


SENT = """
import os, signal, sys, threading, time
from jetloom.cluster.recovery.child import snakemake
def send():
    while not os.path.exists("ready"):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=send, daemon=True).start()
sys.exit(snakemake([]))
"""


@pytest.mark.parametrize(
    ("ends", "code"), [("sys.exit(4)", 4), ("os.kill(os.getpid(), 9)", 137), ("time.sleep(300)", 77)]
)
def test_exit_codes_and_signals(ends, code):
    ready = "open('ready', 'w').close()\n" if code == 77 else ""
    Path("snakemake.py").write_text(
        f"import os, signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(77))\n{ready}{ends}"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, "-c", SENT], env=environment, timeout=250, check=False)
    assert done.returncode == code


def test_profiles_are_merged_as_snakemake_merges_them(place, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place / "home"))
    for name, text in {
        "home/snakemake/one/config.yaml": "executor: slurm\njobs: 5\nkeep-going: false\n",
        "two/profile.yaml": "jobs: 6\n",
        "two/profile.v9+.yaml": "jobs: 7\n",
        "two/profile.v99+.yaml": "jobs: 8\n",
        "three.yaml": "__use_yte__: true\njobs: ?3 + 6\n",
        "flow/profiles/default/config.yaml": "keep-going: true\n",
        "home/snakemake/empty/other.yaml": "",
    }.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    flow = place / "flow" / "Snakefile"
    assert read_profile(["one"], flow) == {"executor": "slurm", "jobs": 5, "keep-going": True}
    assert read_profile(["one", "two"], flow)["jobs"] == 7
    assert read_profile(["one", "./two", "three.yaml"], flow)["jobs"] == 9
    assert executor_of(read_profile(["one"], flow)) == "slurm"
    assert executor_of(read_profile(["two"], flow)) == "local"
    with pytest.raises(MissingFileError, match="there is no such profile; did you mean 'one'"):
        read_profile(["ones"])
    with pytest.raises(MissingFileError, match="no such profile"):
        read_profile(["empty"])


def test_options_of_snakemake_that_make_no_sense_are_refused():
    request = Request((str(CHECKOUT / "profiles/local"),), Path("a.yaml"), words=("--directory", "elsewhere"))
    with pytest.raises(ConfigurationError, match="--directory"):
        resume(SCANNED, request)
    with pytest.raises(ConfigurationError, match="no such file"):
        resume(SCANNED, Request(("local",), Path("a.yaml"), snakefile=Path("none")))


SMALL = {
    "analysis": "small",
    "samples": {"dijet": {"simulate": {"process": "dijet", "events": 300, "pt_hat_min": 60}, "cross_section": 1.0}},
    "conversion": {"route": "direct", "select": {"jets": ["pt > 25"]}, "slots": {"constituents": 20}},
    "tasks": {
        "qg": {
            "labels": {
                "gluon": {"when": "PartonTruthLabelID == 21"},
                "quark": {"when": "PartonTruthLabelID in (1, 2, 3, 4, 5)"},
            },
            "inputs": ["log(pt)", "Width"],
            "parameters": {"epochs": 25, "batch_size": 16, "units": 4},
            "training": {"early_stopping": None, "reduce_learning_rate": None, "checkpoint_steps": 10},
        }
    },
}


@pytest.mark.workflow
def test_a_driver_killed_twice_on_this_machine(place):
    """The whole thing, for real: the driver with its jobs is killed in the middle of a training, twice."""
    Path("a.yaml").write_text(yaml.safe_dump(SMALL))
    table, scan = "results/small/scans/qg/scan.csv", Path("results/small/scans/qg")
    path = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    jetloom = [sys.executable, "-m", "jetloom.cli.main", "resume", "--config", "a.yaml"]
    jetloom += ["--profile", str(CHECKOUT / "profiles" / "local"), "--", table, "--cores", "2"]
    snakemake = [sys.executable, "-m", "snakemake", table, "--snakefile", str(CHECKOUT / "Snakefile")]
    snakemake += ["--profile", str(CHECKOUT / "profiles" / "local"), "--configfile", "a.yaml", "--cores", "2"]

    def kill_after(command, epoch):
        with Path("log").open("a") as log, subprocess.Popen(
            command, env=path, stdout=log, stderr=log, start_new_session=True
        ) as driver:  # fmt: skip
            end = time.monotonic() + 300
            while time.monotonic() < end and driver.poll() is None:
                logs = list(Path("results/small/logs/train").rglob("r0.log"))
                if logs and f"\nepoch {epoch}/" in f"\n{logs[0].read_text()}" and list(scan.glob("*/*/checkpoint.npz")):
                    break
                time.sleep(0.02)
            os.killpg(driver.pid, signal.SIGKILL)

    kill_after(snakemake, 3)
    refused = subprocess.run(snakemake, env=path, capture_output=True, text=True, check=False)
    assert "small: Snakemake's lock is left from a driver that is gone; `jetloom resume" in refused.stderr
    kill_after(jetloom, 8)
    assert not Path(table).exists()
    done = subprocess.run(jetloom, env=path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "Snakemake's lock of a driver that is gone is removed" in done.stderr
    directory = next(scan.glob("p*/r0"))
    assert [line.cause for line in ledger.read(directory / ledger.LEDGER)] == ["bug", "bug", "done"]
    assert json.loads((directory / "result.json").read_text())["epochs"] == 25
    assert "epoch 25/25" in (Path("results/small/logs/train/qg") / directory.parent.name / "r0.log").read_text()
    assert not list(Path().rglob("*.part*"))
    again = subprocess.run([*snakemake, "-n"], env=path, capture_output=True, text=True, check=False)
    assert "Nothing to be done" in again.stdout + again.stderr
