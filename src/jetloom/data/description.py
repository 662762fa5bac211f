"""``dataset.json``: what must stand in it for the dataset to be used."""

from __future__ import annotations

from typing import Any

from jetloom.io.stored import Stored


class ClassEntry(Stored):
    """A class, in the order of the network's outputs."""

    name: str


class InputEntry(Stored):
    """An input of the models."""

    column: str


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


class Description(Stored):
    """A dataset."""

    fingerprint: str
    classes: list[ClassEntry]
    inputs: list[InputEntry]
    views: list[ViewEntry]
    parts: dict[str, list[str]]
    digests: dict[str, str]
    samples: dict[str, dict[str, Any]]
