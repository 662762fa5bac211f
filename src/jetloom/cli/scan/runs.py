"""List every training of an analysis: its parameters, its metrics, what it cost and where it ran."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from jetloom.config.analysis import Analysis


COST = ("attempts", "wall_time_s", "minutes_asked", "peak_memory_mb", "memory_asked_mb", "host", "ended")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--config", default="config/config.yaml", help="configuration (default: config/config.yaml)")
    parser.add_argument("--task", help="this task alone")
    parser.add_argument("--output", type=Path, help="directory for runs.csv and runs.html, with all columns")


def run(arguments: argparse.Namespace) -> None:
    """Print the table, or write it."""
    from jetloom.config.load import find_task, load_analysis
    from jetloom.errors import CorruptFileError
    from jetloom.scan.runs import damaged_rows, runs_table

    analysis = load_analysis(arguments.config)
    table = runs_table(analysis)
    if arguments.task:
        find_task(analysis, arguments.task)
        table = table[table["task"] == arguments.task]
    damage = damaged_rows(table)
    if arguments.output:
        if damage:
            raise CorruptFileError(damage)
        from jetloom.io.atomic import write_text

        write_text(arguments.output / "runs.csv", table.to_csv(index=False))
        write_text(arguments.output / "runs.html", page_of(analysis, table))
        return
    out = sys.stdout.write
    out(f"{'task':<16} {'point':<13} {'run':<6} {'status':<9} {'epochs':>6} {'seconds':>9}  ranked by\n")
    for row in table.to_dict("records"):
        metric, value = ranked(analysis, row)
        out(
            f"{row['task']:<16} {row['point']:<13} {row['run']:<6} {row['status']:<9} {_short(row['epochs']):>6} "
            f"{_short(row['wall_time_s'], 1):>9}  {metric} {_short(value, 4)}  {row['reason'] or ''}".rstrip()
            + "\n"
        )
    if damage:
        raise CorruptFileError(damage)


def ranked(analysis: Analysis, row: Mapping[Any, Any]) -> tuple[str, Any]:
    """Return the metric that ranks a training's task, and its value."""
    from jetloom.scan.table.ranking import criterion

    metric = criterion(analysis.tasks[row["task"]])
    return metric, row.get(metric)


def page_of(analysis: Analysis, table: pd.DataFrame) -> str:
    """Return the table as an HTML page, with the scanned parameters."""
    from jetloom.plots import tables
    from jetloom.scan.attempts.usage import usage

    heads = ["Task", "Model", "Point", "Run", "Status", "Epochs", "Ranked by", "Value", "Scanned parameters"]
    heads += ["Attempts", "Time (s)", "asked (min)", "Memory (MB)", "asked (MB)", "Host", "Ended"]
    lines = []
    for row in table.astype(object).where(table.notna(), None).to_dict("records"):
        metric, value = ranked(analysis, row)
        scanned = ", ".join(f"{key} {row.get(f'parameters.{key}')}" for key in analysis.tasks[row["task"]].scan)
        shown = [row[name] for name in ("task", "model", "point", "run", "status", "epochs")]
        cost = [row[name] for name in COST]
        lines.append([*shown, metric, value, scanned, *cost])
    used = [f"{task}: {words}." for task in analysis.tasks if (words := usage(analysis, task).words())]
    text = f"Every training of {analysis.analysis}; runs.csv beside this page has all parameters and metrics."
    return tables.page("Runs", tables.paragraph(" ".join([text, *used])), tables.table(heads, lines))


def _short(value: Any, digits: int = 0) -> str:
    import pandas as pd

    return "-" if value is None or pd.isna(value) else f"{float(value):.{digits}f}"
