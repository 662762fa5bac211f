"""Which branches of a file hold the variables of a schema."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jetloom.config.schema import EVENT_KEYS, Constituents
from jetloom.errors import ConfigurationError, MissingObjectError, close_names, near_misses
from jetloom.expressions import names_in
from jetloom.io.layout import column_types, kept_columns
from jetloom.io.root.event_needs import used_in_events

if TYPE_CHECKING:
    from jetloom.config.conversion import Conversion
    from jetloom.config.inputs.columns import Column
    from jetloom.config.schema import Schema
    from jetloom.io.root.files import Source

LOG = logging.getLogger(__name__)
UNREADABLE = "cannot be read"
SPLIT = "only members that are branches of their own can be read (split level 1 or more), so write the file again"
XAOD = ("{c}AuxDyn.{f}", "{c}Aux.{f}", "{c}AuxDyn:{f}", "{c}Aux:.{f}", "{c}Aux:{f}")
"""Where the variable ``f`` of the container ``c`` may be: dynamic, static, and both as RNTuple."""


@dataclass(frozen=True)
class Group:
    """The events, the jets or a collection, as one file has them.

    Attributes
    ----------
    fields : dict of str to Column
        The variables that are needed: kept ones, those of cuts, and those of expressions.
    types : dict of str to str
        The types that they are stored in.
    branches : dict of str to str
        Variable to branch, for those that the file has.
    link : dict of str to str
        ``branch``, ``count`` and ``target`` of the link to the jets.
    kind : str or None
        Kind of the link; None if the file has no links.
    key : int or None
        Key of the container in ElementLinks.
    """

    fields: dict[str, Column]
    types: dict[str, str]
    branches: dict[str, str]
    link: dict[str, str] = field(default_factory=dict)
    kind: str | None = None
    key: int | None = None


@dataclass(frozen=True)
class Plan:
    """What to read from one file, and what it lacks.

    Attributes
    ----------
    groups : dict of str to Group
        The events, the jets and the collections.
    absent : dict of str to str
        Variables such as ``jets.width`` and collections without values in this file, and the branch that it lacks.
        A variable that is computed is among them if one that goes into it is.
    remarks : dict of str to str
        Of a tolerant plan: what is wrong with each variable that cannot be read, or what name may be meant.
    matches : dict of str to Group
        The objects that jets are matched to, of the kinds that the file has.
    """

    groups: dict[str, Group]
    absent: dict[str, str]
    remarks: dict[str, str] = field(default_factory=dict)
    matches: dict[str, Group] = field(default_factory=dict)

    def branches(self) -> list[str]:
        """Return all branches to read, each once."""
        names: dict[str, None] = {}
        for group in [*self.groups.values(), *self.matches.values()]:
            names |= dict.fromkeys([*group.branches.values(), *group.link.values()])
        return list(names)


def make_plan(source: Source, schema: Schema, conversion: Conversion, tolerant: bool = False) -> Plan:
    """Find the branches that a conversion needs in a file.

    Parameters
    ----------
    source : Source
        The open tree.
    schema : Schema
        What its branches mean.
    conversion : Conversion
        Says which variables are kept and cut on.
    tolerant : bool
        Plan with what there is, also if needed variables are missing or cannot be read.

    Raises
    ------
    MissingObjectError
        If the file lacks a variable that is not optional, with the near misses among its branches; or if a branch
        holds something that cannot become a column.
    ConfigurationError
        If a cut names a variable that the schema does not have.
    """
    finder = _Finder(source, schema, tolerant)
    jets = _jet_container(schema, conversion)
    groups: dict[str, Group] = {}
    absent: dict[str, str] = {}
    for name in ["events", "jets", *sorted(conversion.slots)]:
        fields = needed_columns(schema, conversion, name)
        types = column_types(schema, name, fields)
        container = schema.group(name)
        if isinstance(container, Constituents):
            found = finder.link(container, jets)
            if found is None:
                LOG.warning("%s: no links from jets to '%s' in this file: it stays empty", source.path, name)
                absent[name] = (container.link.branch or ["links"])[0]
                groups[name] = Group(fields, types, {})
                continue
            branches = finder.columns(name, container.container, fields)
            groups[name] = Group(fields, types, branches, found, container.link.kind, container.link.key)
        else:
            branches = finder.columns(name, jets if name == "jets" else container.container, fields)
            groups[name] = Group(fields, types, branches)
        absent |= {key: branch for key, branch in finder.absent.items() if key.startswith(f"{name}.")}
        absent |= _computed_without(name, fields, absent)
    matches = {}
    for name in dict.fromkeys(spec.matched for spec in groups["jets"].fields.values() if spec.matched):
        wanted = schema.matches[name].fields
        if lacking := finder.lacking(wanted):
            LOG.warning("%s: has no '%s', so no jet is matched to a '%s'", source.path, lacking, name)
            columns = schema.matches[name].columns(name)
            absent |= {f"jets.{key}": lacking for key in groups["jets"].fields if key in columns}
            continue
        matches[name] = Group(wanted, dict.fromkeys(wanted, "float32"), finder.columns(name, "", wanted))
    return Plan(groups, absent, finder.remarks, matches)


def _computed_without(name: str, fields: dict[str, Column], absent: dict[str, str]) -> dict[str, str]:
    """Return the computed variables of a group that cannot be, because one that goes into them is absent."""
    found = {}
    for key, spec in fields.items():
        for needed in sorted(names_in(spec.expression)) if spec.expression else ():
            if f"{name}.{needed}" in absent:
                found[f"{name}.{key}"] = absent[f"{name}.{needed}"]
    return found


def needed_columns(schema: Schema, conversion: Conversion, name: str) -> dict[str, Column]:
    """Return the variables of a group to read: kept, used by cuts or checks, or by the expressions of those."""
    fields = schema.group(name).fields
    plain = name != "jets" or conversion.rows == "jets"
    needed = dict.fromkeys(kept_columns(schema, conversion, name) if plain else ())
    needed |= dict.fromkeys(used_in_events(schema, conversion, name))
    needed |= dict.fromkeys(_used_in_cuts(schema, conversion, name))
    if name == "events" and conversion.good_runs is not None and "lumi_block" in fields:
        needed["lumi_block"] = None
    if name == "events" and schema.channel is not None:
        needed[schema.channel] = None
    if name == "jets":
        needed |= dict.fromkeys(key for key in ("pt", "eta", "phi", "m") if key in fields)
    for key in list(needed):
        if expression := fields[key].expression:
            needed |= dict.fromkeys(sorted(names_in(expression)))
    fixed = EVENT_KEYS if name == "events" else {}
    return {key: fields[key].model_copy(update={"type": fixed.get(key, fields[key].type)}) for key in needed}


def _used_in_cuts(schema: Schema, conversion: Conversion, name: str) -> Iterator[str]:
    """Return the variables of a group that cuts use; cuts on jets see the variables of their events too."""
    select = conversion.select
    own = schema.group(name).fields
    for level, cuts in (("events", select.events), ("jets", select.jets), *select.constituents.items()):
        seen = {"jets": ("events", "jets")}.get(level, (level,))
        if level == "jets" and schema.unit == "events":
            continue
        if name not in seen:
            continue
        visible = {variable for group in seen for variable in schema.group(group).fields} | set(EVENT_KEYS)
        for cut in cuts:
            for variable in sorted(names_in(cut)):
                if variable not in visible:
                    advice = near_misses(variable, visible)
                    cause = f"'{cut}': the schema has no variable '{variable}'"
                    raise ConfigurationError(cause, where=f"conversion.select.{level}", advice=advice)
                if variable in own:
                    yield variable


def _jet_container(schema: Schema, conversion: Conversion) -> str:
    """Return the container of the jets: the schema's own, or the one that the configuration asks for."""
    if conversion.collection is None:
        return schema.jets.container
    if schema.naming == "flat":
        raise ConfigurationError(
            "only schemas of style 'xaod' can read another jet collection",
            where="conversion.collection",
            advice="write a schema with the branches of that collection",
        )
    return conversion.collection


