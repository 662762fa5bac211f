"""The reference of the configuration, made from its models: a page for people and a JSON schema for editors."""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from jetloom.config.analysis import Analysis
from jetloom.config.inputs.columns import UNITS
from jetloom.config.limits import AtMost
from jetloom.config.schema import Schema
from jetloom.config.settings import EntryExpression, Expression, Name, Variable
from jetloom.expressions import CONSTANTS, FUNCTIONS

HEAD = """\
# Configuration

This page is written by `jetloom reference` from the code. Do not edit it: change the models in `src/jetloom/config/` or
the parameters in `src/jetloom/models/`, and run the verb again.

A configuration is a YAML (or JSON) file. Keys that do not stand in it have the default given here; unknown keys are
refused with the nearest known ones. `jetloom check my.yaml` checks a file, `jetloom check my.yaml --print-settings`
prints it with all defaults. `workflow/config.schema.json` is the same as a JSON schema, for editors: many complete and
check the keys of a file that begins with `# yaml-language-server: $schema=workflow/config.schema.json`.
"""

WORDS = {str: "text", int: "integer", float: "number", bool: "true or false", Any: "value"}
SIGNS: dict[type, tuple[str, str]] = {Gt: ("gt", ">"), Ge: ("ge", ">="), Lt: ("lt", "<"), Le: ("le", "<=")}


@dataclass(frozen=True)
class ModelEntry:
    """What the page says of a model of the registry."""

    parameters: type[BaseModel]
    meaning: str


def configuration_page(models: Mapping[str, ModelEntry], metrics: Mapping[str, str]) -> str:
    """Write the page.

    Parameters
    ----------
    models : mapping of str to ModelEntry
        The models by their names in the configuration.
    metrics : mapping of str to str
        The metrics that can rank points, and the direction of each.

    Returns
    -------
    str
        Markdown.
    """
    parts = [HEAD, "## Analysis\n", *_tables(Analysis)]
    parts += [_expressions(), _metrics(metrics), "## Model parameters\n"]
    parts.append(
        "A parameter stands in `tasks.<name>.parameters` (one value) or in `tasks.<name>.scan` (a list of values), "
        "not in both. The parameters of a point, defaults included, make its name.\n"
    )
    for name, entry in models.items():
        parts += [f"### model `{name}`\n", f"{entry.meaning}\n", _table(entry.parameters, {})]
    parts += [
        "## Input schema\n",
        "A file of its own, in `config/schemas/` or anywhere else, named by `samples.<name>.schema`.\n",
        *_tables(Schema),
        _units(),
    ]
    return "\n".join(parts)


def config_schema() -> str:
    """Write the JSON schema of the configuration (draft 2020-12)."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Analysis.model_json_schema(by_alias=True)}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def key_paths(model: type[BaseModel] = Analysis) -> set[str]:
    """Return the paths of all keys below a model, with ``<name>`` in the place of keys that the user chooses."""
    found = set()
    for path, inner in _sections(model, ""):
        found |= {f"{path}.{key}".lstrip(".") for key, _, _ in _fields(inner)}
    return found


def _tables(root: type[BaseModel]) -> Iterator[str]:
    """Write a table for a model and for each model inside of it, once each."""
    places: dict[type[BaseModel], str] = {}
    for path, model in _sections(root, ""):
        places.setdefault(model, path)
    for model, path in places.items():
        if path:
            yield f"### `{path}`\n"
        yield f"{_meaning(model)}\n"
        yield _table(model, places)


def _sections(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """Walk a model and the models inside of it, from the outside in, with the path of each."""
    yield path, model
    for key, hint, _ in _fields(model):
        for step, inner in _models_in(hint):
            yield from _sections(inner, f"{path}.{key}{step}".lstrip("."))


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, Any, FieldInfo]]:
    """Return key, type with everything that annotates it, and field."""
    hints = get_type_hints(model, include_extras=True)
    for name, field in model.model_fields.items():
        yield field.alias or name, hints[name], field


def _models_in(hint: Any) -> Iterator[tuple[str, type[BaseModel]]]:
    """Return the models that a type holds, each with the step of the path that leads to it."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield "", hint
    elif get_origin(hint) is dict:
        for step, model in _models_in(get_args(hint)[1]):
            yield f".<name>{step}", model
    else:
        for argument in get_args(hint):
            yield from _models_in(argument)


def _table(model: type[BaseModel], places: Mapping[type[BaseModel], str]) -> str:
    rows = ["| Key | Type | Default | Meaning |", "|---|---|---|---|"]
    for key, hint, field in _fields(model):
        cells = [f"`{key}`", _type(hint, field, places), _default(field), _plain(field.description or "")]
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _type(hint: Any, field: FieldInfo, places: Mapping[type[BaseModel], str]) -> str:
    """Say the type of a field: with its own bounds, which stand in its default, not in its annotation."""
    text = _word(hint, places)
    return text + "".join(_bounds(field.metadata)) if get_origin(hint) is not Annotated else text


