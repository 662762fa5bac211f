"""ONNX as a format."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy.typing as npt

from jetloom.export.format import Format, Tolerance
from jetloom.export.onnx.writer import Session, write_model
from jetloom.export.subject import Features, Subject


class Onnx(Format):
    """One file with the whole network, preprocessing included, and its description in the metadata."""

    name: ClassVar[str] = "onnx"
    file: ClassVar[str] = "network.onnx"
    tolerance: ClassVar[Tolerance] = Tolerance(1e-6, 1e-5, 1e-3)

    def write(self, subject: Subject, path: Path) -> None:
        """Write a network; see :func:`jetloom.export.onnx.writer.write_model`."""
        scaling = {
            name: {
                "offset": step.offset.tolist(),
                "scale": step.scale.tolist(),
                "missing": None if step.missing is None else step.missing.tolist(),
            }
            for name, step in subject.prepared.items()
        }
        description = {**subject.description, "schema": subject.names.to_json(), "scaling_inside": scaling}
        path.write_bytes(write_model(subject.graph, description).SerializeToString())

    def evaluate(self, subject: Subject, path: Path, features: Features) -> list[npt.NDArray[Any]]:  # noqa: ARG002
        """Return what onnxruntime says."""
        return Session(path)(features)
