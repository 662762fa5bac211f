"""The dictionary of variables, made from the input schemas: every variable with its branch, type, unit and meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jetloom.config.inputs.columns import Column
from jetloom.config.schema import Constituents, Container, Schema

_HEAD = """# Variables

What the schemas in `config/schemas/` read from files, made from them by `jetloom reference`. Units are those of all
results (GeV, mm, ns, radians); in brackets the unit in the file where it is another one. With `conversion.slots` there
is also `n_<collection>`: how many of a collection a jet had before the places were filled.
"""


def variables_page(schemas: Mapping[str, Schema]) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    schemas : mapping of str to Schema
        By name, in the order of the page.
    """
    parts = [_HEAD]
    for name, schema in schemas.items():
        trees = ", ".join(f"`{tree}`" for tree in schema.trees)
        parts.append(f"## `{name}`\n\n{schema.meaning or name}; tree {trees}.\n")
        parts.append(_table("Events", schema.events, schema))
        parts += [_table("Jets", schema.jets, schema)] if schema.jets.fields else []
        parts += [_table(f"`{key}`", group, schema) for key, group in schema.collections.items()]
    return "\n".join(parts)


def _table(title: str, group: Container, schema: Schema) -> str:
    where = f", container `{group.container}`" if schema.naming == "xaod" and group.container else ""
    link = f", found by `{group.link.kind}`" if isinstance(group, Constituents) else ""
    lines = [f"### {title}{where}{link}\n", "| variable | branch | type | unit | meaning |", "|---|---|---|---|---|"]
    for name, column in group.fields.items():
        cells = (f"`{name}`", _source(name, column), column.type, _unit(column), _meaning(column))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _source(name: str, column: Column) -> str:
    if column.expression:
        return f"computed: `{column.expression}`"
    branches = " or ".join(f"`{branch}`" for branch in column.branch or [name])
    index = "" if column.index is None else f", element {column.index}"
    return f"{branches}{index}{', optional' if column.optional else ''}"


def _unit(column: Column) -> str:
    return column.unit_out if column.unit_out == column.unit else f"{column.unit_out} ({column.unit})"


def _meaning(column: Column) -> str:
    """Return the title without its unit, and the meaning."""
    title = re.sub(r"\s*\[[^\]]*\]\s*$", "", column.title)
    return "; ".join(part for part in (title, column.meaning, "not kept" if column.internal else "") if part)
