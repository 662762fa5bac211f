"""``dataset.json``: what must stand in it for the dataset to be used."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from jetloom.io.stored import Stored


class ClassEntry(Stored):
    """A class, in the order of the network's outputs."""

    name: str


class InputEntry(Stored):
    """An input of the models."""

    column: str


class CollectionEntry(Stored):
    """A collection that belongs to the jets."""

    inputs: list[InputEntry]
    slots: int


class Fitted(Stored):
    """What was fitted of a collection on the training part."""

    mean: list[float]
    std: list[float]
    missing: list[float]


class Spread(Stored):
    """What was fitted of the target on the training part."""

    mean: list[float]
    std: list[float]


class RepetitionEntry(Stored):
    """Rows of the training part that train several times."""

    limit: float
    extra: dict[str, int]


class ViewEntry(Stored):
    """One way to use the dataset: its parts by role, and what was fitted on the training part."""

    fold: int | None
    weight: str
    train: list[str]
    validation: list[str]
    test: list[str]
    mean: list[float]
    std: list[float]
    missing: list[float] | None
    collections: dict[str, Fitted] = Field(default_factory=dict)
    target: Spread | None = None
    categories: dict[str, list[float]] = Field(default_factory=dict)
    repetition: RepetitionEntry | None = None


class Description(Stored):
    """A dataset."""

    fingerprint: str
    classes: list[ClassEntry]
    inputs: list[InputEntry]
    views: list[ViewEntry]
    parts: dict[str, list[str]]
    digests: dict[str, str]
    samples: dict[str, dict[str, Any]]
    collections: dict[str, CollectionEntry] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _all_fitted(self) -> Description:
        for view in self.views:
            if view.collections.keys() != self.collections.keys():
                raise ValueError("a view has not all collections")
        return self
