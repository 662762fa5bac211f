"""Where a file says by itself what its events stand for: a histogram or a branch with the sum of weights."""

from __future__ import annotations

from pydantic import Field, model_validator

from jetloom.config.limits import Index
from jetloom.config.settings import Settings


class Bookkeeping(Settings):
    """The sum of generator weights of all generated events, in each file."""

    object: str = Field(description="Histogram or tree, by its path in the file: cutflow/sumw, or Runs.")
    bin: Index | None = Field(None, description="Of a histogram: the bin; 1 is the first.")
    branch: str | None = Field(None, description="Of a tree: the branch, summed over its entries.")

    @model_validator(mode="after")
    def _one_way(self) -> Bookkeeping:
        if (self.bin is None) == (self.branch is None):
            raise ValueError("give 'bin' of a histogram, or 'branch' of a tree")
        return self
