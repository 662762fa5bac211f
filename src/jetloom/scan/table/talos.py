"""Tables of Talos: ``results.csv`` made from a scan, and the other way round."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from jetloom.errors import ConfigurationError, CorruptFileError, MissingFileError, near_misses
from jetloom.scan.table.collected import Scan
from jetloom.scan.table.columns import BOOKKEEPING, STD

FIRST = ("start", "end", "duration", "execution_time", "round_epochs", "_warnings")
TRIAL, HASH = "_trial_id", "_param_hash"
"""Columns of Talos: those before the metrics, and those between metrics and parameters."""


def exported(scan: Scan) -> pd.DataFrame:
    """Return a collected scan in the columns of Talos, a row a point, best first.

    Metrics are means over the runs, in alphabetical order; a point is known by its name. A result tells no clock, so
    start and end stay empty; ``execution_time`` and ``duration`` are the seconds that its trainings took.
    """
    points, columns = scan.points, scan.facts.parameter_columns
    taken = {*BOOKKEEPING, *columns.values()}
    metrics = sorted(str(name) for name in points if name not in taken and not str(name).endswith(STD))
    found = pd.DataFrame({name: pd.Series([""] * len(points), dtype=object) for name in ("start", "end")})
    found["duration"] = found["execution_time"] = points["wall_time_s"].to_numpy()
    found["round_epochs"] = points["round_epochs"].to_numpy()
    found["_warnings"] = points["reason"].fillna("").to_numpy()
    for name in metrics:
        found[name] = points[name].to_numpy()
    found[TRIAL], found[HASH] = range(len(points)), points["point"].to_numpy()
    for column in columns.values():
        found[column] = points[column].to_numpy()
    return found


def read_results(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Read a ``results.csv`` of Talos; give it with the columns of its parameters.

    These are named by the ``metadata.json`` beside it, as Talos leaves one; else they follow its own columns.

    Raises
    ------
    MissingFileError, CorruptFileError
        If it is not there, or no such table.
    """
    if not path.is_file():
        raise MissingFileError("there is no such file", path=path)
    try:
        table = pd.read_csv(path, dtype={HASH: str}, keep_default_na=False, na_values=["", "nan", "NaN"])
    except (ValueError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise CorruptFileError(f"is no table ({str(error).splitlines()[0]})", path=path) from None
    if "round_epochs" not in table or table.empty:
        raise CorruptFileError("is no results.csv of Talos: it has no column 'round_epochs', or no row", path=path)
    beside = path.with_name("metadata.json")
    named: list[str] = []
    if beside.is_file():
        try:
            content = json.loads(beside.read_text(encoding="utf-8"))
            renamed = content.get("parameter_columns") or {}
            named = [renamed.get(name, name) for name in content.get("params") or {}]
        except (ValueError, AttributeError, TypeError) as error:
            raise CorruptFileError(f"is not JSON of Talos ({error})", path=beside) from None
    columns = [str(name) for name in table]
    after = columns[columns.index(HASH) + 1 :] if HASH in columns else []
    parameters = [name for name in named if name in columns] or after
    if not parameters:
        raise CorruptFileError(
            "does not say which columns are parameters", path=path, advice="put metadata.json beside"
        )
    return table, parameters


def imported(path: Path, metric: str | None = None) -> pd.DataFrame:
    """Return a ``results.csv`` of Talos in the columns of a scan, ranked.

    Parameters
    ----------
    path : Path
    metric : str, optional
        What ranks; lower is better where its name says loss or error. ``val_loss`` if not given.

    Raises
    ------
    ConfigurationError
        If there is no such metric; with the near misses.
    """
    table, parameters = read_results(path)
    metrics = [str(name) for name in table if name not in {*FIRST, TRIAL, HASH, *parameters}]
    ranked_by = metric or "val_loss"
    if ranked_by not in metrics:
        raise ConfigurationError(
            f"has no metric '{ranked_by}'", path=path, where="--metric", advice=near_misses(ranked_by, metrics)
        )
    lower = any(word in ranked_by for word in ("loss", "error", "mae", "mse"))
    table = table.sort_values(ranked_by, ascending=lower, kind="stable", na_position="last").reset_index(drop=True)
    found = pd.DataFrame({"rank": range(1, len(table) + 1)})
    names = table[HASH] if HASH in table else table.index.map(lambda place: f"talos{place}")
    found["point"] = [str(name) for name in names]
    for name in parameters:
        found[name] = table[name]
    found["status"] = ["trained" if known else "diverged" for known in table[ranked_by].notna()]
    found["reason"] = table["_warnings"].fillna("") if "_warnings" in table else ""
    found["round_epochs"] = table["round_epochs"].astype(float)
    for name in metrics:
        found[name] = table[name]
    found["repetitions"] = 1
    found["wall_time_s"] = table["duration"] if "duration" in table else float("nan")
    return found
