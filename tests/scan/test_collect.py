import json
import logging
import math

import numpy as np
import pandas as pd
import pytest

from jetloom.cli.main import main
from jetloom.errors import ConfigurationError, CorruptFileError, EmptySampleError, MissingFileError, StaleError
from jetloom.io.sealed import read_json, write_json
from jetloom.models.registry import find_model
from jetloom.scan.points.space import points, runs
from jetloom.scan.preflight import check_metrics
from jetloom.scan.table.collect import collect
from jetloom.scan.table.collected import find_best, read_scan, write_scan
from stored_analysis import options, write_stored
from stored_files import FACTS, change, write_dataset, write_result
from tiny_analysis import analysis

METRICS = find_model("dense").point_metrics()

# val_auc of two repetitions of three points
AREAS = [[0.70, 0.74], [0.80, 0.90], [0.60, 0.62]]


def _task(**changes):
    return analysis(scan={"units": [8, 16, 32]}, search={"repetitions": 2, **changes}).tasks["flavour"]


@pytest.fixture
def trained(tmp_path):
    """The results of a scan, as training leaves them; the loss falls where the area rises."""
    task = _task()
    for point, areas in zip(points(task), AREAS, strict=True):
        for run, area in zip(runs(task), areas, strict=True):
            _write(tmp_path / point.name / run, area)
    return tmp_path


def _write(directory, area, status="trained", fingerprint="abc"):
    directory.mkdir(parents=True, exist_ok=True)
    metrics = {name: area if "auc" in name or "acc" in name else 1 - area for name in METRICS}
    (directory / "history.csv").write_text(f"epoch,loss,val_auc\n1,0.5,{area}\n2,0.4,{area}\n")
    write_result(
        directory,
        ["history.csv"],
        status=status,
        reason="" if status == "trained" else "loss is nan in epoch 1, step 3",
        metrics=metrics if status == "trained" else {},
        attempts=2,
        wall_time_s=1.5,
        peak_memory_mb=100 * area,
        origin={"inputs": {"dataset": fingerprint}},
    )


def _collect(directory, task=None):
    return collect("flavour", task or _task(), directory, "abc", ["gluon", "quark"])


@pytest.mark.parametrize(
    ("metric", "units"),
    [("val_auc", [16, 8, 32]), ("val_loss", [16, 8, 32]), ("eval_accuracy", [16, 8, 32]), ("loss", [16, 8, 32])],
)
def test_points_are_ranked_in_the_direction_of_the_metric(trained, metric, units):
    table = _collect(trained, _task(rank_by=metric))
    assert table.rows["units"].tolist() == units
    assert table.rows["rank"].tolist() == [1, 2, 3]
    assert table.facts["direction"][metric] == ("lower" if metric.endswith("loss") else "higher")
    assert table.facts["best"]["point"] == points(_task())[1].name
    assert table.facts["best"]["run"] == "r1"


def test_a_model_trained_anew_by_the_same_name_is_another_one(trained):
    """What starts from it goes by scan.json, whose bytes must differ."""
    best = points(_task())[1].name
    path = trained / best / "r1" / "result.json"
    digests = []
    for content in ("one", "other"):
        change(path, files=read_json(path)["files"] | {"model.keras": content})
        digests.append(_collect(trained).facts["best"]["digest"])
    assert digests == ["one", "other"]


def test_a_row_holds_mean_and_spread_over_the_repetitions(trained):
    row = _collect(trained).rows.iloc[0]
    assert row["val_auc"] == pytest.approx((0.80 + 0.90) / 2)
    assert row["val_auc_std"] == pytest.approx(math.sqrt(2 * 0.05**2 / 1))
    assert row["val_loss"] == pytest.approx(0.15)
    assert (row["round_epochs"], row["best_epoch"], row["repetitions"], row["attempts"]) == (4, 3, 2, 4)
    assert (row["wall_time_s"], row["peak_memory_mb"], row["host"]) == (3.0, 90, "node1")
    assert row["model"] == f"{row['point']}/r1/model.keras"
    assert (row["units"], row["optimizer"]) == (16, "adam")


