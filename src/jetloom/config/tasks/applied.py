"""To what the best model of a task is applied, and what is written."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from jetloom.config.limits import Batch, Single
from jetloom.config.settings import Name, Settings, Variable


class Applied(Settings):
    """Files of samples that get columns with what the best model says, `output_<class>`, in results/.../applied/."""

    samples: list[Name] = Field(
        default_factory=list, description="Samples that the best model is applied to, of the task or others."
    )
    part: Literal["unseen", "test", "train", "all"] = Field(
        "unseen",
        description="Which events: 'unseen' refuses files with events that trained; 'test': those of the test part; "
        "'train': those that trained; 'all'. The column `output_part` says of each what it was. With folds each event "
        "is applied once, by the fold that never saw it.",
    )
    by: Literal["input", "class", "sample"] = Field(
        "input", description="One file an input (and a job each), a sample, or a class."
    )
    format: Literal["root", "rntuple", "hdf5"] = Field(
        "root", description="ROOT files with a TTree, with an RNTuple, or HDF5."
    )
    friend: bool = Field(
        False,
        description="Write the new columns only, for each entry of the samples' own files: friends of their trees.",
    )
    trees: list[str] = Field(
        default_factory=list,
        description="Trees of the samples' own files, such as those of systematic variations: [nominal, 'JET_*'].",
    )
    conditions: dict[Variable, Single] = Field(
        default_factory=dict, description="Values of the task's conditions for samples without one: {mass: 500}."
    )
    rows: Batch = Field(100_000, description="Rows that a network is given at once.")

    @property
    def reads_originals(self) -> bool:
        """Whether the samples' own files are read, and not the converted ones."""
        return self.friend or bool(self.trees)

    @model_validator(mode="after")
    def _possible(self) -> Applied:
        if self.friend and (self.format == "hdf5" or self.by != "input"):
            raise ValueError("a friend is a tree for each tree of an input: a ROOT file, one an input")
        if self.format == "hdf5" and len(self.trees) > 1:
            raise ValueError("an HDF5 file holds one tree: write ROOT files")
        return self
