"""The densities that a JUNIPR starts from: loading them, and refusing those that do not fit together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jetloom.errors import ConfigurationError
from jetloom.models.junipr.parameters import SHAPING
from jetloom.models.stored_network import load_network


def load_unary(path: Path, where: str) -> Any:
    """Return the layer of a saved density.

    Parameters
    ----------
    path : Path
        A ``model.keras`` of the model ``junipr``.
    where : str
        The key that names it, for the message.

    Raises
    ------
    CorruptFileError
        If it is no Keras model that can be loaded.
    ConfigurationError
        If it is another kind of model.
    """
    import jetloom.models.junipr.network  # noqa: F401 - registers the layers

    network = load_network(path)
    if network.name != "junipr":
        raise ConfigurationError(f"{path} is a model '{network.name}', not 'junipr'", where=where)
    return network.get_layer("junipr")


def refuse_differences(densities: dict[str, Any], binning: dict[str, Any]) -> None:
    """Refuse densities whose scaling, bins or trees are not the dataset's. Their sizes may differ.

    Parameters
    ----------
    densities : dict
        Their layers, by the key that names them.
    binning : dict
        That of the dataset.

    Raises
    ------
    ConfigurationError
        Naming the first difference.
    """
    for where, layer in densities.items():
        for key in SHAPING:
            found, expected = layer.binning.get(key), binning.get(key)
            if found != expected:
                raise ConfigurationError(
                    f"was trained with another '{key}' than the dataset has: {_difference(found, expected)}",
                    where=where,
                    advice="train it anew on this dataset",
                )


def _difference(found: Any, expected: Any) -> str:
    """Say where two JSON-like values differ first."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in sorted({*found, *expected}):
            if found.get(key) != expected.get(key):
                return f"{key} {_difference(found.get(key), expected.get(key))}"
    return f"{found}, not {expected}"
