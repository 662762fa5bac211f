"""The models by their names in the configuration."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from jetloom.code_digests import own_imports, training_code
from jetloom.config.tasks import Task
from jetloom.errors import ConfigurationError, MissingFileError, near_misses, shown
from jetloom.models.base import Model
from jetloom.provenance import digest, file_digest

MODELS = {
    "dense": "jetloom.models.dense:Dense",
    "bdt": "jetloom.models.bdt:Bdt",
    "junipr": "jetloom.models.junipr.model:JuniprModel",
    "junipr_conditional": "jetloom.models.junipr.conditional:JuniprConditionalModel",
    "junipr_binary": "jetloom.models.junipr.binary:JuniprBinaryModel",
}
"""Name in the configuration -> module:class. The module may import Keras inside its functions only."""

OWN = ".py:"
"""What the name of a model in a file of the user's own has in it."""


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
        return _own_model(name)
    if name not in MODELS:
        raise ConfigurationError(f"no model '{name}'", where="model", advice=near_misses(name, MODELS))
    module, _, attribute = MODELS[name].partition(":")
    found: type[Model] = getattr(import_module(module), attribute)
    return found()


def own_parameters(task: Task, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that a task decides: those that come with the models it starts from say nothing of it."""
    theirs = find_model(task.model).inherited if task.starts else frozenset()
    return {name: value for name, value in parameters.items() if name not in theirs}


def model_code(name: str) -> str:
    """Return a digest of the code that decides the numbers of trainings of a model.

    Other code makes other numbers, so it is a part of what makes a training stale.
    """
    model = find_model(name)
    module = type(model).__module__
    if module.startswith("jetloom."):
        return training_code(model.trainer, module.removeprefix("jetloom."))
    path = Path(str(sys.modules[module].__file__))
    return digest([file_digest(path), training_code(model.trainer, *own_imports(path.read_bytes()))])


def _own_file(name: str) -> Path:
    path = Path(name.rpartition(":")[0])
    if not path.is_file():
        raise MissingFileError("there is no such file", path=path, where="model")
    return path


def _own_model(name: str) -> Model:
    """Import a file and make the model that it holds."""
    path, attribute = _own_file(name), name.rpartition(":")[2]
    module = _imported(path)
    kind = getattr(module, attribute, None)
    if not (isinstance(kind, type) and issubclass(kind, Model)):
        known = [key for key, value in vars(module).items() if isinstance(value, type) and issubclass(value, Model)]
        raise ConfigurationError(
            f"has no model '{attribute}' (a subclass of jetloom.models.base.Model)",
            path=path,
            advice=near_misses(attribute, set(known) - {"Model"}),
        )
    return kind()


def _imported(path: Path) -> ModuleType:
    # Under one name, so that layers which the file registers with Keras are registered once.
    name = f"jetloom_own_{path.stem}_{file_digest(path)[-12:]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the user's file does
        raise ConfigurationError(f"cannot be imported ({type(error).__name__}: {error})", path=path) from error
    sys.modules[name] = module
    return module


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
