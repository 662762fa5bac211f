"""Every training of an analysis as one row: what it was, how it went, what it cost. The log of all experiments."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from jetloom import paths
from jetloom.config.analysis import Analysis
from jetloom.errors import CorruptFileError, MissingFileError
from jetloom.scan.attempts import ledger
from jetloom.scan.points.space import points, runs
from jetloom.scan.result_file import read_result
from jetloom.statistics.meaning import said_of

FIRST = [
    "task", "model", "point", "run", "status", "reason", "epochs", "best_epoch", "attempts", "wall_time_s",
    "minutes_asked", "peak_memory_mb", "memory_asked_mb", "host", "ended", "commit",
]  # fmt: skip
"""Columns that every row has; then come metrics and parameters, empty where a model does not have them."""


DAMAGED = "damaged"
"""Status of a training whose result cannot be read."""


def runs_table(analysis: Analysis) -> pd.DataFrame:
    """Return a row for each training that there should be, in the order of the configuration.

    Returns
    -------
    DataFrame
        The columns of :data:`FIRST`, one a metric, and one a parameter (``parameters.<name>``). ``status`` is that of
        ``result.json``, ``waiting`` where there is none, or ``damaged``.
    """
    rows = [
        _row(analysis, name, point.name, run)
        for name, task in analysis.tasks.items()
        for point in points(task)
        for run in runs(task)
    ]
    others = dict.fromkeys(key for row in rows for key in row if key not in FIRST)
    metrics = [name for name in others if not name.startswith("parameters.")]
    return pd.DataFrame(rows, columns=[*FIRST, *metrics, *(name for name in others if name not in metrics)])


def damaged_rows(table: pd.DataFrame) -> str:
    """Say how many trainings have a result that cannot be read, and why the first; "" if there is none."""
    lines = table.loc[table["status"] == DAMAGED, "reason"].tolist()
    return f"{lines[0]} ({len(lines)} damaged in all)" if len(lines) > 1 else "".join(lines)


def _row(analysis: Analysis, task: str, point: str, run: str) -> dict[str, Any]:
    directory = paths.scan(analysis, task) / point / run
    row: dict[str, Any] = {"task": task, "model": analysis.tasks[task].model, "point": point, "run": run}
    attempts = ledger.read(directory / "attempts.csv")
    if attempts:
        last = attempts[-1]
        row |= {"attempts": len(attempts), "ended": last.ended}
        row |= {"minutes_asked": last.minutes_asked or None, "memory_asked_mb": last.memory_asked_mb or None}
    try:
        result = read_result(directory)
    except MissingFileError:
        return row | {"status": "waiting", "reason": str(attempts[-1].cause) if attempts else ""}
    except CorruptFileError as error:
        return row | {"status": DAMAGED, "reason": error.line()}
    row |= {name: value for name, value in result if name in FIRST}
    row["reason"] = result.reason or said_of([result.not_meaningful])
    row["commit"] = result.origin.commit[:12]
    row |= result.metrics
    return row | {f"parameters.{name}": _written(value) for name, value in result.parameters.items()}


def _written(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | None) else json.dumps(value)
