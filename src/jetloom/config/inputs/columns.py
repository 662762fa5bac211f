"""A variable of an input file: where it is, its type and unit, its title in plots."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from jetloom.config.limits import Index, Single
from jetloom.config.settings import Expression, Settings, Variable
from jetloom.expressions import legal_name

UNITS: dict[str, tuple[str, float]] = {
    "MeV": ("GeV", 1e-3),
    "1/MeV": ("1/GeV", 1e3),
    "keV": ("GeV", 1e-6),
    "um": ("mm", 1e-3),
    "cm": ("mm", 10.0),
    "m": ("mm", 1e3),
    "ps": ("ns", 1e-3),
}
"""Unit in a file, the unit that jetloom uses instead, and the factor between them. Other units stay as they are."""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def as_fields(value: object) -> object:
    """Return the variables of a list of branches, each under the legal form of its branch's name.

    Raises
    ------
    ValueError
        If two branches have one such name.
    """
    if not isinstance(value, list) or not all(isinstance(branch, str) for branch in value):
        return value
    found: dict[str, str] = {}
    for branch in value:
        name = legal_name(branch)
        if found.setdefault(name, branch) != branch:
            raise ValueError(
                f"the branches '{found[name]}' and '{branch}' have one legal name, '{name}'; name them yourself, as in "
                f"'{name}_2: {{branch: {branch}}}'"
            )
    return {name: {"branch": branch} for name, branch in found.items()}


Branches = Annotated[list[str], BeforeValidator(_as_list)]
Type = Literal["float32", "float64", "int32", "int64", "uint32", "uint64"]


class Column(Settings):
    """One variable: where it is in the file, its type and unit, its title in plots."""

    branch: Branches = Field(
        default_factory=list, description="Branch, or alternatives of which the first found is read; the key if empty."
    )
    expression: Expression | None = Field(
        None, description="Instead of a branch: computed from other variables of the collection, in jetloom's units."
    )
    container: str = Field(
        "", description="Container (style 'xaod') if it is another than that of the group, e.g. PrimaryVertices."
    )
    type: Type = Field("float32", description="Type in all results.")
    unit: str = Field("", description="Unit in the file; MeV, cm, um, ps, ... become GeV, mm and ns when read.")
    index: Index | None = Field(None, description="Element of a vector to take, e.g. 0: the primary vertex.")
    reduce: Literal["max", "min", "sum", "count"] | None = Field(
        None, description="What to make of a vector instead of taking an element, e.g. its largest element."
    )
    missing: list[Single] = Field(
        default_factory=list, description="Values in the file, before units, that say 'missing', e.g. [-999]."
    )
    optional: bool = Field(
        False,
        description="May be absent in a file: NaN there, and told. Integers that may be missing (also by `index`, "
        "`reduce` or `missing`) are stored as float64, which holds them exactly up to 2^53.",
    )
    internal: bool = Field(False, description="Only read for expressions, not kept.")
    matched: Variable | None = Field(
        None, description="Of the objects of this kind of `matches`, and no branch; jetloom sets it."
    )
    title: str = Field("", description="Axis title in plots; LaTeX between $.")
    meaning: str = Field("", description="What it is.")

    @model_validator(mode="after")
    def _one_way(self) -> Column:
        if self.index is not None and self.reduce is not None:
            raise ValueError("'index' and 'reduce' are two ways to treat a vector: give one of them")
        if self.missing and self.expression:
            raise ValueError("'missing' is of values in the file: give it to the variables of the expression")
        return self

    @property
    def factor(self) -> float:
        """Factor from the unit in the file to jetloom's unit."""
        return 1.0 if self.expression else UNITS.get(self.unit, ("", 1.0))[1]

    @property
    def unit_out(self) -> str:
        """Unit in all results: GeV, mm, ns, rad, or empty."""
        return UNITS.get(self.unit, (self.unit, 1.0))[0]
