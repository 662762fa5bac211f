"""What a reader of an exported file must know: how its inputs are made, what its outputs are, where it is from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jetloom import __version__
from jetloom.expressions import column_name
from jetloom.provenance import commit, digest

if TYPE_CHECKING:
    from jetloom.config.analysis import Analysis
    from jetloom.data.dataset import Dataset

UNITS = {"energies, momenta, masses": "GeV", "lengths": "mm", "times": "ns", "angles": "radians"}


def describe(analysis: Analysis, name: str, dataset: Dataset, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description of a task's best network.

    A file holds none of this by itself: cuts before the network, expressions that make its inputs (with their signs and
    logarithms), units, and what its outputs mean.

    Parameters
    ----------
    analysis : Analysis
        The configuration.
    name : str
        The task.
    dataset : Dataset
        That it was trained on.
    facts : mapping
        ``point``, ``run`` and ``ranked_by`` of the best point.
    """
    task, selection = analysis.tasks[name], analysis.conversion.select
    return {
        "task": name,
        "point": facts["point"],
        "run": facts["run"],
        "units": UNITS,
        "inputs": {column_name(text): text for text in task.inputs},
        "collections": {
            key: {"inputs": {column_name(text): text for text in one.inputs}, "settings": _settings(one)}
            for key, one in task.collections.items()
        },
        "cuts": {**selection.model_dump(mode="json"), "task": list(task.select)},
        "classes": {key: {"when": label.when, "title": label.title} for key, label in task.labels.items()},
        "target": task.target,
        "dataset": dataset.fingerprint,
        "configuration": digest(analysis.model_dump(mode="json")),
        "jetloom": __version__,
        "commit": commit(),
    }


def _settings(collection: Any) -> dict[str, Any]:
    found: dict[str, Any] = collection.model_dump(mode="json", exclude={"inputs"})
    return found
