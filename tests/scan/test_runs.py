import json

import pandas as pd
import pytest

from jetloom.cli.main import main
from jetloom.config.load import load_merged
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.ledger import Attempt, Cause
from jetloom.scan.points.space import points
from jetloom.scan.runs import FIRST, runs_table
from stored_files import write_result
from tiny_analysis import CONFIG, merged


@pytest.fixture
def content(tmp_path, monkeypatch):
    """Two tasks of different models; one training is done, one diverged, one was given no time, two wait."""
    monkeypatch.chdir(tmp_path)
    trees = {"dataset": "flavour", "model": "bdt", "scan": {"depth": [2, 3]}}
    given = merged(CONFIG, {"tasks": {"flavour": {"scan": {"units": [4, 8, 16]}}, "trees": trees}})
    analysis = load_merged(given)
    units = [point.name for point in points(analysis.tasks["flavour"])]
    depth = points(analysis.tasks["trees"])[0].name
    origin = {"origin": {"commit": "0123456789abcdef", "inputs": {"dataset": "abc"}}}
    write(tmp_path, "flavour", units[0], {"status": "trained", "metrics": {"val_auc": 0.75}, "epochs": 7} | origin)
    write(tmp_path, "flavour", units[1], {"status": "diverged", "reason": "loss is nan", "metrics": {}} | origin)
    parameters = {"depth": 2, "leaves": None}
    write(tmp_path, "trees", depth, {"status": "trained", "metrics": {"val_auc": 0.8}, "parameters": parameters})
    line = Attempt(1, Cause.OUT_OF_TIME, started="2026-01-01T00:00:00+00:00", ended="2026-01-01T01:00:00+00:00")
    ledger.append(tmp_path / "results/tiny/scans/flavour" / units[2] / "r0" / "attempts.csv", line)
    (tmp_path / "config.json").write_text(json.dumps(given))
    return given


def write(directory, task, point, result):
    write_result(directory / "results/tiny/scans" / task / point / "r0", **result)


def test_every_training_is_a_row(content):
    table = runs_table(load_merged(content))
    assert list(table.columns[: len(FIRST)]) == FIRST
    assert list(table["task"]) == ["flavour"] * 3 + ["trees"] * 2
    assert list(table["model"]) == ["dense"] * 3 + ["bdt"] * 2
    assert list(table["status"]) == ["trained", "diverged", "waiting", "trained", "waiting"]
    assert list(table["reason"].fillna("")) == ["", "loss is nan", "out of time", "", ""]
    assert table["val_auc"].tolist()[0] == 0.75
    assert table["commit"][0] == "0123456789ab"
    assert table["attempts"][2] == 1
    assert table["parameters.depth"][3] == 2


def test_the_table_is_printed_and_written(content, tmp_path, capsys):
    assert main(["runs", "--config", "config.json"]) == 0
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) == 6
    assert "val_auc 0.7500" in shown
    assert "loss is nan" in shown
    assert main(["runs", "--config", "config.json", "--task", "trees"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert main(["runs", "--config", "config.json", "--output", str(tmp_path / "out")]) == 0
    assert len(pd.read_csv(tmp_path / "out" / "runs.csv")) == 5
    page = (tmp_path / "out" / "runs.html").read_text()
    assert "depth 2" in page
    assert "loss is nan" not in page.split("<table>")[0]


def test_a_damaged_result_is_a_row_and_an_error(content, tmp_path, capsys):
    path = next((tmp_path / "results/tiny/scans/trees").rglob("result.json"))
    path.write_text("{")
    assert "damaged" in set(runs_table(load_merged(content))["status"])
    assert main(["runs", "--config", "config.json"]) == 3
    out, error = capsys.readouterr()
    assert len(out.splitlines()) == 6
    assert f"{path.relative_to(tmp_path)}: is not JSON" in error
    assert main(["runs", "--config", "config.json", "--output", "out"]) == 3
    assert not (tmp_path / "out").exists()


def test_an_unknown_task_is_named(content, capsys):
    assert main(["runs", "--config", "config.json", "--task", "treez"]) == 2
    assert "did you mean 'trees'" in capsys.readouterr().err
