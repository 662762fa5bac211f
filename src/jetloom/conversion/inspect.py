"""What a file holds of a schema: each variable present, missing, empty or constant, and its range."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from jetloom.config.conversion import Conversion
from jetloom.config.schema import Container, Schema
from jetloom.io.dxaod import DxaodReader
from jetloom.io.root import open_source

Group = TypeVar("Group", bound=Container)
NEEDED = "missing, and needed"
HEADING = ("variable", "branch", "unit", "values", "smallest", "largest", "remark")


def inspect_file(path: Path, schema: Schema, collection: str | None, events: int) -> list[tuple[str, ...]]:
    """Read some events with all variables of a schema.

    Parameters
    ----------
    path : Path
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
    values: dict[str, list[npt.NDArray[np.generic]]] = {}
    with open_source(path, schema.trees) as source:
        reader = DxaodReader(source, _tolerant(schema), conversion)
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
        plans = reader.plan.groups
    lines: list[tuple[str, ...]] = [HEADING]
    for group in ("events", "jets", *schema.collections):
        for name, spec in schema.group(group).fields.items():
            key = f"{group}.{name}"
            plan = plans.get(group)
            if group in schema.collections and (plan is None or plan.kind is None):
                lines.append((key, "", spec.unit_out, "0", "", "", "no links from jets to this collection"))
                continue
            branch = spec.expression or (plan.branches.get(name, "") if plan else "")
            column = np.concatenate(values[key]) if key in values else np.zeros(0)
            lines.append((key, branch, spec.unit_out, *_described(column, bool(branch), spec.optional)))
    return lines


def _everything(schema: Schema, collection: str | None) -> Conversion:
    """Give a conversion that reads all there is; cuts that change nothing name what is not kept."""
    cuts = {
        name: [f"{key} == {key}" for key, spec in schema.group(name).fields.items() if spec.internal]
        for name in ("events", "jets", *schema.collections)
    }
    select = {"events": cuts.pop("events"), "jets": cuts.pop("jets"), "constituents": cuts}
    slots = dict.fromkeys(schema.collections, 1)
    return Conversion.model_validate({"collection": collection, "slots": slots, "select": select})


def _tolerant(schema: Schema) -> Schema:
    """Give the schema with all variables optional, so that the first missing one does not hide the next."""

    def tolerant(group: Group) -> Group:
        fields = {name: spec.model_copy(update={"optional": True}) for name, spec in group.fields.items()}
        return group.model_copy(update={"fields": fields})

    groups = {"events": tolerant(schema.events), "jets": tolerant(schema.jets)}
    return schema.model_copy(
        update={**groups, "collections": {name: tolerant(group) for name, group in schema.collections.items()}}
    )


def _described(column: npt.NDArray[np.generic], present: bool, optional: bool) -> tuple[str, str, str, str]:
    """Give number of values, extremes, and what is odd about them."""
    if not present:
        return "0", "", "", "missing" if optional else NEEDED
    numbers = column.astype(np.float64)
    known = numbers[np.isfinite(numbers)]
    if not len(column):
        return "0", "", "", "no values"
    if not len(known):
        return str(len(column)), "", "", "not a number in any of them"
    low, high = known.min(), known.max()
    remarks = [f"{1 - len(known) / len(numbers):.0%} not a number"] if len(known) < len(numbers) else []
    remarks += ["always the same"] if low == high and len(known) > 1 else []
    return str(len(column)), f"{low:.5g}", f"{high:.5g}", ", ".join(remarks)