def _word(hint: Any, places: Mapping[type[BaseModel], str]) -> str:
    """Say a type in words."""
    origin, arguments = get_origin(hint), get_args(hint)
    for known, word in (
        (Expression, "expression"),
        (EntryExpression, "expression"),
        (Name, "name"),
        (Variable, "variable"),
    ):
        if hint == known:
            return word
    if origin is Annotated:
        inner = _word(arguments[0], places)
        if any(isinstance(part, BeforeValidator) for part in arguments[1:]):
            inner = f"{inner.removeprefix('list of ')} or {inner}"
        return inner + "".join(_bounds(arguments[1:]))
    if origin is Literal:
        return "one of " + ", ".join(f"`{argument}`" for argument in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join("null" if part is type(None) else _word(part, places) for part in arguments)
    if origin is list:
        return f"list of {_word(arguments[0], places)}"
    if origin is dict:
        return f"mapping of {_word(arguments[0], places)} to {_word(arguments[1], places)}"
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        if hint not in places:  # of a parameter: it has no table of its own
            return "{" + ", ".join(hint.model_fields) + "}"
        return f"[keys]({_anchor(places[hint])})"
    return WORDS[hint]


def _bounds(metadata: Any) -> Iterator[str]:
    """Say the limits of a number, such as `` > 0``."""
    for part in metadata:
        if isinstance(part, FieldInfo):
            yield from _bounds(part.metadata)
        elif isinstance(part, AtMost):
            yield f", <= {part.limit:{',' if isinstance(part.limit, int) else 'g'}}"
        elif type(part) in SIGNS:
            attribute, sign = SIGNS[type(part)]
            yield f", {sign} {getattr(part, attribute):g}"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, BaseModel):
        return "its keys' defaults"
    return f"`{json.dumps(value)}`"


def _anchor(path: str) -> str:
    """Return the link to a heading, as GitHub and GitLab make it from the heading's text."""
    return "#" + "".join(letter for letter in path.lower() if letter.isalnum() or letter in "_-")


def _meaning(model: type[BaseModel]) -> str:
    return _plain((inspect.getdoc(model) or "").split("\n\n")[0].replace("\n", " ").replace("``", "`"))


def _plain(text: str) -> str:
    """Keep Markdown from taking ``<analysis>`` for a tag."""
    return text.replace("<", "\\<")


def _expressions() -> str:
    functions = ", ".join(f"`{name}`" for name in sorted(FUNCTIONS))
    constants = ", ".join(f"`{name}`" for name in CONSTANTS)
    return (
        "## Expressions\n\n"
        "Cuts, labels and inputs are expressions over variables, element by element, in the notation of Python: "
        "numbers, names, `+ - * / // % **`, comparisons (also chains such as `20 < pt < 100`), `and`, `or`, `not`, "
        "`in (4, 5)` and `not in (4, 5)`, and `& | ^ ~` for bits. Lengths are in mm, energies in GeV, times in ns, "
        "angles in radians; a number may have a unit (500 MeV, 2 cm). A comparison with NaN is false, but `!=` is "
        "true; NaN alone is neither true nor false. Integers have any sign and never wrap, whatever type the file has "
        "them in; what rounds is computed in double precision; a division by 0 gives an infinity or NaN.\n\n"
        "What is written for ROOT may stay: `&&`, `||`, `!`, `a ? b : c`, `TMath::Abs(x)` and its like, `pow(x, 2)`, "
        "`deltaR(eta1, phi1, eta2, phi2)`. Otherwise than there, `^` is for bits (a power is `**` or `pow`), `a < b "
        "< c` is a "
        "chain, and `log` is the natural logarithm. Branches whose names hold `.`, `(`, `)`, `-`, `*` or the like have "
        "legal names: each run of such letters becomes one `_`, at the ends none, and `_` comes before a digit at "
        "the start. So "
        "`lep1.Pt()` is `lep1_Pt`, which expressions may write either way; a schema's `branch` has the name in the "
        "file, and the "
        "attribute `branches` of converted files leads back to it. `a-b` is a difference: write `a_b` for that branch. "
        "What ROOT takes and jetloom does not (`Sum$(x)`, `TMath::Gaus`, casts) is refused by its name.\n\n"
        f"Functions: {functions}. Constants: {constants}.\n\n"
        "An input that is an expression gets a column named after its text, with `_` for what is not a letter or a "
        "digit: `log(pt)` is `log_pt`. `tasks.<name>.missing` uses these names. Under `tasks.<name>.collections` names "
        "are those of an entry of the collection, and `jets.pt` is a variable of its jet.\n"
    )


def _metrics(metrics: Mapping[str, str]) -> str:
    rows = ["| Metric | Better |", "|---|---|", *(f"| `{name}` | {better} |" for name, better in metrics.items())]
    return "## Metrics\n\n`tasks.<name>.search.rank_by` is one of these.\n\n" + "\n".join(rows) + "\n"


def _units() -> str:
    rows = [f"| {unit} | {wanted} | {factor:g} |" for unit, (wanted, factor) in UNITS.items()]
    return "### Units\n\n| In the file | In jetloom | Factor |\n|---|---|---|\n" + "\n".join(rows) + "\n"
