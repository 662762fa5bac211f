"""All that applying a model takes besides its networks: inputs, cuts, what was fitted, how files are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from jetloom.config.conversion import Conversion
from jetloom.config.schema import EVENT_KEYS, Schema
from jetloom.config.tasks.task import DATA_SETTINGS, Task
from jetloom.data.building.collected import source_of
from jetloom.data.dataset import Dataset
from jetloom.data.description import Description
from jetloom.data.view import DataFacts
from jetloom.expressions import ROW, names_in
from jetloom.io.stored import Stored
from jetloom.models.base import Model
from jetloom.models.registry import find_model

FORMAT = "jetloom-recipe-1"
KEPT = {"fingerprint", "classes", "inputs", "collections", "views", "spectators", "target"}
"""What of ``dataset.json`` goes along with a model: nothing of its rows, and nothing of where they lie."""


class StoredRecipe(Stored):
    """A recipe as an archive holds it."""

    format: Literal["jetloom-recipe-1"]
    name: str
    point: str
    run: str
    models: dict[str, str]
    """File of each network by its fold, "" without folds."""
    digests: dict[str, str]
    task: dict[str, Any]
    dataset: dict[str, Any]
    conversion: dict[str, Any]
    schemas: dict[str, dict[str, Any]]
    units: dict[str, dict[str, str]]
    sources: list[str] = Field(default_factory=list)


@dataclass(frozen=True)
class Recipe:
    """How a model is applied.

    Attributes
    ----------
    name : str
        Name of the task.
    point, run : str
        Of the model.
    task : Task
        Its settings: inputs, cuts, collections, split, labels, model.
    dataset : mapping
        What ``dataset.json`` says, as far as it goes along (:data:`KEPT`).
    conversion : Conversion
        How files become rows.
    schemas : mapping of str to Schema
        By sample that trained.
    sources : sequence of str
        Digests of the files that the dataset was built from, and of the files that those were made from.
    """

    name: str
    point: str
    run: str
    task: Task
    dataset: Mapping[str, Any]
    conversion: Conversion
    schemas: Mapping[str, Schema]
    sources: frozenset[str] = field(default_factory=frozenset)

    @property
    def model(self) -> Model:
        """The kind of model."""
        return find_model(self.task.model)

    @property
    def fingerprint(self) -> str:
        """Of the dataset that it was trained on."""
        return str(self.dataset["fingerprint"])

    @property
    def classes(self) -> list[str]:
        """The classes, in the order of the outputs."""
        return [entry["name"] for entry in self.dataset["classes"]]

    @property
    def folds(self) -> list[int | None]:
        """The folds that there are models of; ``[None]`` without cross-validation."""
        return [entry["fold"] for entry in self.dataset["views"]]

    def facts(self, fold: int | None) -> DataFacts:
        """Return what the network of a fold was told of its data."""
        return Dataset(Path(), dict(self.dataset)).view(fold).facts

    @property
    def event_names(self) -> set[str]:
        """Names of variables that an event has, and not each of its jets."""
        return {*EVENT_KEYS, *(name for schema in self.schemas.values() for name in schema.events.fields)}

    def units(self) -> dict[str, dict[str, str]]:
        """Return the units of the variables that the model reads, by table and name, as the training had them."""
        needed = self.needed()
        found: dict[str, dict[str, str]] = {table: {} for table in needed}
        for schema in self.schemas.values():
            for table, names in needed.items():
                groups = [schema.events, schema.jets] if table == "jets" else [schema.collections.get(table)]
                for group in groups:
                    fields = {} if group is None else group.fields
                    found[table] |= {name: fields[name].unit_out for name in names if name in fields}
        return found

    def needed(self) -> dict[str, set[str]]:
        """Return the variables that inputs and cuts name, by table."""
        found: dict[str, set[str]] = {"jets": set()}
        for text in [*self.task.inputs, *self.task.select]:
            found["jets"] |= names_in(text)
        for name, settings in self.task.collections.items():
            table = source_of(name, settings)
            for text in [*settings.inputs, *settings.select, *([settings.sort] if settings.sort else [])]:
                for variable in names_in(text):
                    own = variable.removeprefix(f"{ROW}.")
                    found.setdefault("jets" if own != variable else table, set()).add(own)
        return found

    def stored(self, models: Mapping[str, str], digests: Mapping[str, str]) -> dict[str, Any]:
        """Return it as an archive holds it, see :class:`StoredRecipe`."""
        task = self.task.model_dump(mode="json", include={*DATA_SETTINGS, "model"}, by_alias=True)
        task["labels"] = [[name, label] for name, label in task["labels"].items()]  # in their order
        return {
            "format": FORMAT,
            "name": self.name,
            "point": self.point,
            "run": self.run,
            "models": dict(models),
            "digests": dict(digests),
            "task": task,
            "dataset": _without_places(self.dataset),
            "conversion": self.conversion.model_dump(mode="json"),
            "schemas": {name: schema.model_dump(mode="json") for name, schema in self.schemas.items()},
            "units": self.units(),
            "sources": sorted(self.sources),
        }

    @classmethod
    def from_stored(cls, stored: StoredRecipe) -> Recipe:
        """Read what :meth:`stored` gave.

        Raises
        ------
        ValueError
            If it is not of the shape that it should have.
        """
        labels = dict(map(tuple, stored.task["labels"]))
        task = Task.model_validate(stored.task | {"labels": labels, "samples": []})
        Description.model_validate({**stored.dataset, "parts": {}, "digests": {}, "samples": {}})
        return cls(
            stored.name,
            stored.point,
            stored.run,
            task,
            stored.dataset,
            Conversion.model_validate(stored.conversion),
            {name: Schema.model_validate(schema) for name, schema in stored.schemas.items()},
            frozenset(stored.sources),
        )


def _without_places(dataset: Mapping[str, Any]) -> dict[str, Any]:
    """Return a description without the files of its parts."""
    kept = {key: value for key, value in dataset.items() if key in KEPT}
    kept["views"] = [{**view, "train": [], "validation": [], "test": []} for view in kept["views"]]
    return kept