def test_one_training_has_no_spread(trained):
    assert _collect(trained, _task(repetitions=1)).rows["val_auc_std"].isna().all()


def test_a_diverged_point_is_the_last_row_with_its_reason(trained):
    task = _task()
    _write(trained / points(task)[1].name / "r0", 0.99, status="diverged")
    for metric in ("val_auc", "val_loss"):
        rows = _collect(trained, _task(rank_by=metric)).rows
        assert len(rows) == 3
        last = rows.iloc[-1]
        assert (last["point"], last["status"], last["reason"]) == (
            points(task)[1].name, "diverged", "loss is nan in epoch 1, step 3"
        )  # fmt: skip
        assert np.isnan(last[metric])
        assert (rows["status"][:2] == "trained").all()


def _doubted(directory, names, doubt="n_eff 0.3; see weights.negative"):
    """Say of a training that some of its metrics mean nothing, as a training does."""
    result = read_json(directory / "result.json")
    result["metrics"] |= dict.fromkeys(names)
    write_json(directory / "result.json", result | {"not_meaningful": dict.fromkeys(names, doubt)})


@pytest.mark.parametrize("metric", ["val_auc", "val_loss"])
def test_a_point_whose_metric_means_nothing_ranks_below_all_that_have_a_value(trained, metric):
    """And above those without a model. It is a trained one: the reason says what its metric is."""
    task = _task(rank_by=metric)
    found = [point.name for point in points(task)]
    _doubted(trained / found[1] / "r0", [metric, "eval_auc"])
    _write(trained / found[2] / "r1", 0.99, status="diverged")
    table = _collect(trained, task)
    assert table.rows["point"].tolist() == [found[0], found[1], found[2]]
    row = table.rows.iloc[1]
    assert (row["status"], row["rank"]) == ("trained", 2)
    assert np.isnan(row[metric])
    assert np.isnan(row["eval_auc"])
    assert row["val_accuracy"] == pytest.approx(0.85)
    assert row["reason"] == f"eval_auc, {metric}: not meaningful (n_eff 0.3; see weights.negative)"
    assert row["run"] == "r1", "the training whose metric has a value"


def test_where_no_metric_means_anything_there_is_a_best_point_all_the_same(trained):
    names = [point.name for point in points(_task())]
    for name in names:
        for run in runs(_task()):
            _doubted(trained / name / run, ["val_auc"])
    table = _collect(trained)
    assert table.rows["point"].tolist() == sorted(names)
    assert table.facts["best"]["point"] == min(names)
    assert (table.rows["status"] == "trained").all()


def test_the_verb_says_that_the_best_point_is_none(tmp_path, monkeypatch, capsys):
    directory = write_stored(tmp_path)
    monkeypatch.chdir(directory)
    assert main(options("collect", directory)) == 0
    assert "best of 2 points: p" in capsys.readouterr().err
    results = list(directory.rglob("result.json"))
    for result in results:
        assert "means nothing" not in capsys.readouterr().err
        _doubted(result.parent, ["val_auc"])
        assert main(options("collect", directory)) == 0
    said = capsys.readouterr().err
    first = min(result.parent.parent.name for result in results)
    assert (
        "val_auc means nothing at any of 2 points (val_auc: not meaningful (n_eff 0.3; see weights.negative))" in said
    )
    assert f"{first} stands in the place of the best one by its name alone" in said
    assert "best of 2 points" not in said


def test_a_scan_of_which_nothing_was_trained(trained):
    for point in points(_task()):
        for run in runs(_task()):
            _write(trained / point.name / run, 0.5, status="diverged")
    table = _collect(trained)
    assert table.facts["best"] is None
    write_scan(trained, table.rows, table.histories, table.facts)
    with pytest.raises(EmptySampleError, match="no point was trained to its end"):
        find_best(trained)


def test_the_histories_name_point_and_run(trained):
    histories = _collect(trained).histories
    assert len(histories) == 12
    assert list(histories)[:3] == ["point", "run", "epoch"]


def test_a_missing_result_is_named(trained):
    path = trained / points(_task())[2].name / "r1" / "result.json"
    path.unlink()
    with pytest.raises(MissingFileError, match=f"{path}: there is no such file; this point was not trained"):
        _collect(trained)
    path.write_text("{")
    with pytest.raises(CorruptFileError, match="is not JSON"):
        _collect(trained)


