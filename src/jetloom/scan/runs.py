"""Every training of an analysis as one row: what it was, how it went, what it cost. The log of all experiments."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from jetloom import paths
from jetloom.config.analysis import Analysis
from jetloom.scan import ledger
from jetloom.scan.space import points, runs

FIRST = [
    "task", "model", "point", "run", "status", "reason", "epochs", "best_epoch", "attempts", "wall_time_s",
    "peak_memory_mb", "host", "ended", "commit",
]  # fmt: skip
"""Columns that every row has; then come metrics and parameters, empty where a model does not have them."""


def runs_table(analysis: Analysis) -> pd.DataFrame:
    """Give a row for each training that there should be, in the order of the configuration.

    Returns
    -------
    DataFrame
        The columns of :data:`FIRST`, one a metric, and one a parameter (``parameters.<name>``). ``status`` is that of
        ``result.json``, or ``waiting`` where there is none.
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


def _row(analysis: Analysis, task: str, point: str, run: str) -> dict[str, Any]:
    directory = paths.scan(analysis, task) / point / run
    row: dict[str, Any] = {"task": task, "model": analysis.tasks[task].model, "point": point, "run": run}
    attempts = ledger.read(directory / "attempts.csv")
    if attempts:
        row |= {"attempts": len(attempts), "ended": attempts[-1].ended}
    try:
        result = json.loads((directory / "result.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return row | {"status": "waiting", "reason": str(attempts[-1].cause) if attempts else ""}
    except ValueError:
        return row | {"status": "broken", "reason": "result.json is not JSON"}
    row |= {name: result[name] for name in FIRST if name in result}
    row["commit"] = result.get("origin", {}).get("commit", "")[:12]
    row |= result.get("metrics", {})
    return row | {f"parameters.{name}": _written(value) for name, value in result.get("parameters", {}).items()}


def _written(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | None) else json.dumps(value)