class _Finder:
    """Looks branches up under the names that a naming style allows."""

    def __init__(self, source: Source, schema: Schema, tolerant: bool) -> None:
        self._source = source
        self._tolerant = tolerant
        self.remarks: dict[str, str] = {}
        self.absent: dict[str, str] = {}
        self._xaod = schema.naming == "xaod"

    def find(self, owner: str, branches: list[str]) -> str | None:
        patterns = XAOD if self._xaod else ("{f}",)
        for branch in branches:
            for pattern in patterns:
                name = self._source.names.get(pattern.format(c=owner, f=branch))
                if name is not None:
                    return name
        return None

    def columns(self, group: str, owner: str, fields: dict[str, Column]) -> dict[str, str]:
        found = {}
        for key, spec in fields.items():
            if spec.expression or spec.matched:
                continue
            name = self.find(spec.container or owner, spec.branch or [key])
            if name is None:
                self._lack(f"{group}.{key}", spec.container or owner, (spec.branch or [key])[0], spec.optional)
            elif self._is_readable(f"{group}.{key}", name):
                found[key] = name
        return found

    def lacking(self, fields: dict[str, Column]) -> str:
        """Return the first branch of some variables that the file lacks; empty if it lacks none."""
        for key, spec in fields.items():
            if not spec.expression and self.find(spec.container, spec.branch or [key]) is None:
                return (spec.branch or [key])[0]
        return ""

    def link(self, constituents: Constituents, jets: str) -> dict[str, str] | None:
        """Find the branches of a link; None if the file has no such links."""
        link, container = constituents.link, constituents.container
        if link.kind == "nested":
            first = next(key for key, spec in constituents.fields.items() if not spec.expression)
            return {} if self.find(container, constituents.fields[first].branch or [first]) else None
        owner = container if link.kind in ("jet_index", "index_pairs") else jets
        found: dict[str, str] = {}
        for part, branches in (("branch", link.branch), ("count", link.count), ("target", link.target)):
            name = self.find(owner, branches)
            if name is not None:
                found[part] = name
            elif branches:
                return None
        return found

    def _is_readable(self, variable: str, branch: str) -> bool:
        """Say whether a branch can become a column; refuse one that cannot, also where the variable is optional."""
        reason = self._source.why_unreadable(branch)
        if reason and not self._tolerant:
            cause = f"cannot be the variable '{variable}' of the schema: {reason}"
            raise MissingObjectError(cause, path=self._source.path, where=branch.rsplit("/", 1)[-1])
        if reason:
            self.remarks[variable] = f"{UNREADABLE}: '{branch}': {reason}"
            self.absent[variable] = branch
        return not reason

    def _lack(self, variable: str, owner: str, branch: str, optional: bool) -> None:
        """Refuse a file that lacks a needed variable; a tolerant plan keeps what may be meant."""
        wanted = XAOD[0].format(c=owner, f=branch) if self._xaod else branch
        self.absent[variable] = wanted
        if self._tolerant:
            self.remarks[variable] = self._near(owner, branch, close_names)
        elif not optional:
            raise MissingObjectError(
                f"has no branch '{wanted}' (variable '{variable}' of the schema)",
                path=self._source.path,
                where=self._source.found.name,
                advice=self._near(owner, branch, near_misses),
            )

    def _near(self, owner: str, branch: str, search: Callable[[str, Iterable[str]], str]) -> str:
        """Say which branch may be meant, first among those of the same container, by their names in it."""
        names = {name for name in self._source.names if "/" not in name}
        if not self._xaod:
            return search(branch, names)
        if self._source.is_within(f"{owner}Aux.", branch):
            return f"it is inside of '{owner}Aux.', which was written as one object: {SPLIT}"
        starts = [pattern.format(c=owner, f="") for pattern in XAOD]
        inside = {name.removeprefix(start) for start in starts for name in names if name.startswith(start)} - {""}
        return search(branch, inside) if inside else search(XAOD[0].format(c=owner, f=branch), names)
