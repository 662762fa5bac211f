import fcntl
import json
import os
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from jetloom import paths
from jetloom.cli.main import main
from jetloom.cluster.schedulers.scheduler import QueuedJob
from jetloom.config.load import load_merged
from jetloom.io.lock import exclusive
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.ledger import Attempt, Cause
from jetloom.scan.points.space import points
from jetloom.scan.status import run_status, sample_status
from jetloom.scan.times import stage_times
from stored_files import write_result
from tiny_analysis import CONFIG, analysis, merged

ERROR = "jetloom train: error: a.h5: is bad\n"
NAMES = ["done", "diverged", "running", "interrupted", "failed", "waiting", "told to stop", "broken"]


@pytest.fixture
def scan(tmp_path, monkeypatch):
    """A scan with a point in each state."""
    monkeypatch.chdir(tmp_path)
    found = analysis(scan={"units": list(range(1, 1 + len(NAMES)))})
    root = tmp_path / "results" / "tiny"
    places = {}
    for name, point in zip(NAMES, points(found.tasks["flavour"]), strict=True):
        places[name] = (
            root / "scans" / "flavour" / point.name / "r0",
            root / "logs/train/flavour" / point.name / "r0.log",
        )
        for path in (places[name][0], places[name][1].parent):
            path.mkdir(parents=True)
    write_result(places["done"][0], metrics={"val_auc": 0.75})
    (places["done"][0] / ".lock").touch()
    write_result(places["diverged"][0], status="diverged", reason="loss is nan")
    (places["interrupted"][0] / "checkpoint.npz").touch()
    (places["told to stop"][0] / "checkpoint.npz").touch()
    places["told to stop"][1].write_text("jetloom train: interrupted: SIGTERM: stopped in epoch 3, step 1\n")
    (places["failed"][0] / "checkpoint.npz").touch()
    places["failed"][1].write_text("epoch 1/2\n" + ERROR)
    places["running"][1].write_text(ERROR + "epoch 1/2 loss 0.5\n")
    (places["broken"][0] / "result.json").write_text("{")
    with (places["running"][0] / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield found


def test_every_state_is_told_from_the_files(scan):
    found = {name: (run.state, run.detail) for name, run in zip(NAMES, run_status(scan, "flavour"), strict=True)}
    broken = found.pop("broken")
    assert found == {
        "done": ("done", "val_auc 0.7500"),
        "diverged": ("diverged", "loss is nan"),
        "running": ("running", "epoch 1/2 loss 0.5"),
        "interrupted": ("interrupted", ""),
        "failed": ("failed", ERROR.strip()),
        "waiting": ("waiting", ""),
        "told to stop": ("interrupted", "jetloom train: interrupted: SIGTERM: stopped in epoch 3, step 1"),
    }
    assert broken[0] == "damaged"
    assert "result.json: is not JSON" in broken[1]


def test_the_verb_prints_it(scan, tmp_path, capsys):
    for name in ("dijet0.root", "ttbar.root"):
        (tmp_path / name).touch()
    (tmp_path / "config.json").write_text(json.dumps(scan.model_dump(mode="json", by_alias=True)))
    assert main(["status", "--config", "config.json"]) == 3
    out, error = capsys.readouterr()
    assert "flavour: 8 trainings: 1 done, 1 diverged, 1 running, 2 interrupted, 1 failed, 1 waiting, 1 damaged" in out
    assert "result.json: is not JSON" in error
    assert out.count("\n    ") == 6


def test_what_a_training_warns_of_is_told(scan, tmp_path, capsys):
    for name in ("dijet0.root", "ttbar.root"):
        (tmp_path / name).touch()
    runs = list(run_status(scan, "flavour"))
    words = "made 7 updates in all"
    write_result(
        tmp_path / "results/tiny/scans/flavour" / runs[0].point / "r0", metrics={"val_auc": 0.5}, warnings=[words]
    )
    found = [run.warning for run in run_status(scan, "flavour")]
    assert found == [words, *[""] * (len(NAMES) - 1)]
    (tmp_path / "config.json").write_text(json.dumps(scan.model_dump(mode="json", by_alias=True)))
    main(["status", "--config", "config.json"])
    out = capsys.readouterr().out
    assert f"    1 of them warn (--all shows each): {runs[0].point}: {words}\n" in out
    main(["status", "--config", "config.json", "--all"])
    assert f"done         val_auc 0.5000; warning: {words}\n" in capsys.readouterr().out


def test_the_queue_tells_more(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = ["queued", "again", "starting", "row", "late", "lost", "stopped", "given up", "closing"]
    found = analysis(scan={"units": list(range(1, 1 + len(names)))})
    root = Path("results/tiny/scans/flavour")
    places = {name: root / point.name / "r0" for name, point in zip(names, points(found.tasks["flavour"]), strict=True)}
    memory = Attempt(1, "out of memory", job="1", detail="memory ran out")
    ledger.append(places["again"] / ledger.LEDGER, memory)
    ledger.append(places["late"] / ledger.LEDGER, Attempt(1, "cancelled", job="2", detail="Slurm: CANCELLED"))
    ledger.append(places["given up"] / ledger.LEDGER, memory)
    ledger.append(places["closing"] / ledger.LEDGER, Attempt(1, "done", job="15"))
    ledger.begin(places["lost"], Attempt(1, host="node1", job="3", started=ledger.now()))
    for name, content in (
        ("row", {"status": "failed", "reason": "bug in 2 attempts", "metrics": {}}),
        ("closing", {"status": "trained", "reason": "", "metrics": {"val_auc": 0.5}}),
    ):
        write_result(places[name], **content)
    queue = {
        places["queued"]: QueuedJob("11", False, "Priority"),
        places["again"]: QueuedJob("12", False, "Resources"),
        places["starting"]: QueuedJob("13", True, "", "node2"),
        places["closing"]: QueuedJob("15", True, "", "node2"),
    }
    states = {
        name: (run.state, run.detail) for name, run in zip(names, run_status(found, "flavour", queue), strict=True)
    }
    assert states == {
        "queued": ("queued", "job 11: Priority"),
        "again": ("resubmitted", "job 12: Resources; out of memory in attempt 1"),
        "starting": ("running", "job 13 on node2: starting"),
        "row": ("failed", "bug in 2 attempts"),
        "late": ("interrupted", "cancelled in attempt 1: Slurm: CANCELLED"),
        "lost": ("interrupted", "job 3 on node1 ended without a word"),
        "stopped": ("waiting", ""),
        "given up": ("failed", "out of memory in attempt 1: memory ran out"),
        "closing": ("done", "val_auc 0.5000"),
    }


@pytest.mark.parametrize(
    ("minutes", "left"), [(1, "at most 50 s left"), (10, "at most 8 min left"), (600, "at most 8.3 h left")]
)
def test_a_running_training_says_how_far_it_is(tmp_path, monkeypatch, minutes, left):
    """It has trained 6 of 11 epochs in some minutes."""
    monkeypatch.chdir(tmp_path)
    found = analysis()
    point = points(found.tasks["flavour"])[0].name
    directory = Path("results/tiny/scans/flavour") / point / "r0"
    log = Path("results/tiny/logs/train/flavour") / point / "r0.log"
    for path in (directory, log.parent):
        path.mkdir(parents=True)
    log.write_text("".join(f"epoch {epoch}/11 loss 0.{epoch} val_auc 0.7\n" for epoch in range(1, 7)))
    now = int(time.time())  # the ledger knows whole seconds
    monkeypatch.setattr(time, "time", lambda: now)
    os.utime(log, (now, now))
    started = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(now - 60 * minutes))
    ledger.begin(directory, Attempt(1, host="node1", job="3", started=started))
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        detail = next(run_status(found, "flavour")).detail
        log.write_text("")
        os.utime(log, (now, now))
        assert next(run_status(found, "flavour")).detail == "on node1: starting"
        log.write_text("step 70/900 of epoch 1/11\nstep 140/900 of epoch 1/11\n")
        os.utime(log, (now - 590, now - 590))
        assert next(run_status(found, "flavour")).detail == "on node1: step 140/900 of epoch 1/11"
        os.utime(log, (now - 1200, now - 1200))
        hangs = "nothing moved for 20 min: it is stopped, or hangs"
        assert next(run_status(found, "flavour")).detail == f"on node1: step 140/900 of epoch 1/11, {hangs}"
        log.write_text("epoch 1/11 loss 0.3\n")
        os.utime(log, (now - 1200, now - 1200))
        assert next(run_status(found, "flavour")).detail == f"on node1: epoch 1/11 loss 0.3, {hangs}"
    assert detail.startswith("on node1: epoch 6/11 loss 0.6, at most ")
    assert detail.endswith(left)


def test_the_verb_asks_the_queue(scan, tmp_path, capsys, monkeypatch):
    for name in ("dijet0.root", "ttbar.root"):
        (tmp_path / name).touch()
    (tmp_path / "config.json").write_text(json.dumps(scan.model_dump(mode="json", by_alias=True)))
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "config.yaml").write_text("executor: slurm\n")
    squeue = tmp_path / "bin" / "squeue"
    squeue.parent.mkdir()
    squeue.write_text("#!/bin/sh\necho '7|PENDING|Priority|'\n")
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", str(squeue.parent))
    waiting = list(run_status(scan, "flavour"))[NAMES.index("waiting")]
    directory = Path("results/tiny/scans/flavour") / waiting.point / "r0"
    ledger.begin(directory, Attempt(1, host="node1", job="7", started=ledger.now()))
    assert main(["status", "--profile", "site", "--config", "config.json"]) == 3  # one result is damaged
    out = capsys.readouterr().out
    assert "tiny: nobody drives it" in out
    assert "1 done, 1 diverged, 1 running, 2 interrupted, 1 failed, 1 queued, 1 damaged" in out
    assert f"{waiting.point} r0     queued       job 7: Priority" in out
    squeue.unlink()
    assert main(["status", "--profile", "site", "--config", "config.json"]) == 3  # one result is damaged
    out = capsys.readouterr().out
    assert "the queue does not answer, this is from the files alone: squeue: there is no such command" in out
    assert "1 done, 1 diverged, 1 running, 3 interrupted, 1 failed, 1 damaged" in out


