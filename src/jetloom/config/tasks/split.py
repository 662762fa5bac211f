"""How events are shared out over the parts, or the folds of a cross-validation."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from jetloom.config.limits import Seed
from jetloom.config.settings import Settings

FoldCount = Annotated[int, Field(ge=1, le=100)]


class Slices(Settings):
    """How many of the folds train, stop the training, and are what each model is applied to."""

    train: FoldCount = Field(description="Folds that train.")
    validation: FoldCount = Field(
        1, description="Folds that stop the training, those after the one of the application."
    )
    test: FoldCount = Field(
        1, description="Folds that a model is tested and applied on: one, so that each event has one."
    )


class Split(Settings):
    """Shares of the parts. An event's part follows from a hash of its run and event number alone."""

    train: Annotated[float, Field(gt=0, lt=1)] = Field(0.7, description="Share that trains.")
    validation: Annotated[float, Field(gt=0, lt=1)] = Field(0.15, description="Share that stops the training.")
    test: Annotated[float, Field(gt=0, lt=1)] = Field(0.15, description="Share that does neither.")
    folds: Annotated[int, Field(ge=0, le=100)] = Field(
        0,
        description="k-fold cross-validation: 0, or 3 and more. One tests, the next validates, the others train.",
    )
    slices: Slices | None = Field(
        None, description="How the folds are shared: {train: 3, validation: 1, test: 1} of 5. Null: one validates."
    )
    salt: Seed = Field(0, description="Another number gives another split.")

    @model_validator(mode="after")
    def _whole(self) -> Split:
        total = self.train + self.validation + self.test
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"train + validation + test must be 1, not {total:g}")
        if self.slices is not None:
            total_slices = self.slices.train + self.slices.validation + self.slices.test
            if total_slices != self.folds:
                raise ValueError(
                    f"slices: train + validation + test is {total_slices}, and there are {self.folds} folds"
                )
            if self.slices.test != 1:
                raise ValueError(
                    f"slices.test: with {self.folds} folds and as many models each event is applied once only if it "
                    f"is 1, "
                    f"not {self.slices.test}"
                )
        if self.folds in (1, 2):
            raise ValueError("folds must be 0 (none) or at least 3: one tests, one validates, the others train")
        return self
