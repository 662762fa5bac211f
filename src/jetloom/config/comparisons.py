"""Comparisons: several models on one test part."""

from __future__ import annotations

import itertools
from typing import Annotated

from pydantic import Field, NonNegativeInt, field_validator, model_validator

from jetloom.config.limits import Bins, Single
from jetloom.config.settings import Name, Settings, Variable

BASELINES = ("constituents_given_seed", "seed_and_constituents")
"""Models of a comparison that are not trained by a task: see :mod:`jetloom.evaluation.ratio.baselines`."""


class Ratio(Settings):
    """Two density models as one classifier: log P of the signal's model minus that of the background's."""

    signal: Name = Field(description="Task whose model learnt the signal class (the second class of the labels).")
    background: Name = Field(description="Task whose model learnt the background class.")
    title: str = Field("", description="Name in plots; the ratio's key if empty.")
    seed: bool = Field(
        False,
        description="Add the log ratio of the classes' densities of the jet's energy and mass, which the models take "
        "as given; counted in bins on the training part.",
    )
    head_weights: bool = Field(
        False,
        description="Weigh the heads (end, mother, z, theta, delta, phi, and the seed if it is added) by a logistic "
        "regression on the validation part, instead of adding them up. The ratio is then no longer that of two "
        "densities as they are, but a classifier made of them.",
    )


class Comparison(Settings):
    """The best models of several tasks that share a dataset, on its test part."""

    title: str = Field("", description="Name in plots; the comparison's key if empty.")
    tasks: list[Name] = Field(min_length=1, description="Tasks of classifiers that share one dataset.")
    ratios: dict[Name, Ratio] = Field(
        default_factory=dict, description="Likelihood ratios of pairs of density models, by the name they get."
    )
    baselines: bool = Field(
        True,
        description="Hold ratios of densities against what energy, mass and the number of constituents say alone, on "
        "the same jets (without ratios there is nothing to hold).",
    )
    variable: Variable = Field("pt", description="Spectator in whose bins the area under the ROC curve is shown.")
    edges: list[Single] = Field(
        default_factory=list, description="Edges of these bins; bins of equal numbers of jets if empty."
    )
    bins: Bins = Field(6, description="Number of bins of equal numbers of jets.")
    trees: Annotated[NonNegativeInt, Field(le=100)] = Field(
        6, description="Jets whose trees are drawn, with the log ratio at each branching."
    )

    @field_validator("edges")
    @classmethod
    def _rising(cls, edges: list[float]) -> list[float]:
        if edges and (len(edges) < 2 or any(low >= high for low, high in itertools.pairwise(edges))):
            raise ValueError("edges must be at least two, and rise")
        return edges

    @model_validator(mode="after")
    def _names_of_their_own(self) -> Comparison:
        names = [*self.tasks, *self.ratios, *(BASELINES if self.holds_baselines else ())]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two of its models have the name '{name}'")
        return self

    @property
    def holds_baselines(self) -> bool:
        """Whether there are baselines among its models."""
        return self.baselines and bool(self.ratios)

    @property
    def pairs(self) -> dict[str, Ratio]:
        """One ratio of each pair of density models, the plainest that there is: log P is the same for all."""
        found: dict[tuple[str, str], str] = {}
        for name, ratio in sorted(self.ratios.items(), key=lambda entry: (entry[1].seed, entry[1].head_weights)):
            found.setdefault((ratio.signal, ratio.background), name)
        return {name: self.ratios[name] for name in found.values()}
