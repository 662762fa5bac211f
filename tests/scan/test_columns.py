"""Parameters, metrics and bookkeeping never share a column of the table of a scan."""

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, create_model

from jetloom.errors import ConfigurationError
from jetloom.models.bdt import Bdt
from jetloom.models.dense import Dense
from jetloom.models.objectives.classification import Classification
from jetloom.models.objectives.metric import Metric
from jetloom.models.registry import MODELS, find_model
from jetloom.scan.points.space import points, talos_dictionary
from jetloom.scan.preflight import check_metrics
from jetloom.scan.table.collect import collect
from jetloom.scan.table.columns import BOOKKEEPING, HISTORY, check_columns, metric_columns, parameter_columns, reserved
from stored_files import write_result
from tiny_analysis import analysis

OWN = """
from pydantic import Field
from jetloom.models.dense import Dense
from jetloom.models.objectives.classification import Classification
from jetloom.models.objectives.metric import Metric

class Wide(Dense.parameters):
    rank: int = Field(4)
    status: str = Field("x")
    host: int = Field(3)
    point: int = Field(0)
    run: str = Field("a")
    seed: int = Field(5)
    model: str = Field("m")
    val_auc: float = Field(0.5)
    loss: str = Field("focal")
    val_brier_std: int = Field(7)
    param__loss: int = Field(8)
    fold: int = Field(2)

class Judged(Classification):
    metrics = (*Classification.metrics, Metric("brier", "Brier score", "lower"))

class Own(Dense):
    parameters = Wide
    objective = Judged()
"""

SCAN = {
    "rank": [2, 4], "status": ["y"], "host": [7, 8], "point": [3], "run": ["b"], "seed": [6], "val_auc": [0.1],
    "loss": ["crossentropy"], "val_brier_std": [9], "param__loss": [1, 2], "fold": [11],
}  # fmt: skip


def write_results(directory: Path, task, value: float = 0.5) -> None:
    """What trainings leave; the metric of one point differs from that of the next."""
    model = find_model(task.model)
    for place, point in enumerate(points(task)):
        run = directory / point.name / "r0"
        run.mkdir(parents=True)
        columns = model.history_columns()
        (run / "history.csv").write_text(",".join(columns) + "\n" + ",".join("1" for _ in columns) + "\n")
        metrics = dict.fromkeys(model.point_metrics(), value + place / 100)
        origin = {"inputs": {"dataset": "f00d"}}
        write_result(run, ["history.csv"], metrics=metrics, origin=origin, host="node")


def table_of(directory: Path, task):
    write_results(directory, task)
    return collect("flavour", task, directory, "f00d", ["gluon", "quark"])


@pytest.fixture
def own(tmp_path):
    """A task of a user's own model, whose parameters are named like everything else."""
    (tmp_path / "own.py").write_text(OWN)
    return analysis(model=f"{tmp_path / 'own.py'}:Own", scan=SCAN).tasks["flavour"]


def test_parameters_of_all_names_have_columns_of_their_own(own, tmp_path):
    check_metrics("flavour", own)
    table = table_of(tmp_path / "scan", own)
    rows, columns = table.rows, table.facts["parameter_columns"]
    assert len(rows) == len(points(own)) == 8
    assert rows["rank"].tolist() == list(range(1, 9))
    assert set(rows["host"]) == {"node"}
    assert set(rows["status"]) == {"trained"}
    assert rows["point"].tolist() == sorted(rows["point"], key=rows["point"].tolist().index)
    for point in points(own):
        row = rows[rows["point"] == point.name].iloc[0]
        for name, value in point.parameters.items():
            shown = json.dumps(value) if isinstance(value, list) else value
            assert row[columns[name]] == shown, name
    assert {name: column for name, column in columns.items() if name != column} == {
        "rank": "param__rank", "status": "param__status", "host": "param__host", "point": "param__point",
        "run": "param__run", "model": "param__model", "val_auc": "param__val_auc", "loss": "param__param__loss",
        "val_brier_std": "param__val_brier_std",
    }  # fmt: skip
    assert not rows.columns.duplicated().any()


def test_what_is_written_is_what_is_reserved(own, tmp_path):
    """The list is held to the table itself: whatever is no parameter is on it."""
    model = find_model(own.model)
    table = table_of(tmp_path / "scan", own)
    others = set(table.rows) - set(table.facts["parameter_columns"].values())
    assert others == {*BOOKKEEPING, *metric_columns(model)}
    assert others <= reserved(model)
    assert set(table.histories) == {*HISTORY, *model.epoch_metrics()}


RENAMED = {"junipr_binary": {"loss"}, "deep_sets": {"phi"}, "deep_sets_with_jets": {"phi"}}
"""Parameters that are called like a metric of some model: their columns are ``param__loss``, ``param__phi``."""


