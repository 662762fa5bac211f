"""The parameters of JUNIPR, and the published sizes by name."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from jetloom.config.limits import Constituents, Width
from jetloom.models.base import Parameters

PRESETS: dict[str, dict[str, Any]] = {
    "junipr_2019": {
        "recurrence": "simple", "width": 10, "end_hidden": 10, "mother_hidden": 10, "branching_hidden": 10,
        "branching": "factorised", "previous": "value", "padding_class": True, "max_constituents": 100,
    },
    "paper": {
        "recurrence": "simple", "width": 100, "end_hidden": 100, "mother_hidden": 100, "branching_hidden": 100,
        "branching": "joint", "previous": "value", "padding_class": True, "max_constituents": 100,
    },
}  # fmt: skip
"""``junipr_2019`` is the implementation of 2019 (2,715 weights), ``paper`` that of arXiv:1804.09720 (1,062,402)."""

STRUCTURE = (
    "recurrence", "width", "end_hidden", "mother_hidden", "branching_hidden", "branching", "previous", "padding_class",
    "max_constituents",
)  # fmt: skip
"""The parameters that are the network's structure."""

ORDER = (0, 1, 3, 2)
"""The columns of (z, theta, phi, delta) in the order in which they are drawn: z, theta, delta, phi."""

SHAPES: dict[str, tuple[int, ...]] = {
    "seed": (4,), "daughters": (-1, 8), "mother": (-1, 4), "branching": (-1, 4), "rank": (-1,), "length": (),
}  # fmt: skip
"""Inputs of the network, shapes without the rows; -1 stands for the steps."""

INTEGERS = ("rank", "length")
"""Those of them that are numbers of something."""

SHAPING = ("granularity", "scaling", "momentum", "branching", "trees", "inputs")
"""What of the description of scaling and bins gives the weights their meaning."""


ENOUGH_UPDATES = 1000
"""On 1,000 jets, 130 updates in all (batches of 100) left binary JUNIPR at an area of 0.787, below the number of
constituents (0.849); 1,500 (batches of 10) brought 0.857."""


class JuniprParameters(Parameters):
    """Parameters of JUNIPR."""

    preset: Literal["junipr_2019", "paper"] | None = Field(
        None,
        description="Published sizes by name; what is given beside it replaces single ones. 'junipr_2019': 2,715 "
        "weights. 'paper': 1,062,402 weights. Both are made for jets of 100 constituents at most.",
    )
    recurrence: Literal["simple", "gru", "lstm"] = Field("simple", description="Kind of recurrent cell.")
    width: Width = Field(10, description="Size of the recurrent state.")
    end_hidden: Width = Field(10, description="Hidden units of the head of the end.")
    mother_hidden: Width = Field(10, description="Hidden units of the head of the mother.")
    branching_hidden: Width = Field(10, description="Hidden units of each head of the branching.")
    branching: Literal["factorised", "joint", "unique"] = Field(
        "factorised",
        description="'factorised': z, then theta, then delta, then phi, each with a network that sees those before. "
        "'joint': one softmax over granularity^4 bins. 'unique': one network with four softmaxes.",
    )
    previous: Literal["value", "bin"] = Field(
        "value", description="What a factorised network sees of those before: scaled values, or numbers of bins."
    )
    padding_class: bool = Field(
        True,
        description="One more class in the softmax of a branching, never right, as the implementation of 2019 has.",
    )
    head_dropout: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="Share of the hidden units of the heads that is left out in each step of training."
    )
    max_constituents: Constituents | None = Field(
        None, description="Outputs of the head of the mother; null: the most constituents that the trees may have."
    )

    @model_validator(mode="before")
    @classmethod
    def _named_sizes(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("preset") in PRESETS:
            return {**PRESETS[given["preset"]], **given}
        return given
