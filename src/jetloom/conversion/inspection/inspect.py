"""What a file holds of a schema: each variable present, missing, empty or constant, and its range."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jetloom.config.conversion import Conversion
from jetloom.config.schema import Schema
from jetloom.io.root.branches import UNREADABLE
from jetloom.io.root.dxaod import DxaodReader
from jetloom.io.root.files import open_source
from jetloom.locations import Location

Values = dict[str, list[npt.NDArray[np.generic]]]

NEEDED = "missing, and needed"
HEADING = ("variable", "branch", "unit", "values", "smallest", "largest", "remark")


def inspect_file(path: Location, schema: Schema, collection: str | None, events: int) -> list[tuple[str, ...]]:
    """Read some events with all variables of a schema.

    Parameters
    ----------
    path : Path or Remote
        A ROOT file.
    schema : Schema
        What it should hold.
    collection : str or None
        Jet collection, if not that of the schema.
    events : int
        Events to read, at least one block.

    Returns
    -------
    list of tuple of str
        The heading, and a line for each variable: name, branch, unit in jetloom, number of values, smallest and
        largest, and what is odd about it (missing, no values, all NaN, always the same).

    Raises
    ------
    CorruptFileError, MissingObjectError
        If the file cannot be read or has no tree of the schema.
    """
    conversion = _everything(schema, collection)
    with open_source(path, schema.trees) as source:
        reader = DxaodReader(source, schema, conversion, tolerant=True)
        values = _values(reader, events)
    return [HEADING, *(_line(group, name, reader, schema, values) for group, name in _variables(schema))]


def _variables(schema: Schema) -> list[tuple[str, str]]:
    """Return group and name of each variable of a schema."""
    groups = ("events", "jets", *schema.collections)
    return [(group, name) for group in groups for name in schema.group(group).fields]


def _values(reader: DxaodReader, events: int) -> Values:
    """Read some events, at least one block; the pieces of each column by its group and name."""
    values: Values = {}
    found = 0
    for block in reader.blocks():
        groups = {"events": block.events, "jets": block.jets.columns}
        groups |= {name: other.columns for name, other in block.others.items()}
        for group, columns in groups.items():
            for name, column in columns.items():
                values.setdefault(f"{group}.{name}", []).append(column)
        found += block.entries
        if found >= events:
            break
    return values


def _line(group: str, name: str, reader: DxaodReader, schema: Schema, values: Values) -> tuple[str, ...]:
    """Return the line of a variable."""
    spec, key, plan = schema.group(group).fields[name], f"{group}.{name}", reader.plan.groups.get(group)
    if group in schema.collections and (plan is None or plan.kind is None):
        return (key, "", spec.unit_out, "0", "", "", "no links from jets to this collection")
    branch = spec.expression or (plan.branches.get(name, "") if plan else "")
    if branch:
        described = _described(np.concatenate(values[key]) if key in values else np.zeros(0))
        if trouble := reader.unfit.get(branch, reader.unfit.get(key)):
            described = (*described[:-1], f"{UNREADABLE} as {spec.type}: {trouble}")
        elif not reader.rounded.isdisjoint((branch, key)):
            remarks = [described[-1], f"{spec.type} rounds these integers: give 'type: int64'"]
            described = (*described[:-1], ", ".join(filter(None, remarks)))
    else:
        remark = reader.plan.remarks.get(key, "")
        if not remark.startswith(UNREADABLE):
            remark = ("missing" if spec.optional else NEEDED) + (f"; {remark}" if remark else "")
        described = ("0", "", "", remark)
    return (key, branch, spec.unit_out, *described)


def _everything(schema: Schema, collection: str | None) -> Conversion:
    """Return a conversion that reads all there is; cuts that change nothing name what is not kept."""
    cuts = {
        name: [f"{key} == {key}" for key, spec in schema.group(name).fields.items() if spec.internal]
        for name in ("events", "jets", *schema.collections)
    }
    select = {"events": cuts.pop("events"), "jets": cuts.pop("jets"), "constituents": cuts}
    slots = dict.fromkeys(schema.collections, 1)
    return Conversion.model_validate({"collection": collection, "slots": slots, "select": select})


def _described(column: npt.NDArray[np.generic]) -> tuple[str, ...]:
    """Return number of values, extremes (those of integers to the last digit), and what is odd about them."""
    if not len(column):
        return "0", "", "", "no values"
    known = column[np.isfinite(column)] if column.dtype.kind == "f" else column
    if not len(known):
        return str(len(column)), "", "", "not a number in any of them"
    low, high = known.min(), known.max()
    remarks = [f"{1 - len(known) / len(column):.0%} not a number"] if len(known) < len(column) else []
    remarks += ["always the same"] if low == high and len(known) > 1 else []
    # Integers that may be missing are stored as float64.
    whole = column.dtype == np.float64 and bool((known == np.floor(known)).all())
    form = ".0f" if whole else ".5g" if column.dtype.kind == "f" else "d"
    shown = (format(value, form) for value in (low, high))
    return str(len(column)), *shown, ", ".join(remarks)
