"""How much each row counts in the loss: from generator weight and cross-section to the shares of the classes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from jetloom.config.limits import Bins, GroupShare
from jetloom.config.settings import Name, Settings, Variable
from jetloom.errors import near_misses


class Flatten(Settings):
    """Reweight every class to the spectrum of one class in some variables."""

    to: Name = Field(description="The class whose spectrum the others get.")
    variables: dict[Variable, Bins] = Field(description="Variables and their numbers of bins: {pt: 20, eta: 10}.")


class Match(Settings):
    """Make the spectra of the classes equal by drawing: what a class has more of in a bin than the rarest is left out.

    With `event: false` the numbers of jets become equal; with event weights the shapes of the weighted spectra.
    """

    variables: dict[Variable, Bins] = Field(
        description="Variables and their numbers of bins: {pt: 20}. Bins of equal content of the rarest class."
    )


class Group(Settings):
    """Classes that together have a share of the sum of weights; among themselves they keep their yields."""

    classes: list[Name] = Field(min_length=1, description="The classes.")
    share: GroupShare = Field(1.0, description="Share, over the sum of the shares of all groups.")


class Weights(Settings):
    """How much each jet counts in the loss."""

    event: bool = Field(True, description="Use generator weight x cross-section / sum of weights; otherwise 1.")
    negative: Literal["keep", "absolute", "drop"] = Field(
        "keep", description="Negative generator weights: as they are, made positive, or the jets dropped (and counted)."
    )
    equalise: bool = Field(True, description="Scale the classes to the same sum of weights (mean weight 1).")
    groups: dict[Name, Group] = Field(
        default_factory=dict,
        description="Instead of `equalise`: groups of classes with their shares of the sum of weights, "
        "{signal: {classes: [hh], share: 1}, backgrounds: {classes: [tt, dy], share: 1}}. Each class is in one.",
    )
    repeat_above: Annotated[float, Field(gt=0.5, lt=1)] | None = Field(
        None,
        description="Rows of a training whose weight is above this quantile (0.95, say) are repeated floor(weight / "
        "quantile) times with a share of the weight each, so that the sum stays; parts on disk do not change.",
    )
    flatten: Flatten | None = Field(None, description="Reweight one spectrum to another.")
    match: Match | None = Field(
        None, description="Match the spectra by drawing jets instead; what is left out is counted."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Weights:
        if self.flatten is not None and self.match is not None:
            raise ValueError("'flatten' and 'match' are two ways to one end: give one of them")
        return self

    def check_classes(self, classes: list[str]) -> None:
        """Require that each class is in one group.

        Raises
        ------
        ValueError
            With the class.
        """
        grouped = [name for group in self.groups.values() for name in group.classes]
        for name in [*grouped, *classes] if self.groups and classes else []:
            if name not in classes:
                raise ValueError(f"weights.groups: no class '{name}'; {near_misses(name, classes)}")
            if grouped.count(name) != 1:
                raise ValueError(f"weights.groups: '{name}' is in {grouped.count(name)} groups; each class is in one")

    @property
    def variables(self) -> list[str]:
        """Variables whose spectra are made alike."""
        rule = self.flatten or self.match
        return [] if rule is None else list(rule.variables)
