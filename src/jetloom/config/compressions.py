"""Compressions: variables of a sample's files in few bytes, decoded again, and held against the originals."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from jetloom.config.jet_variables import SETS
from jetloom.config.settings import Name, Settings
from jetloom.errors import near_misses

BoundText = Annotated[
    str,
    BeforeValidator(lambda value: f"{value!r}" if type(value) in (int, float) else value),
    Field(pattern=r"^\s*(exact|[0-9.eE+-]+\s*%?)\s*$"),
    WithJsonSchema({"type": ["string", "number"]}),
]
"""0.1% is a part of the value, 0.001 a difference in its unit, 0 bit for bit."""


SetName = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if type(value) is int else value),
    WithJsonSchema({"type": ["string", "integer"]}),
]
"""A set is called by its size."""


class Compression(Settings):
    """Variables of the files of a sample, each within its bound."""

    title: str = Field("", description="Name in the report; the compression's key if empty.")
    sample: Name = Field(description="Sample whose files are compressed.")
    source: Literal["dxaod", "hdf5"] = Field(
        "hdf5", description="Compress the sample's own files, or the HDF5 files that they are converted to."
    )
    tree: str | None = Field(None, description="Tree of a ROOT file with several.")
    variables: SetName | None = Field(
        None,
        description="Set of variables of jets by name: 4, 16, 19, 24, 25, 27, with the numbers of run and event; null: "
        "those that `branches` names.",
    )
    prefix: str = Field(
        "AnalysisJets", description="With `variables`: container of the jets in the sample's own files."
    )
    branches: list[str] = Field(
        default_factory=list, description="Variables or patterns besides; all of the file if neither is given."
    )
    bounds: dict[str, BoundText] = Field(
        default_factory=dict,
        description="How far a variable, or all of a pattern, may lie off: {pt: 0.1%, eta: 0.001, '*Area*': 0}. What "
        "has none is kept bit for bit.",
    )
    entries: Annotated[int, Field(ge=1, le=10_000_000)] = Field(
        20_000, description="Entries of a block, which is what is read for one of them."
    )
    others: list[Name] = Field(
        default_factory=list,
        description="Other samples that are compressed alike for the report, with a warning where their values leave "
        "the range of this one.",
    )
    compared: Annotated[int, Field(ge=100, le=10_000_000)] = Field(
        100_000,
        description="Entries at most that figures, times and other compressors see; bounds are checked on all.",
    )
    scales: list[Annotated[float, Field(gt=0, le=1000)]] = Field(
        default_factory=lambda: [0.1, 0.3, 1.0, 3.0, 10.0],
        description="Factors on all bounds at which the curves of rate against distortion have their points.",
    )

    @field_validator("variables")
    @classmethod
    def _known_set(cls, value: str | None) -> str | None:
        if value is not None and value not in SETS:
            raise ValueError(f"no set of variables '{value}'; {near_misses(value, SETS)}")
        return value

    @model_validator(mode="after")
    def _not_itself(self) -> Compression:
        if self.sample in self.others:
            raise ValueError(f"others: '{self.sample}' is what is compressed")
        return self
