"""Preparation of what belongs to a jet, as data: named transforms with their limits, and what they mean in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from jetloom.config.limits import Single
from jetloom.config.settings import Settings, Variable

KEYS: dict[str, tuple[str, ...]] = {
    "relative": ("to", "origin", "angles"),
    "flip": ("by",),
    "fractions": (),
    "scale": ("lowest", "highest"),
    "limit": ("lowest", "highest"),
}
"""The transforms, and the keys that each has besides its variables."""


class Transform(Settings):
    """A step of the preparation of variables of a collection.

    `relative` measures them from the leading entry or from the jet; `flip` changes their sign where their weighted sum
    over the entries of the jet is negative, each by its own; `fractions` divides them by their sum (0 where it is 0);
    `scale` maps `lowest` and `highest` to 0 and 1, and cuts nothing; `limit` puts what lies beyond at the limits.
    """

    use: Literal["relative", "flip", "fractions", "scale", "limit"] = Field(
        description="'relative': differences to the leading entry or to the jet; 'flip': the sign that makes the "
        "weighted sum over the entries of the jet positive; 'fractions': shares of the sum, 0 where it is 0; 'scale': "
        "`lowest` and `highest` become 0 and 1; 'limit': what lies beyond them is put there."
    )
    variables: Annotated[list[Variable], Field(min_length=1)] = Field(description="The variables.")
    to: Literal["leading", "jets"] = Field(
        "leading", description="relative: 'leading', the first entry of the jet that has a place; or 'jets', the jet."
    )
    origin: dict[Variable, Variable] = Field(
        default_factory=dict, description="relative: the origin's variable, where it has another name: {phiDir: phi}."
    )
    angles: list[Variable] = Field(
        default_factory=list, description="relative: variables whose differences lie within -pi and pi."
    )
    by: Variable = Field("pt", description="flip: the weight of the sum.")
    lowest: Single | None = Field(None, description="scale, limit: in jetloom's units (GeV, mm, ns); of a scale 0.")
    highest: Single | None = Field(None, description="scale, limit: in jetloom's units.")

    @model_validator(mode="after")
    def _fits(self) -> Transform:
        fields = type(self).model_fields
        for key, default in ((name, fields[name].get_default(call_default_factory=True)) for name in fields):
            if key not in ("use", "variables", *KEYS[self.use]) and getattr(self, key) != default:
                raise ValueError(f"'{key}' is no key of '{self.use}'")
        for key in ("origin", "angles"):
            for name in sorted(set(getattr(self, key)) - set(self.variables)):
                raise ValueError(f"{key}: '{name}' is none of its variables")
        if self.use == "scale" and self.highest is None:
            raise ValueError("'highest' is needed: what becomes 1")
        if self.use == "limit" and self.lowest is None and self.highest is None:
            raise ValueError("'lowest' or 'highest' is needed")
        low = 0.0 if self.lowest is None and self.use == "scale" else self.lowest
        if low is not None and self.highest is not None and low >= self.highest:
            raise ValueError(f"'lowest', {low:g}, is not below 'highest', {self.highest:g}")
        return self

    @property
    def start(self) -> float:
        """What a scale maps to 0."""
        return self.lowest or 0.0

    def origin_of(self, name: str) -> str:
        """Return the variable of the leading entry, or of the jet, that one is measured from."""
        return self.origin.get(name, name)

    def reads(self) -> set[str]:
        """Return the variables that it needs; those of the jet as ``jets.<name>``."""
        found = set(self.variables)
        if self.use == "relative":
            of_jets = "jets." if self.to == "jets" else ""
            found |= {of_jets + self.origin_of(name) for name in self.variables}
        return found | ({self.by} if self.use == "flip" else set())

    def text(self, units: Mapping[str, str]) -> dict[str, str]:
        """Return it as a formula with units, and its inverse, if it has one."""
        parts = [self._formula(name, units.get(name, "")) for name in self.variables]
        forward, inverse = ("; ".join(each) for each in zip(*parts, strict=True))
        lost = {
            "flip": "none: the sign is lost",
            "fractions": "none: the sum is lost",
            "limit": "none beyond the limits",
        }
        return {"forward": forward, "inverse": lost.get(self.use, inverse)}

    def _formula(self, name: str, unit: str) -> tuple[str, str]:
        def number(value: float | None, without: str = "") -> str:
            return without if value is None else f"{value:g} {unit}".strip()

        if self.use == "relative":
            origin = f"{self.origin_of(name)} of the {'leading entry' if self.to == 'leading' else 'jet'}"
            return f"{name} - {origin}{' within -pi and pi' if name in self.angles else ''}", f"{name} + {origin}"
        if self.use == "scale":
            width = number((self.highest or 0.0) - self.start)
            return f"({name} - {number(self.start)}) / {width}", f"{name} * {width} + {number(self.start)}"
        forward = {
            "flip": f"{name} * (1 if sum({name} * {self.by}) >= 0 else -1)",
            "fractions": f"{name} / ({' + '.join(self.variables)})",
            "limit": f"{name} within {number(self.lowest, '-inf')} and {number(self.highest, 'inf')}",
        }[self.use]
        return forward, ""
