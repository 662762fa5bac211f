"""The formats by their names in the configuration."""

from __future__ import annotations

from importlib import import_module

from jetloom.errors import ConfigurationError, near_misses
from jetloom.export.format import Format

FORMATS = {
    "onnx": "jetloom.export.onnx.format:Onnx",
    "lwtnn": "jetloom.export.lwtnn.format:Lwtnn",
    "frugally_deep": "jetloom.export.frugally.format:FrugallyDeep",
    "saved_model": "jetloom.export.saved_model:SavedModel",
    "keras": "jetloom.export.keras_parts:KerasParts",
}
"""Name -> module:class."""


def find_format(name: str) -> Format:
    """Return a format.

    Raises
    ------
    ConfigurationError
        If there is none of this name.
    """
    if name not in FORMATS:
        raise ConfigurationError(f"there is no format '{name}'", where="export", advice=near_misses(name, FORMATS))
    module, _, attribute = FORMATS[name].partition(":")
    found: type[Format] = getattr(import_module(module), attribute)
    return found()
