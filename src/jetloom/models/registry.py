"""The models by their names in the configuration."""

from __future__ import annotations

import sys
from collections.abc import Set
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jetloom.code_digests import training_code
from jetloom.config.tasks.task import Task
from jetloom.errors import ConfigurationError, near_misses, shown
from jetloom.models.base import Model
from jetloom.models.objectives.objective import Objective
from jetloom.models.own import OWN, blamed, check_methods, defined_at, line_of, own_class, own_code, own_file

MODELS = {
    "dense": "jetloom.models.dense:Dense",
    "deep_sets": "jetloom.models.deep_sets:DeepSets",
    "deep_sets_with_jets": "jetloom.models.deep_sets:DeepSetsWithJets",
    "bdt": "jetloom.models.bdt:Bdt",
    "displaced": "jetloom.models.displaced.model:Displaced",
    "displaced_adversarial": "jetloom.models.displaced.adversarial:DisplacedAdversarial",
    "junipr": "jetloom.models.junipr.model:JuniprModel",
    "junipr_conditional": "jetloom.models.junipr.conditional:JuniprConditionalModel",
    "junipr_binary": "jetloom.models.junipr.binary:JuniprBinaryModel",
}
"""Name in the configuration -> module:class. The module may import Keras inside its functions only."""


def find_model(name: str) -> Model:
    """Return the model of a name, or of a class in a file of the user's own: ``my_models.py:Residual``.

    Raises
    ------
    ConfigurationError
        If there is none; the message names the near misses.
    MissingFileError
        If there is no such file.
    """
    if OWN in name:
        kind = own_class(name, Model, "model", "model")
        check_methods(kind, Model, "model")
        with blamed(kind, "cannot be made"):
            own: Model = kind()
        if not isinstance(own.reads, Set) or not all(isinstance(collection, str) for collection in own.reads):
            raise ConfigurationError(
                f"'{type(own).__name__}' reads {own.reads!r}, which is no set of collections",
                path=own_file(name, "model"),
                advice='write for instance reads = frozenset({"tracks"}); trees are "branchings"',
            )
        _check_objective(own, own_file(name, "model"))
        return own
    if name not in MODELS:
        raise ConfigurationError(f"no model '{name}'", where="model", advice=near_misses(name, MODELS))
    module, _, attribute = MODELS[name].partition(":")
    found: type[Model] = getattr(import_module(module), attribute)
    return found()


def _check_objective(model: Model, path: Path) -> None:
    """Refuse an objective of a model of the user's own that is none, or that cannot rank its points."""
    objective = model.objective
    if not isinstance(objective, Objective):
        raise ConfigurationError(
            f"its objective is {objective!r}, which is none",
            path=path,
            where=f"{line_of(type(model))}, {type(model).__name__}",
            advice="write for instance objective = Classification(), with the brackets",
        )
    where, own = defined_at(type(objective), "objective")
    if own is not None:
        check_methods(type(objective), Objective, "objective")
    if objective.ranked_by not in model.point_metrics():
        raise ConfigurationError(
            f"is ranked by '{objective.ranked_by}', and has no such metric",
            path=own or path,
            where=where,
            advice=near_misses(objective.ranked_by, model.point_metrics()),
        )


def own_parameters(task: Task, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that a task decides: those that come with the models it starts from say nothing of it."""
    theirs = find_model(task.model).inherited if task.starts else frozenset()
    return {name: value for name, value in parameters.items() if name not in theirs}


def model_code(name: str) -> str:
    """Return a digest of the code that decides the numbers of trainings of a model."""
    model = find_model(name)
    module = type(model).__module__
    if module.startswith("jetloom."):
        return training_code(model.trainer, module.removeprefix("jetloom."))
    return own_code(model.trainer, Path(str(sys.modules[module].__file__)))


def task_code(task: Task) -> list[str]:
    """Return digests of the code that decides the numbers of a task's trainings: of its model and of its callbacks.

    Other code makes other numbers, so it is a part of what makes a training stale.
    """
    trainer = find_model(task.model).trainer
    callbacks = task.training.callbacks
    return [model_code(task.model), *(own_code(trainer, own_file(one.use, "training.callbacks")) for one in callbacks)]


def resolve_parameters(model: Model, given: dict[str, object], where: str = "parameters") -> dict[str, object]:
    """Check parameters and complete them with the model's defaults.

    Returns
    -------
    dict
        Every parameter of the model, JSON-like, in the order of their declaration.

    Raises
    ------
    ConfigurationError
        For an unknown parameter (with near misses) or a wrong value.
    """
    known = model.parameters.model_fields
    for name in given:
        if name not in known:
            raise ConfigurationError(
                f"the model has no parameter '{name}'", where=where, advice=near_misses(name, known)
            )
    try:
        return model.parameters.model_validate(given).model_dump(mode="json")
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        # A validator of ours says it all; pydantic's own messages do not name the value.
        own = first["type"] == "value_error"
        cause = str(first["ctx"]["error"]) if own else f"{first['msg']}, not {shown(first['input'])}"
        raise ConfigurationError(cause, where=f"{where}.{name}".rstrip(".")) from None
