import fcntl
import json

import pytest

from jetloom.cli.main import main
from jetloom.config.load import load_merged
from jetloom.scan.space import points
from jetloom.scan.status import run_status, sample_status
from jetloom.scan.times import stage_times
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
    result = {"status": "trained", "reason": "", "metrics": {"val_auc": 0.75}}
    (places["done"][0] / "result.json").write_text(json.dumps(result))
    (places["done"][0] / ".lock").touch()
    result = {"status": "diverged", "reason": "loss is nan", "metrics": {}}
    (places["diverged"][0] / "result.json").write_text(json.dumps(result))
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
    assert broken[0] == "failed"
    assert "is not JSON" in broken[1]


def test_the_verb_prints_it(scan, tmp_path, capsys):
    for name in ("dijet0.root", "ttbar.root"):
        (tmp_path / name).touch()
    (tmp_path / "config.json").write_text(json.dumps(scan.model_dump(mode="json", by_alias=True)))
    assert main(["status", "--config", "config.json"]) == 0
    out = capsys.readouterr().out
    assert "flavour: 8 trainings: 1 done, 1 diverged, 1 running, 2 interrupted, 2 failed, 1 waiting" in out
    assert out.count("\n    ") == 6


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


def test_times_of_stages(tmp_path):
    (tmp_path / "train" / "a").mkdir(parents=True)
    (tmp_path / "hdf5").mkdir()
    for path, seconds, memory in [("train/a/r0", 1.5, "10"), ("train/a/r1", 2.5, "20"), ("hdf5/x", 9, "-")]:
        (tmp_path / f"{path}.tsv").write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:01\t{memory}\n")
    first, second = stage_times(tmp_path)
    assert (first.name, first.jobs, first.seconds, first.memory) == ("hdf5", 1, 9, 0)
    assert (second.name, second.jobs, second.seconds, second.longest, second.memory) == ("train", 2, 4.0, 2.5, 20)
    assert stage_times(tmp_path / "none") == []
