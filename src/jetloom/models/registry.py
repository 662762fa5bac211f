"""The models by their names in the configuration."""

from __future__ import annotations

from importlib import import_module

from pydantic import ValidationError

from jetloom.errors import ConfigurationError, near_misses
from jetloom.models.base import Model

MODELS = {
    "dense": "jetloom.models.dense:Dense",
    "junipr": "jetloom.models.junipr.model:JuniprModel",
}
"""Name in the configuration -> module:class. The module may import Keras inside its functions only."""


def find_model(name: str) -> Model:
    """Give the model of a name.

    Raises
    ------
    ConfigurationError
        If there is none; the message names the near misses.
    """
    if name not in MODELS:
        raise ConfigurationError(f"no model '{name}'", where="model", advice=near_misses(name, MODELS))
    module, _, attribute = MODELS[name].partition(":")
    found: type[Model] = getattr(import_module(module), attribute)
    return found()


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
        raise ConfigurationError(f"{first['msg']}, not {first['input']!r:.60}", where=f"{where}.{name}") from None
