"""What the files of a sample lack, and what that means for cuts, labels, weights and inputs of a task."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from jetloom.errors import MissingObjectError
from jetloom.expressions import evaluate, names_in
from jetloom.io.hdf5.described import Described

if TYPE_CHECKING:
    from jetloom.config.tasks.task import Task

ASKS = {"isnan", "isfinite"}
"""Functions by which an expression says itself what is the case where a value is missing."""


def missing_rows(text: str, columns: Mapping[str, npt.NDArray[Any]], rows: int) -> npt.NDArray[np.bool_]:
    """Say in which rows a variable of an expression is missing, unless it asks for that itself; shape (rows,)."""
    missing = np.zeros(rows, bool)
    if ASKS.isdisjoint(re.findall(r"\w+", text)):
        for variable in names_in(text):
            if columns[variable].dtype.kind == "f":
                missing |= np.isnan(columns[variable])
    return missing


def input_values(text: str, columns: Mapping[str, npt.NDArray[Any]], rows: int) -> npt.NDArray[np.float32]:
    """Evaluate an input, shape (rows,): of yes and no, NaN where it is not known, as numbers are anyway."""
    values = np.asarray(evaluate(text, columns))
    result = np.broadcast_to(values.astype(np.float32), (rows,))
    if values.dtype.kind != "b":
        return result
    return np.where(missing_rows(text, columns, rows), np.float32(np.nan), result)


def absent_variables(reader: Described) -> dict[str, str]:
    """Return the columns of the jets that a file has no values of, and how its input calls what it lacks.

    Of a collection that the input lacks, this is the number of its constituents.
    """
    return absent_columns(_listed(reader))


def absent_entries(reader: Described, collection: str) -> dict[str, str]:
    """Return the variables of a collection that a file has no values of, and how its input calls what it lacks."""
    prefix = f"{collection}."
    return {name.removeprefix(prefix): branch for name, branch in _listed(reader).items() if name.startswith(prefix)}


def _listed(reader: Described) -> dict[str, str]:
    return reader.attribute("absent", dict[str, str]) if reader.has_attribute("absent") else {}


def absent_columns(listed: Mapping[str, str]) -> dict[str, str]:
    """Return the same of what a file lists as absent, by group and variable."""
    found: dict[str, str] = {}
    for name, branch in listed.items():
        group, _, variable = name.partition(".")
        if group in ("jets", "events"):
            found[variable] = branch
        elif not variable:
            found[f"n_{group}"] = branch
    return found


@dataclass(frozen=True)
class Absence:
    """What follows for a task from what one file lacks.

    Attributes
    ----------
    variables : dict of str to str
        Columns of the jets without values, and the branches that the input lacks.
    cuts : dict of str to bool
        Cuts that name one of them, and whether all jets pass.
    labels : set of str
        Classes whose expression names one of them: no jet of the file has them.
    """

    variables: dict[str, str] = field(default_factory=dict)
    cuts: dict[str, bool] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)

    def touches(self, text: str) -> bool:
        """Say whether an expression names a column without values."""
        return not names_in(text).isdisjoint(self.variables)


def absence(task: Task, reader: Described, is_data: bool) -> Absence:
    """Find out what a file's absences mean for a task.

    Raises
    ------
    MissingObjectError
        If a cut, a label or a weight needs a variable that is absent, and the configuration does not say what then.
    """
    variables = absent_variables(reader)
    found = Absence(variables)
    for text in task.select:
        for name in _absent_in(text, variables):
            said = verdict(task, reader, name, f"cut '{text}'", variables[name])
            found.cuts[text] = said == "pass" and found.cuts.get(text, True)
    for key, label in task.labels.items():
        for name in _absent_in(label.when, variables):
            if not is_data and verdict(task, reader, name, f"label '{key}'", variables[name]) == "pass":
                raise _needed(reader, name, f"label '{key}'", variables[name], "only a cut can 'pass': say 'fail'")
            found.labels.add(key)
    for name in task.weights.variables:
        if name in variables:
            advice = "take it out of weights.flatten or weights.match, or the file out"
            raise _needed(reader, name, "spectrum of the weights", variables[name], advice)
    return found


def _absent_in(text: str, variables: Iterable[str]) -> list[str]:
    return sorted(names_in(text) & set(variables))


def verdict(task: Task, reader: Described, name: str, what: str, branch: str) -> Literal["pass", "fail"]:
    """Return what the configuration says that happens in a file without a variable.

    Raises
    ------
    MissingObjectError
        If it does not say.
    """
    found = task.absent.get(name)
    if found is None:
        raise _needed(reader, name, what, branch, f"say what happens there, 'absent: {{{name}: fail}}' of the task")
    return found


def _needed(reader: Described, name: str, what: str, branch: str, advice: str) -> MissingObjectError:
    return MissingObjectError(
        f"its input has no branch '{branch}', and the {what} needs it", path=reader.path, where=name, advice=advice
    )