def test_the_state_of_samples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("dijet0.root", "dijet1.root", "ttbar.root"):
        (tmp_path / name).touch()
    root = tmp_path / "results" / "tiny"
    for path in ("ntuple/dijet/dijet0.root", "ntuple/dijet/dijet1.root", "hdf5/dijet/dijet0.h5"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    (root / "logs/hdf5/dijet").mkdir(parents=True)
    (root / "logs/hdf5/dijet/dijet1.log").write_text(ERROR)
    (root / "logs/hdf5/dijet/dijet0.log").write_text(ERROR)  # of an attempt before the one that did it
    found = {sample.name: sample for sample in sample_status(analysis())}
    assert found["dijet"].done == {"ntuple": 2, "hdf5": 1}
    assert found["dijet"].failed == [ERROR.strip()]
    assert found["ttbar"].done == {"ntuple": 0, "hdf5": 0}
    direct = load_merged(merged(CONFIG, {"conversion": {"route": "direct"}}))
    assert next(sample_status(direct)).done == {"hdf5": 1}
    trees = load_merged(merged(CONFIG, {"tasks": {"flavour": {"reads": "trees", "samples": ["dijet"]}}}))
    assert [list(sample.done) for sample in sample_status(trees)] == [["ntuple", "hdf5", "trees"], ["ntuple", "hdf5"]]


def test_times_of_stages(tmp_path):
    (tmp_path / "train" / "a").mkdir(parents=True)
    (tmp_path / "hdf5").mkdir()
    for path, seconds, memory in [("train/a/r0", 1.5, "10"), ("train/a/r1", 2.5, "20"), ("hdf5/x", 9, "-")]:
        (tmp_path / f"{path}.tsv").write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:01\t{memory}\n")
    first, second = stage_times(tmp_path)
    assert (first.name, first.jobs, first.seconds, first.memory) == ("hdf5", 1, 9, 0)
    assert (second.name, second.jobs, second.seconds, second.longest, second.memory) == ("train", 2, 4.0, 2.5, 20)
    assert stage_times(tmp_path / "none") == []


def test_a_result_that_was_taken_away_waits_to_be_made_again(scan, tmp_path):
    directory = tmp_path / "results/tiny/scans/flavour" / points(scan.tasks["flavour"])[0].name / "r0"
    (directory / "result.json").unlink()
    ledger.append(directory / ledger.LEDGER, Attempt(1, Cause.DONE))
    found = next(run_status(scan, "flavour"))
    assert (found.state, found.detail) == (
        "waiting", "done in attempt 1, and its result.json was taken away: the next run makes it again"
    )  # fmt: skip


@pytest.mark.parametrize("begun", [False, True])
def test_suspended_is_not_running(tmp_path, monkeypatch, begun):
    monkeypatch.chdir(tmp_path)
    one = analysis(scan={"units": [4]})
    directory = paths.training(one, "flavour", points(one.tasks["flavour"])[0].name, "r0")
    directory.mkdir(parents=True)
    queue = {directory: QueuedJob("11", False, "suspended", "node1")}
    with exclusive(directory, "trains") if begun else nullcontext():
        (status,) = run_status(one, "flavour", queue)
    assert status.state == "suspended"
