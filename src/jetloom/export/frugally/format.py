"""frugally-deep as a format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from jetloom.errors import ParityError
from jetloom.export.format import Format, Tolerance
from jetloom.export.frugally.reader import read_graph
from jetloom.export.frugally.writer import VERSION, check_layers, write_content
from jetloom.export.graphs.graph import Graph, Node
from jetloom.export.graphs.numpy_graph import evaluate
from jetloom.export.parity import deviations
from jetloom.export.preprocessing import taken_out
from jetloom.export.rows import ramp_features
from jetloom.export.subject import Features, Subject

Array = npt.NDArray[Any]


class FrugallyDeep(Format):
    """One JSON with weights and a test that the loader replays; missing values must be filled before.

    Parameters
    ----------
    version : str
        Of the library that is to read the file.
    """

    name: ClassVar[str] = "frugally_deep"
    file: ClassVar[str] = "network.fdeep.json"
    tolerance: ClassVar[Tolerance] = Tolerance(1e-4, 1e-4)
    holds_missing: ClassVar[bool] = False

    def __init__(self, version: str = VERSION) -> None:
        self.version = version

    def write(self, subject: Subject, path: Path) -> None:
        """Write a network; see :func:`jetloom.export.frugally.writer.write_content`."""
        graph = undistributed(taken_out(subject.graph, scaling=False)[0])
        check_layers(graph, self.version)
        row = {name: np.asarray(values[:1]) for name, values in ramp_features(subject).items()}
        test = {name: values[0] for name, values in row.items()}, [one[0] for one in subject.outputs(row)]
        fill = {
            name: dict(zip(_variables(subject, name), map(float, subject.prepared[name].missing), strict=False))  # type: ignore[arg-type]
            for name in subject.fills
        }
        description = {**subject.description, "fill_missing_before": fill}
        content = write_content(graph, description, test, self.version)
        path.write_text(json.dumps(content, allow_nan=False, separators=(",", ":")), encoding="utf-8")

    def evaluate(self, subject: Subject, path: Path, features: Features) -> list[Array]:  # noqa: ARG002
        """Return what NumPy says of the file, whose embedded test is replayed first, as the C++ loader does."""
        graph, (inputs, outputs) = read_graph(path)
        far = deviations([one[None] for one in outputs], evaluate(graph, {k: v[None] for k, v in inputs.items()}))
        if far.max() > self.tolerance.limit:
            raise ParityError(f"does not pass its own test: {far.max():.2g}", path=path)
        return evaluate(graph, features)


def _variables(subject: Subject, name: str) -> list[str]:
    nodes = [*subject.names.inputs, *subject.names.sequences]
    return next((node.names for node in nodes if node.name == name), [])


def undistributed(graph: Graph) -> Graph:
    """Return the graph with plain layers in the place of TimeDistributed: Dense and its like work on the last axis."""

    def plain(node: Node) -> Node:
        if node.kind != "TimeDistributed" or node.config["layer"]["class_name"] not in ("Dense", "Activation"):
            return node
        inner = node.config["layer"]
        return Node(node.name, inner["class_name"], node.sources, node.shape, inner["config"], node.weights)

    nodes = {name: plain(node) for name, node in graph.nodes.items()}
    return Graph(nodes, graph.inputs, graph.outputs, graph.generation)
