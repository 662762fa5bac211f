"""What an archive of the old system does not say of its model: inputs in their order, classes, mean and scale."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from jetloom.config.limits import Single
from jetloom.config.settings import Expression, Name, Settings


class OldModel(Settings):
    """A model of the old system, for `jetloom apply --model old.zip --old old.yaml`."""

    schema_name: str = Field(alias="schema", description="Input schema of the files.")
    rows: Literal["jets", "events"] = Field("events", description="What a row is.")
    inputs: list[Expression] = Field(min_length=1, description="The inputs, in the order of the network's.")
    classes: list[Name] = Field(min_length=1, description="The classes, in the order of the network's outputs.")
    mean: list[Single] = Field(default_factory=list, description="Of each input; none where they lie in the network.")
    scale: list[Annotated[float, Field(gt=0)]] = Field(default_factory=list, description="Of each input.")
    select: list[Expression] = Field(default_factory=list, description="Cuts on rows.")

    @model_validator(mode="after")
    def _of_one_size(self) -> OldModel:
        for key in ("mean", "scale"):
            if len(getattr(self, key)) not in (0, len(self.inputs)):
                raise ValueError(f"{key}: {len(getattr(self, key))} numbers for {len(self.inputs)} inputs")
        if bool(self.mean) != bool(self.scale):
            raise ValueError("give 'mean' and 'scale' together, or neither")
        return self
