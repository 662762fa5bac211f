"""Objects of the event that jets are matched to: what of them becomes variables of the jets."""

from __future__ import annotations

from pydantic import Field, model_validator

from jetloom.config.inputs.columns import Column
from jetloom.config.limits import Angle
from jetloom.config.settings import Expression, Settings, Variable
from jetloom.errors import near_misses
from jetloom.expressions import names_in


class Matched(Settings):
    """Objects of the event, as long-lived particles; each belongs to the jet that is nearest to it, if one is.

    The jets get `<name>_matched` (1 or 0), `<name>_dr` and `<name>_<variable>`, NaN for jets without an object. Of
    a jet to which several are nearest, it is the nearest of them.
    """

    fields: dict[Variable, Column] = Field(description="The variables, as those of jets, `eta` and `phi` among them.")
    select: list[Expression] = Field(
        default_factory=list, description="Cuts on the objects, counted one by one, e.g. those of a fiducial volume."
    )
    jets: list[Expression] = Field(
        default_factory=list,
        description="Only jets that pass these cuts may be the nearest: [pt >= 40].",
    )
    within: Angle | None = Field(None, description="Largest distance in eta and phi; null: any.")

    @model_validator(mode="after")
    def _complete(self) -> Matched:
        for needed in ("eta", "phi"):
            if needed not in self.fields:
                raise ValueError(f"fields: '{needed}' is missing, by which the nearest jet is found")
        for cut in self.select:
            for name in sorted(names_in(cut) - set(self.fields)):
                raise ValueError(f"select: '{cut}': no variable '{name}'; {near_misses(name, self.fields)}")
        for name in {"matched", "dr"} & set(self.fields):
            raise ValueError(f"fields: '{name}' is what jetloom computes; choose another name")
        return self

    def columns(self, name: str) -> dict[str, Column]:
        """Return the variables that the jets get, by their names."""
        titles = {f"{name}_matched": f"Has a {name}", f"{name}_dr": f"Distance to the {name}"}
        found = {key: Column(title=title, optional=True, matched=name) for key, title in titles.items()}
        for key, spec in self.fields.items():
            title = spec.title or f"{key} of the {name}"
            found[f"{name}_{key}"] = Column(title=title, unit=spec.unit_out, optional=True, matched=name)
        return found
