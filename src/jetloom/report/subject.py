"""What is evaluated: the best model of a task, with the data that it is asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from jetloom import provenance
from jetloom.evaluation.statistics.bootstrap import KEYS, Draws
from jetloom.io.stored import Stored, read_stored

if TYPE_CHECKING:
    from jetloom.data.dataset import Dataset
    from jetloom.data.view import View
    from jetloom.models.base import Model


@dataclass(frozen=True)
class Subject:
    """The best model of a task.

    Attributes
    ----------
    network : Keras model, or boosted trees
    model : Model
        The kind of network it is.
    dataset : Dataset
    learnt : sequence of str
        Classes that it was trained on.
    facts : mapping
        ``point``, ``run`` and ``fold`` of the model, the metric that it was ``ranked_by``, and ``warnings`` of its
        training.
    draws : Draws
        Seed and number of the replicas of the bootstrap; stored with the predictions.
    """

    network: Any
    model: Model
    dataset: Dataset
    learnt: Sequence[str]
    facts: Mapping[str, Any]
    draws: Draws

    @property
    def view(self) -> View:
        """The view of the dataset that the model was trained on."""
        return self.dataset.view(self.facts["fold"])

    @property
    def spectators(self) -> list[str]:
        """The columns of the spectators; keys of the events are written in any case."""
        columns = (entry["column"] for entry in self.dataset.description["spectators"])
        return list(dict.fromkeys(column for column in columns if column not in KEYS))

    def identity(self) -> dict[str, Any]:
        """Return what ``metrics.json`` says of where its numbers come from."""
        found: dict[str, Any] = {name: self.facts[name] for name in ("point", "run", "fold", "ranked_by", "warnings")}
        settings = {"seed": self.draws.seed, "bootstrap": self.draws.count}
        origin = provenance.origin(settings, {"dataset": self.dataset.fingerprint})
        task = self.dataset.description["task"]
        return found | {"task": task, "objective": self.model.objective.kind, "origin": origin}


class Evaluated(Stored):
    """What ``metrics.json`` says of any model."""

    objective: Literal["classifier", "density", "regression"]


def read_objective(directory: Path) -> str:
    """Return what the model was made for whose ``metrics.json`` lies in a directory.

    Raises
    ------
    MissingFileError, CorruptFileError
        If it is not there, damaged, or of another shape.
    """
    path = directory / "metrics.json"
    return read_stored(path, Evaluated, "run jetloom evaluate again", "run jetloom evaluate first").objective