@pytest.mark.parametrize("name", MODELS)
def test_shipped_models_share_no_column(name):
    model = find_model(name)
    check_columns("t", model)
    parameters = list(model.parameters.model_fields)
    columns = parameter_columns(model, parameters)
    assert not set(columns.values()) & {*BOOKKEEPING, *metric_columns(model)}
    assert len(set(columns.values())) == len(parameters)
    renamed = {key for key, column in columns.items() if key != column}
    assert renamed == RENAMED.get(name, set())


def test_the_loss_of_binary_junipr_is_in_the_table(tmp_path):
    task = analysis(model="junipr_binary", reads="trees", scan={"loss": ["bce", "sigmoid"]}).tasks["flavour"]
    table = table_of(tmp_path, task)
    assert sorted(table.rows["param__loss"]) == ["bce", "sigmoid"]
    assert sorted(table.rows["loss"]) == [0.5, 0.51]
    assert table.facts["scanned"] == ["loss"]


words = st.sampled_from([*BOOKKEEPING, "loss", "val_loss", "eval_auc_std", "z", "end", "seed", "units", "param__rank"])


@settings(max_examples=100, deadline=None)
@given(st.sets(words | st.from_regex(r"(param__){0,3}(rank|loss|units)", fullmatch=True)))
def test_columns_are_a_one_to_one_map_off_the_reserved_names(names):
    for model in (Dense(), Bdt()):
        columns = parameter_columns(model, sorted(names))
        assert set(columns) == names
        assert len(set(columns.values())) == len(names)
        assert not set(columns.values()) & reserved(model)
        assert all(columns[name] == name for name in names - reserved(model))


def _with(terms):
    """A model whose objective declares metrics of rows by such names, and the area."""
    metrics = (*(Metric(name, name, "lower") for name in terms), Metric("auc", "AUC", "higher", "part"))
    return type("Own", (Dense,), {"objective": type("Judged", (Classification,), {"metrics": metrics})()})()


@pytest.mark.parametrize(
    "terms",
    [("loss",), ("accuracy", "accuracy"), ("accuracy", "val_loss"), ("accuracy", "accuracy_std"), ("auc",), ("rank",),
     ("epoch",), ("seconds",), ("learning_rate",), ("a b",), ("val_accuracy", "accuracy")],
)  # fmt: skip
def test_a_term_without_a_column_of_its_own_is_refused(terms):
    model = _with(terms)
    with pytest.raises(ConfigurationError, match="would share a column") as raised:
        check_columns("flavour", model)
    assert raised.value.where == "tasks.flavour.model"


def test_terms_of_ones_own_are_let_through():
    check_columns("t", _with(("accuracy", "brier", "z")))


def test_talos_finds_the_parameters_of_the_table(own, tmp_path):
    """``Reporting`` reads metadata.json beside the table."""
    import talos

    table = table_of(tmp_path / "scan", own)
    table.rows.to_csv(tmp_path / "scan.csv", index=False)
    columns, parameters = table.facts["parameter_columns"], talos_dictionary(own)
    (tmp_path / "metadata.json").write_text(json.dumps({"params": parameters, "parameter_columns": columns}))
    report = talos.Reporting(str(tmp_path / "scan.csv"))
    assert report.high("val_auc") == pytest.approx(0.57)
    best = report.best_params("val_auc", [], n=1)[0].tolist()
    point = next(point for point in points(own) if point.name == table.rows["point"].iloc[0])
    found = dict(zip(columns, best, strict=False))
    for name in SCAN:
        assert found[name] == point.parameters[name], name


def test_figures_and_correlations_tell_parameter_and_metric_apart(own, tmp_path):
    from jetloom.plots.scan import correlations
    from jetloom.plots.scan import points as scan
    from jetloom.scan.table.collected import read_scan, write_scan

    table = table_of(tmp_path / "scan", own)
    write_scan(tmp_path, table.rows, table.histories, table.facts)
    found = read_scan(tmp_path)
    assert "param__host" in found.scanned
    assert scan.varied(found.points, found.scanned) == ["param__rank", "param__host", "param__loss"]
    heads, rows = scan.best_rows(found.points, found.scanned, "val_auc")
    assert len(heads) == len(set(heads))
    assert {row[heads.index("param__host")] for row in rows} == {"7", "8"}
    scan.draw_parameter(tmp_path / "by_host", found.points, "param__host", "val_auc")
    correlations.draw_correlations(tmp_path / "correlations", found.points, found.scanned, "val_auc")
    assert (tmp_path / "correlations.png").is_file()


def test_a_model_made_anywhere_names_its_columns():
    """Parameters are those of pydantic, however the class came to be."""
    made = create_model("Made", __base__=Dense.parameters, attempts=(int, Field(3)), peak_memory_mb=(float, Field(1.0)))
    columns = parameter_columns(type("Own", (Dense,), {"parameters": made})(), made.model_fields)
    assert columns["attempts"] == "param__attempts"
    assert columns["peak_memory_mb"] == "param__peak_memory_mb"
    assert pd.Series(columns).is_unique