def test_a_result_of_other_data_is_refused(trained):
    _write(trained / points(_task())[2].name / "r1", 0.7, fingerprint="other")
    with pytest.raises(StaleError, match="was trained on another dataset"):
        _collect(trained)


def test_a_history_of_another_training_is_refused(trained):
    (trained / points(_task())[2].name / "r1" / "history.csv").write_text("epoch,loss,val_auc\n1,0.5,0.9\n")
    with pytest.raises(CorruptFileError, match="is not the file that the training wrote"):
        _collect(trained)


def test_points_that_left_the_scan_are_left_out(trained):
    rows = _collect(trained, analysis(scan={"units": [8, 32]}, search={"repetitions": 2}).tasks["flavour"]).rows
    assert rows["units"].tolist() == [8, 32]


def test_a_metric_that_no_point_has_is_refused():
    with pytest.raises(ConfigurationError, match=r"rank_by: .*no metric 'auc'; did you mean 'val_auc'"):
        check_metrics("flavour", _task(rank_by="auc"))


def test_an_uncollected_scan(tmp_path):
    with pytest.raises(MissingFileError, match="run jetloom collect first"):
        read_scan(tmp_path)


@pytest.fixture
def collected(trained, tmp_path):
    """The verb's own files."""
    from jetloom.cli.main import main
    from tiny_analysis import config

    settings = config(scan={"units": [8, 16, 32]}, search={"repetitions": 2})
    (tmp_path / "config.json").write_text(json.dumps(settings))
    write_dataset(tmp_path)
    arguments = ["--config", str(tmp_path / "config.json"), "--task", "flavour"]
    assert main(["collect", *arguments, "--dataset", str(tmp_path), "--scan", str(trained)]) == 0
    yield trained
    logging.getLogger().handlers.clear()


def test_the_verb_writes_the_table(collected):
    scan, rows = read_scan(collected), _collect(collected).rows.reset_index(drop=True)
    pd.testing.assert_frame_equal(scan.points.fillna({"reason": ""}), rows, check_dtype=False)
    assert scan.facts.scanned == ["units"]
    assert len(scan.histories) == 12


def test_a_name_of_digits_stays_a_name(tmp_path):
    table = pd.DataFrame({"rank": [1], "point": ["012345678901"], "run": ["r0"], "val_auc": [0.5]})
    write_scan(tmp_path, table, table, FACTS)
    assert read_scan(tmp_path).points.iloc[0].tolist() == [1, "012345678901", "r0", 0.5]


@pytest.mark.parametrize("name", ["scan.csv", "histories.csv"])
def test_a_table_that_was_cut_or_edited_is_not_taken_for_the_scan(collected, name):
    path = collected / name
    text = path.read_text()
    for other in ("", text[: len(text) // 2], "\n".join(text.splitlines()[:2]) + "\n", text.replace("0.", "0.9")):
        path.write_text(other)
        with pytest.raises(CorruptFileError, match=r"is not the table that scan.json was written with; run jetloom"):
            read_scan(collected)
    path.unlink()
    with pytest.raises(MissingFileError, match=f"{name}: there is no such file"):
        read_scan(collected)


def test_talos_reads_the_table(collected):
    import talos

    report = talos.Reporting(str(collected / "scan.csv"))
    assert report.high("val_auc") == pytest.approx(0.85)
    assert report.low("val_loss") == pytest.approx(0.15)
    assert report.rounds() == 3
    best = report.best_params("val_auc", [], n=1)[0].tolist()
    assert 16 in best
    assert "adam" in best
    assert len(best) == len(points(_task())[0].parameters) + 1


def test_a_result_without_a_metric_of_its_model_is_refused(trained):
    path = trained / points(_task())[2].name / "r1" / "result.json"
    metrics = read_json(path)["metrics"]
    del metrics["val_auc"]
    change(path, metrics=metrics)
    with pytest.raises(CorruptFileError, match=r"result.json: metrics.val_auc: is missing; remove it and run again"):
        _collect(trained)
