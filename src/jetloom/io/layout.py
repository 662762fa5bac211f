"""What a conversion writes: the columns of every table with their types, units and titles, known before any event."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jetloom.config.schema import EVENT_KEYS
from jetloom.errors import ConfigurationError, near_misses
from jetloom.io.widths import require_width

if TYPE_CHECKING:
    from jetloom.config.conversion import Conversion
    from jetloom.config.schema import Schema


@dataclass(frozen=True)
class Layout:
    """Columns of the events, the jets and each collection of the jets.

    Attributes
    ----------
    types : dict of str to dict of str to str
        By group (``events``, ``jets``, a collection) and column: the NumPy type, in the order of the result.
    units, titles : dict of str to dict of str to str
        By group and column: the unit (GeV, mm, ns, rad or empty) and the title of axes in plots.
    branches : dict of str to dict of str to str
        By group and column: the branch, where it has another name (the first of alternatives).
    """

    types: dict[str, dict[str, str]]
    units: dict[str, dict[str, str]]
    titles: dict[str, dict[str, str]]
    branches: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def unit(self) -> Literal["jets", "events"]:
        """What a row is: a jet, or an event where there are no jets."""
        return "jets" if self.types["jets"] else "events"

    @property
    def collections(self) -> list[str]:
        """Names of what belongs to the jets."""
        return [name for name in self.types if name not in ("events", "jets")]

    def as_json(self) -> dict[str, Any]:
        """Return a JSON-like form. The columns are lists of pairs, because sorting the keys would lose their order."""
        return {**asdict(self), "types": [[name, list(group.items())] for name, group in self.types.items()]}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Layout:
        """Read what :meth:`as_json` gives."""
        return cls(
            {name: dict(group) for name, group in value["types"]}, value["units"], value["titles"], value["branches"]
        )

    def only(self, collections: Iterable[str]) -> Layout:
        """Return the layout with some of the collections."""
        names = {"events", "jets", *collections}
        parts = (
            {key: value for key, value in part.items() if key in names}
            for part in (self.types, self.units, self.titles, self.branches)
        )
        return Layout(*parts)

    def jets_dtype(self) -> np.dtype[Any]:
        """Return the compound type of the table of jets: event columns, jet columns, numbers of constituents."""
        fields = [*self.types["events"].items(), *self.types["jets"].items()]
        return np.dtype(fields + [(f"n_{name}", "int32") for name in self.collections])

    def collection_dtype(self, name: str) -> np.dtype[Any]:
        """Return the compound type of the table of a collection: its columns and ``valid``."""
        return np.dtype([*self.types[name].items(), ("valid", "?")])

    def table_texts(self, kind: str) -> dict[str, dict[str, str]]:
        """Return the ``units``, ``titles`` or ``branches`` by table of the file, those of events with the jets."""
        texts: dict[str, dict[str, str]] = getattr(self, kind)
        return {"jets": {**texts["events"], **texts["jets"]}} | {name: texts[name] for name in self.collections}


def make_layout(schema: Schema, conversion: Conversion) -> Layout:
    """Choose the columns that a conversion keeps.

    Raises
    ------
    ConfigurationError
        If a collection or a variable of the configuration is not in the schema, with the near misses; or if a table has
        more columns than HDF5 can describe.
    """
    groups = ["events", "jets", *sorted(conversion.slots)]
    for name in {*conversion.variables, *conversion.select.constituents} - set(groups):
        schema.group(name)
        raise ConfigurationError(
            f"'{name}' is not converted",
            where="conversion.slots",
            advice=f"give it places, as in 'slots: {{{name}: 40}}'",
        )
    types: dict[str, dict[str, str]] = {}
    units: dict[str, dict[str, str]] = {}
    titles: dict[str, dict[str, str]] = {}
    branches: dict[str, dict[str, str]] = {}
    for name in groups:
        fields = schema.group(name).fields
        kept = kept_columns(schema, conversion, name) if name != "jets" or conversion.rows == "jets" else []
        types[name] = column_types(schema, name, kept)
        if name == "events":
            types[name] = EVENT_KEYS | types[name] | dict.fromkeys(conversion.event_variables, "float32")
        units[name] = {key: fields[key].unit_out for key in kept}
        titles[name] = {key: fields[key].title or key for key in kept}
        branches[name] = {key: spec.branch[0] for key in kept if (spec := fields[key]).branch and spec.branch[0] != key}
    layout = Layout(types, units, titles, branches)
    require_width({"jets": layout.jets_dtype()} | {name: layout.collection_dtype(name) for name in layout.collections})
    return layout


def column_types(schema: Schema, name: str, variables: Iterable[str]) -> dict[str, str]:
    """Return the types that variables of a group are stored in."""
    group = schema.group(name)
    fixed = EVENT_KEYS if name == "events" else {}
    return {variable: fixed.get(variable) or group.stored_type(variable) for variable in variables}


def kept_columns(schema: Schema, conversion: Conversion, name: str) -> list[str]:
    """Return the variables of a group that the result has, in the order of the schema or of the configuration."""
    known = schema.group(name).kept()
    chosen = conversion.variables.get(name, known)
    for variable in chosen:
        if variable not in known:
            raise ConfigurationError(
                f"the schema has no '{variable}'",
                where=f"conversion.variables.{name}",
                advice=near_misses(variable, known),
            )
    # The keys of the event and of its process are always needed, and pt orders constituents.
    always = [key for key in known if key in (*EVENT_KEYS, schema.channel)] if name == "events" else []
    if name not in ("events", "jets") and "pt" in known:
        always = ["pt"]
    return [*always, *(variable for variable in dict.fromkeys(chosen) if variable not in always)]
