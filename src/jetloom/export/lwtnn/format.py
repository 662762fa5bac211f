"""lwtnn as a format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from jetloom.export.format import Format, Tolerance
from jetloom.export.graphs.graph import Graph
from jetloom.export.lwtnn.document import InputNode, to_json
from jetloom.export.lwtnn.evaluator import Evaluator, preprocessed
from jetloom.export.lwtnn.variables import split_inputs
from jetloom.export.lwtnn.writer import without_masks, write_document
from jetloom.export.subject import VALID, Features, Subject

Array = npt.NDArray[Any]


class Lwtnn(Format):
    """One JSON in the dialect of graphs; missing values are defaults, the normalisation offsets and scales."""

    name: ClassVar[str] = "lwtnn"
    file: ClassVar[str] = "network.lwtnn.json"
    tolerance: ClassVar[Tolerance] = Tolerance(1e-5, 1e-5)
    replaces_infinities: ClassVar[bool] = True

    def write(self, subject: Subject, path: Path) -> None:
        """Write a network; see :func:`jetloom.export.lwtnn.writer.write_document`."""
        document, _ = write_document(subject.graph, subject.names)
        content = to_json(document) | {"jetloom": dict(subject.description)}
        path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")

    def evaluate(self, subject: Subject, path: Path, features: Features) -> list[Array]:
        """Return what NumPy says of the file, with its replacer of NaN."""
        return evaluate_features(Evaluator.open(path), without_masks(subject.graph), features)


def evaluate_features(evaluator: Evaluator, graph: Graph, features: Features) -> list[Array]:
    """Evaluate arrays as the network of Keras takes them, shape (rows, variables) or (rows, steps, variables).

    Only steps that are valid are given, where an input of the network says which these are.
    """
    document = evaluator.document
    names, sequences = split_inputs(graph)
    vectors = [
        preprocessed(np.asarray(features[name], float), node, replace_nan=True)
        for name, node in zip(names, document.inputs, strict=True)
    ]
    runs = [_run(name, node, features) for name, node in zip(sequences, document.sequences, strict=True)]
    found = evaluator.arrays(vectors, runs)
    return [found[name] for name in document.outputs]


def _run(name: str, node: InputNode, features: Features) -> tuple[Array, Array]:
    """Return a sequence without its empty slots, and the number of steps of each row."""
    values = np.asarray(features[name], float)
    values = values[..., None] if values.ndim == 2 else values
    values = preprocessed(values, node, replace_nan=True)
    if name + VALID not in features:
        return values, np.full(len(values), values.shape[1])
    valid = np.asarray(features[name + VALID]) != 0
    order = np.argsort(~valid, axis=1, kind="stable")
    return np.take_along_axis(values, order[..., None], axis=1), valid.sum(axis=1)
