"""Collecting a scan: one row a point, mean and spread over its trainings, ranked by a metric in its right direction."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jetloom.config.tasks.task import Task
from jetloom.errors import CorruptFileError
from jetloom.io.stored import AGAIN
from jetloom.models.base import Model
from jetloom.models.registry import find_model, own_parameters
from jetloom.scan.points.space import Point, parse_run, points, runs
from jetloom.scan.result_file import RESULT, Result, read_result, verify_file
from jetloom.scan.table.columns import STD, parameter_columns
from jetloom.scan.table.ranking import criterion
from jetloom.statistics.meaning import said_of


@dataclass(frozen=True)
class Table:
    """A collected scan."""

    rows: pd.DataFrame
    """One row a point, best first."""
    histories: pd.DataFrame
    """One row an epoch of each training."""
    facts: dict[str, Any]
    """Parameters, directions of the metrics, ranking, the best training."""


def collect(task_name: str, task: Task, directory: Path, fingerprint: str, classes: list[str]) -> Table:
    """Collect the results of all points of a scan.

    Parameters
    ----------
    task_name : str
        Name of the task.
    task : Task
        Its configuration, which says what points there must be.
    directory : Path
        The scan's directory.
    fingerprint : str
        The dataset's; results of other data are refused.
    classes : list of str
        Names of the classes.

    Raises
    ------
    MissingFileError, CorruptFileError
        If a training has no result, or a damaged one.
    StaleError
        If a result was trained on other data.
    """
    ranked_by, model = criterion(task), find_model(task.model)
    better = model.metrics.direction(ranked_by)
    found = [replace(point, parameters=own_parameters(task, point.parameters)) for point in points(task)]
    columns = parameter_columns(model, found[0].parameters)
    rows, histories = [], []
    for point in found:
        results = {run: _result(directory / point.name / run, fingerprint, model) for run in runs(task)}
        rows.append(_row(point, results, model, ranked_by, columns))
        histories += [
            _history(directory, point.name, run) for run, result in results.items() if result.status != "failed"
        ]
    table = pd.DataFrame(rows)
    # Below all that have a value: first the trained points whose metric means nothing, then those without a model.
    # Between them stand those whose network a gate or a callback did not let pass.
    keys = pd.DataFrame({"value": table[ranked_by], "bad": table["status"] != "trained", "point": table["point"]})
    keys["stopped"] = keys["value"].isna() * 2 + table.pop("forbidden")
    order = ["stopped", "value", "bad", "point"]
    keys = keys.sort_values(order, ascending=[True, better == "lower", True, True], kind="stable")
    table = table.loc[keys.index]
    table.insert(0, "rank", range(1, len(table) + 1))
    facts = {
        "task": task_name,
        "parameters": list(found[0].parameters),
        "parameter_columns": columns,
        "scanned": list(task.scan),
        "rank_by": ranked_by,
        "direction": {name: model.metrics.direction(name) for name in model.metrics.names},
        "metrics": [asdict(metric) for metric in model.objective.metrics],
        "classes": classes,
        "dataset": fingerprint,
        "best": _best(table, directory),
    }
    if not histories:
        histories.append(pd.DataFrame(columns=["point", "run", *model.history_columns()]))
    return Table(table, pd.concat(histories, ignore_index=True), facts)


def _result(directory: Path, fingerprint: str, model: Model) -> Result:
    """Read the result of a training, which has every metric of its model if it was trained."""
    result = read_result(directory, fingerprint)
    missing = [name for name in model.point_metrics() if name not in result.metrics]
    if result.status == "trained" and missing:
        raise CorruptFileError("is missing", path=directory / RESULT, where=f"metrics.{missing[0]}", advice=AGAIN)
    return result


def _row(
    point: Point, results: dict[str, Result], model: Model, ranked_by: str, columns: dict[str, str]
) -> dict[str, Any]:
    """Return the row of a point: what its trainings have in common, and mean and spread of what they have not."""
    good = {run: result for run, result in results.items() if result.status == "trained"}
    bad = [(result.status, result.reason) for result in results.values() if result.status != "trained"]
    # A point counts as trained only if all its trainings did: a mean over the lucky ones would rank it too high.
    row: dict[str, Any] = {
        "point": point.name,
        **{
            columns[name]: json.dumps(value) if isinstance(value, list) else value
            for name, value in point.parameters.items()
        },
        "status": bad[0][0] if bad else "trained",
        "reason": bad[0][1] if bad else _reason(list(good.values())),
        "forbidden": any(result.forbidden for result in good.values()),
    }
    # Talos' name for the epochs that were trained; the parameter `epochs` is the most that may be.
    row["round_epochs"] = float(np.mean([result.epochs for result in results.values()]))
    row["best_epoch"] = float(np.mean([result.best_epoch for result in results.values()]))
    for name in model.point_metrics():
        values = [result.metric(name) for result in good.values()] if not bad else []
        row[name] = float(np.mean(values)) if values else math.nan
        row[name + STD] = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    chosen = _chosen(good, ranked_by, model.metrics.direction(ranked_by)) if good else next(iter(results))
    return row | {
        "repetitions": len(results),
        "attempts": sum(result.attempts for result in results.values()),
        "wall_time_s": round(sum(result.wall_time_s for result in results.values()), 3),
        "peak_memory_mb": max(result.peak_memory_mb for result in results.values()),
        "host": " ".join(sorted({result.host for result in results.values()})),
        "run": chosen,
        "model": f"{point.name}/{chosen}/{model.file}",
    }


def _reason(results: list[Result]) -> str:
    """Say of a point that trained which metrics mean nothing, and why its networks may not be kept."""
    forbidden = dict.fromkeys(f"no epoch passed: {result.forbidden}" for result in results if result.forbidden)
    return "; ".join(filter(None, [*forbidden, said_of([result.not_meaningful for result in results])]))


def _chosen(results: dict[str, Result], ranked_by: str, better: str) -> str:
    """Name the best training, of those that pass; one whose metric means nothing stands behind all that have one."""
    sign = 1.0 if better == "higher" else -1.0
    values = {run: sign * result.metric(ranked_by) for run, result in results.items()}
    keys = {run: (not results[run].forbidden, -math.inf if math.isnan(v) else v) for run, v in values.items()}
    return max(values, key=lambda run: keys[run])


def _history(directory: Path, point: str, run: str) -> pd.DataFrame:
    # The model is read when it is used, and held against its digest then.
    history = pd.read_csv(verify_file(directory / point / run, "history.csv"))
    history.insert(0, "run", run)
    history.insert(0, "point", point)
    return history


def _best(table: pd.DataFrame, directory: Path) -> dict[str, Any] | None:
    """Name the best training: the best one of the best point; None if no point trained.

    With the digest of its model, so that what starts from it is stale if it was trained anew, even by the same name.
    """
    trained = table[table["status"] == "trained"]
    if trained.empty:
        return None
    first = trained.iloc[0]
    fold = parse_run(first["run"])[1]
    digest = read_result(directory / first["point"] / first["run"]).files.get(Path(first["model"]).name)
    return {"point": first["point"], "run": first["run"], "fold": fold, "model": first["model"], "digest": digest}
