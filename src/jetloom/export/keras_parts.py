"""A network as an architecture that people can read, and weights beside it: what programs for Keras take apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy.typing as npt

from jetloom.export.format import Format, Tolerance
from jetloom.export.subject import Features, Subject, called

ARCHITECTURE, WEIGHTS, VARIABLES = "architecture.json", "network.weights.h5", "variables.json"


class KerasParts(Format):
    """A directory of architecture (text), weights (HDF5) and variables (text)."""

    name: ClassVar[str] = "keras"
    file: ClassVar[str] = "keras"
    tolerance: ClassVar[Tolerance] = Tolerance(1e-6, 1e-6)
    is_directory: ClassVar[bool] = True

    def write(self, subject: Subject, path: Path) -> None:
        """Write a network."""
        path.mkdir()
        text = json.dumps(json.loads(subject.network.to_json()), indent=1)
        (path / ARCHITECTURE).write_text(text + "\n", encoding="utf-8")
        subject.network.save_weights(path / WEIGHTS)
        variables = subject.names.to_json() | {"jetloom": dict(subject.description)}
        (path / VARIABLES).write_text(json.dumps(variables, indent=1) + "\n", encoding="utf-8")

    def evaluate(self, subject: Subject, path: Path, features: Features) -> list[npt.NDArray[Any]]:
        """Return what the network says that the two files make together."""
        import keras

        network = keras.models.model_from_json((path / ARCHITECTURE).read_text(encoding="utf-8"))
        network.load_weights(path / WEIGHTS)
        return called(network, subject.graph.inputs, features)
