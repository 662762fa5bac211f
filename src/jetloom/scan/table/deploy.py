"""A point's model as an archive: of networks, one that ``talos.Restore`` opens."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

from jetloom.io.atomic import make_directory, publishing
from jetloom.models.stored_network import load_network


def deploy(
    table: pd.DataFrame,
    parameters: dict[str, list[Any]],
    columns: dict[str, str],
    metric: str,
    ascending: bool,
    model: Path,
    archive: Path,
    point: str | None = None,
    members: Mapping[str, bytes] | None = None,
) -> None:
    """Deploy a model with Talos, without any of the training data in the archive.

    Talos keeps the parameter dictionary as a pickled array, so its archives are for trusted hands only; jetloom itself
    never reads one.

    Parameters
    ----------
    table : DataFrame
        The collected scan, best point first.
    parameters : dict
        The Talos parameter dictionary of the scan.
    columns : dict of str to str
        Column of the table by parameter.
    metric : str
        Metric that ranks, and whether lower is better (``ascending``).
    model : Path
        The best model's ``.keras`` file.
    archive : Path
        The ``.zip`` to publish.
    point : str, optional
        The point that the model is of; the first of the table if not given.
    members : mapping of str to bytes, optional
        What the archive holds besides, see :func:`jetloom.inference.applied.archive.recipe_members`.
    """
    from talos.commands.deploy import Deploy

    import jetloom.models.layers  # noqa: F401 - registers the layers that Keras does not have

    make_directory(archive.parent)
    data, place, chosen_by, rising = _chosen(table, metric, ascending, point)
    run = SimpleNamespace(
        data=data,
        details={"metric": metric, "point": str(data.loc[place, "point"]), "name": archive.stem},
        params=parameters,
        parameter_columns=columns,
        models={place: load_network(model)},
        x=None,
        y=None,
        round_history=[],
    )
    with tempfile.TemporaryDirectory(dir=archive.parent) as directory:
        made = Deploy(run, Path(directory) / "archive", chosen_by, asc=rising).path
        with publishing(archive) as part:
            Path(made).replace(part)
            _add(part, members or {})


def _chosen(
    table: pd.DataFrame, metric: str, ascending: bool, point: str | None
) -> tuple[pd.DataFrame, int, str, bool]:
    """Return the table in which Talos chooses the right row, its place, and the column by which, and whether rising."""
    data = table.reset_index(drop=True)
    # Talos chooses by the metric again, and cannot where it means nothing for any point: the order of the table stands.
    chosen_by, rising = ("rank", True) if data[metric].isna().all() else (metric, ascending)
    place = 0 if point is None else int(data.index[data["point"] == point][0])
    if place:  # Talos takes the best row: of another point it is told which one is meant
        data["deployed"] = (data.index == place).astype(int)
        chosen_by, rising = "deployed", False
    return data, place, chosen_by, rising


def pack(
    table: pd.DataFrame,
    parameters: dict[str, list[Any]],
    model: Path,
    archive: Path,
    members: Mapping[str, bytes] | None = None,
) -> None:
    """Pack a model that is no network, which Talos does not know: its file, ``scan.csv`` and ``parameters.json``.

    Parameters
    ----------
    table : DataFrame
        The collected scan, best point first.
    parameters : dict
        The Talos parameter dictionary of the scan.
    model : Path
        The best model's file.
    archive : Path
        The ``.zip`` to publish.
    members : mapping of str to bytes, optional
        What the archive holds besides.
    """
    content = {
        model.name: model.read_bytes(),
        "parameters.json": json.dumps(parameters, indent=1).encode(),
        "scan.csv": table.to_csv(index=False).encode(),
    }
    with publishing(archive) as part:
        zipfile.ZipFile(part, "w").close()
        _add(part, {**content, **(members or {})})


def _add(path: Path, members: Mapping[str, bytes]) -> None:
    """Add members to an archive."""
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            if name not in file.namelist():
                # A date of its own would give other bytes each time.
                file.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
