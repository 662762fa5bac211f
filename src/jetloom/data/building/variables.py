"""Which columns a dataset has, and whether a converted file has the variables that they are made of."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from jetloom.config.tasks.task import TARGET, Task
from jetloom.data.building import split as splitting
from jetloom.data.building.conditions import CONDITION
from jetloom.errors import ConfigurationError, near_misses
from jetloom.expressions import column_name, names_in
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.trees import JET_TREE
from jetloom.io.widths import require_width

OWN_COLUMNS = {"label": "<i4", "true_label": "<i4", "event_weight": "<f4", "sample": "u1"}
"""Columns of the parts that are made here, besides the weights."""

EVENT = {"run_number": "<u4", "event_number": "<u8"}
"""Columns that say which event a jet is of."""


def staged_dtype(task: Task) -> np.dtype[Any]:
    """Inputs first, so that a block of them is one strided view, then what plots and bookkeeping need."""
    inputs = [column_name(text) for text in task.inputs]
    twice = sorted({column for column in inputs if inputs.count(column) > 1})
    if twice:
        raise ConfigurationError(f"two inputs have the column name '{twice[0]}'", where="inputs")
    tree = {name: JET_TREE[name].str for name in JET_TREE.names or ()} if task.reads == "trees" else {}
    made = {**EVENT, **tree, **({TARGET: "<f4"} if task.target is not None else {})}
    made |= {CONDITION: "<i2"} if task.conditions else {}
    others = [name for name in dict.fromkeys([*task.spectators, *task.weights.variables]) if name not in inputs]
    others = [name for name in others if name not in made]
    for where, names in {"inputs": inputs, "spectators": others}.items():
        for name in names:
            if name in OWN_COLUMNS or name in made or re.fullmatch(r"weight(_fold\d+)?", name):
                raise ConfigurationError(f"'{name}' is the name of a column that the dataset makes itself", where=where)
    own = [*OWN_COLUMNS.items(), *made.items()]
    columns = [(name, "<f4") for name in inputs] + own + [(name, "<f4") for name in others]
    weights = [(f"weight_fold{fold}", "<f4") for fold in splitting.folds(task.split)]
    require_width({"jets": np.dtype(columns + weights)})  # those come last, when all rows are there
    return np.dtype(columns)


def check_variables(task: Task, reader: TableReader) -> None:
    """Require of a converted file that its rows are those of the task, with all variables that this names.

    Raises
    ------
    ConfigurationError
        With the near misses; or if a row is a jet where it should be an event, or the other way round.
    """
    unit = reader.attribute("unit", str) if reader.has_attribute("unit") else "jets"
    if unit != task.rows:
        raise ConfigurationError(
            f"the task's rows are {task.rows}, and those of the file are {unit}",
            path=reader.path,
            where="rows",
            advice=f"write 'rows: {unit}', or name other samples",
        )
    known = set(reader.dtype("jets").names or ())
    for name in task.conditions:
        if name in known:
            raise ConfigurationError(
                f"'{name}' is a variable of the files already", path=reader.path, where="conditions"
            )
    known |= set(task.conditions)
    columns = {column_name(text): text for text in task.inputs}
    spectra = task.weights.variables
    for name in [*task.spectators, *spectra]:
        if name in columns and name in known and columns[name].strip() != name:
            raise ConfigurationError(
                f"the input '{columns[name]}' would take the name of the variable '{name}'", where="inputs"
            )
    labels = [label.when for label in task.labels.values()]
    target = [task.target] if task.target is not None else []
    expressions = [*task.inputs, *task.select, *target, *task.spectators, *labels, *(set(spectra) - set(columns))]
    for text in expressions:
        for name in sorted(names_in(text) - known):
            raise ConfigurationError(
                f"'{text}': no variable '{name}'", path=reader.path, where="jets", advice=near_misses(name, known)
            )
