import json

import pytest

from jetloom import paths
from jetloom.config.load import load_merged
from jetloom.errors import EmptySampleError
from jetloom.models.registry import find_model
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.failed import failed_runs, tolerated, write_failed
from jetloom.scan.attempts.ledger import Attempt, Cause
from jetloom.scan.points.space import points, runs
from jetloom.scan.table.collect import collect
from jetloom.scan.table.collected import find_best, read_scan, write_scan
from stored_files import change, write_dataset, write_result
from tiny_analysis import config

METRICS = find_model("dense").point_metrics()

REASON = "out of memory with 16000 MB, the most there may be; Slurm: OUT_OF_MEMORY"


def _analysis(tolerance=0.0, repetitions=2, units=(8, 16, 32)):
    content = config(scan={"units": list(units)}, search={"repetitions": repetitions})
    return load_merged(content | {"cluster": {"tolerance": tolerance}})


@pytest.fixture
def analysis(tmp_path, monkeypatch):
    """Three points of two repetitions, none of them trained, and a dataset."""
    monkeypatch.chdir(tmp_path)
    analysis = _analysis()
    directory = paths.dataset(analysis, "flavour")
    write_dataset(directory)
    return analysis


def _directory(analysis, point, run):
    return paths.scan(analysis, "flavour") / points(analysis.tasks["flavour"])[point].name / run


def _train(analysis, point, run, area):
    directory = _directory(analysis, point, run)
    directory.mkdir(parents=True)
    (directory / "history.csv").write_text(f"epoch,loss,val_auc\n1,0.5,{area}\n")
    (directory / "model.keras").write_text("model")
    write_result(directory, ["model.keras", "history.csv"], metrics=dict.fromkeys(METRICS, area))


def _fail(analysis, point, run, reason=REASON):
    write_failed(analysis, "flavour", points(analysis.tasks["flavour"])[point].name, run, reason)


def _collect(analysis):
    return collect(
        "flavour", analysis.tasks["flavour"], paths.scan(analysis, "flavour"), "abc", ["gluon", "quark"]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("tolerance", "repetitions", "count"),
    [(0.0, 2, 0), (0.5, 2, 3), (0.16, 2, 0), (1 / 6, 2, 1), (0.34, 2, 2), (0.99, 2, 5), (0.1, 10, 3), (0.7, 10, 21)],
)
def test_the_tolerance_is_a_share_of_all_trainings(tolerance, repetitions, count):
    assert tolerated(_analysis(tolerance, repetitions), "flavour") == count


def test_failed_trainings_of_the_scan_are_found(analysis):
    assert failed_runs(analysis, "flavour") == []
    _fail(analysis, 1, "r0")
    _train(analysis, 0, "r0", 0.7)
    broken = _directory(analysis, 2, "r0")
    broken.mkdir(parents=True)
    (broken / "result.json").write_text("{")
    assert failed_runs(analysis, "flavour") == [_directory(analysis, 1, "r0")]
    # A point that is no longer in the scan does not use up the tolerance.
    assert failed_runs(_analysis(units=(8, 32)), "flavour") == []


def test_the_result_says_why_and_what_it_cost(analysis):
    directory = _directory(analysis, 1, "r1")
    for number, used in enumerate((1500.5, 1999.0, 1200.0), 1):
        line = Attempt(number, Cause.OUT_OF_MEMORY, memory_used_mb=used, wall_time_s=10.25, host=f"node{number}")
        ledger.append(directory / ledger.LEDGER, line)
    _fail(analysis, 1, "r1")
    result = json.loads((directory / "result.json").read_text())
    assert (result["status"], result["reason"], result["metrics"]) == ("failed", REASON, {})
    assert (result["attempts"], result["wall_time_s"], result["peak_memory_mb"]) == (3, 30.75, 1999.0)
    assert (result["host"], result["repetition"], result["fold"]) == ("node3", 1, None)
    assert result["parameters"]["units"] == 16
    assert result["origin"]["inputs"] == {"dataset": "abc"}


def test_a_training_that_never_began_can_fail_too(analysis):
    _fail(analysis, 0, "r0", "configuration: not tried again")
    result = json.loads((_directory(analysis, 0, "r0") / "result.json").read_text())
    assert (result["attempts"], result["wall_time_s"], result["peak_memory_mb"], result["host"]) == (0, 0, 0, "")


def test_a_failed_point_is_a_row_with_its_cause(analysis, tmp_path):
    for point, area in ((0, 0.7), (2, 0.6)):
        for run in runs(analysis.tasks["flavour"]):
            _train(analysis, point, run, area)
    _train(analysis, 1, "r0", 0.9)
    _fail(analysis, 1, "r1")
    table = _collect(analysis)
    assert table.rows["units"].tolist() == [8, 32, 16]  # the lucky repetition ranks nothing
    assert table.rows["status"].tolist() == ["trained", "trained", "failed"]
    assert table.rows["reason"].tolist() == ["", "", REASON]
    row = table.rows.iloc[2]
    assert row[list(METRICS)].isna().all()
    assert row["run"] == "r0"
    assert table.facts["best"]["point"] == points(analysis.tasks["flavour"])[0].name
    assert len(table.histories) == 5
    assert set(table.histories["run"][table.histories["point"] == row["point"]]) == {"r0"}


def test_a_scan_of_which_nothing_is_left(analysis):
    for point in range(3):
        for run in runs(analysis.tasks["flavour"]):
            _fail(analysis, point, run)
    table = _collect(analysis)
    assert table.facts["best"] is None
    assert table.rows["status"].tolist() == ["failed"] * 3
    assert table.histories.empty
    # It is written and read like any other.
    directory = paths.scan(analysis, "flavour")
    write_scan(directory, table.rows, table.histories, table.facts)
    scan = read_scan(directory)
    assert scan.histories.columns[:3].tolist() == ["point", "run", "epoch"]
    assert scan.points["reason"].tolist() == [REASON] * 3
    with pytest.raises(EmptySampleError, match="no point was trained to its end"):
        find_best(directory)


def test_a_failed_and_a_diverged_training_of_one_point(analysis):
    for point in range(3):
        for run in runs(analysis.tasks["flavour"]):
            _train(analysis, point, run, 0.5 + point / 10)
    path = _directory(analysis, 2, "r0") / "result.json"
    change(path, status="diverged", reason="loss is nan")
    (_directory(analysis, 2, "r1") / "history.csv").unlink()
    _fail(analysis, 2, "r1")
    row = _collect(analysis).rows.iloc[2]
    assert (row["units"], row["status"], row["reason"]) == (32, "diverged", "loss is nan")


def test_the_table_is_read_with_its_failed_rows(analysis):
    for point, area in ((0, 0.7), (1, 0.8)):
        for run in runs(analysis.tasks["flavour"]):
            _train(analysis, point, run, area)
    for run in runs(analysis.tasks["flavour"]):
        _fail(analysis, 2, run)
    table, directory = _collect(analysis), paths.scan(analysis, "flavour")
    write_scan(directory, table.rows, table.histories, table.facts)
    scan = read_scan(directory)
    assert scan.points["reason"].fillna("").tolist() == ["", "", REASON]
    assert scan.facts.best.point == scan.points["point"][0]
