"""The variables file of lwtnn: names of inputs with offset, scale and default, and names of outputs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jetloom.errors import CorruptFileError, MissingFileError
from jetloom.export.graphs.graph import Graph
from jetloom.export.lwtnn.document import SEQUENCES, VECTORS, InputNode, Output, Variable, variable, variable_json


@dataclass(frozen=True)
class Variables:
    """What the inputs and outputs of a network are called; nodes are in the order that the network has them in."""

    inputs: list[InputNode]
    sequences: list[InputNode]
    outputs: dict[str, list[str]]
    path: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the object of a variables file for graphs."""
        return {
            VECTORS: [_node(node) for node in self.inputs],
            SEQUENCES: [_node(node) for node in self.sequences],
            "outputs": [{"name": name, "labels": labels} for name, labels in self.outputs.items()],
        }

    def refuse(self, cause: str, where: str | None = None) -> None:
        """Raise the error of a file that does not fit."""
        raise CorruptFileError(
            cause, path=self.path, where=where, advice="jetloom export --skeleton writes one to fill"
        )


def _node(node: InputNode) -> dict[str, Any]:
    return {"name": node.name, "variables": [variable_json(one) for one in node.variables]}


def read_variables(path: Path) -> Variables:
    """Read a variables file, for graphs or for sequential networks.

    Raises
    ------
    MissingFileError, CorruptFileError
        If there is none, or it is cut, or of another shape.
    """
    if not path.is_file():
        raise MissingFileError(
            "there is no such file", path=path, advice="jetloom export --skeleton writes one to fill"
        )
    try:
        content = json.loads(path.read_bytes().decode("utf-8"))
        return _parsed(content, path)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        cause = f"has no {error}" if isinstance(error, KeyError) else str(error)
        raise CorruptFileError(f"is no variables file: {cause}", path=path) from None


def _parsed(content: Any, path: Path) -> Variables:
    if "class_labels" in content:
        defaults = content.get("defaults") or {}
        own = [variable(entry, defaults.get(entry["name"])) for entry in content["inputs"]]
        return Variables([InputNode("node_0", own)], [], {"out_0": [str(one) for one in content["class_labels"]]}, path)

    def nodes(key: str) -> list[InputNode]:
        entries = content[key]
        return [InputNode(str(entry["name"]), [variable(one) for one in entry["variables"]]) for entry in entries]

    outputs = {str(entry["name"]): [str(one) for one in entry["labels"]] for entry in content["outputs"]}
    if len(outputs) != len(content["outputs"]):
        raise ValueError("two outputs have one name")
    return Variables(nodes(VECTORS), nodes(SEQUENCES), outputs, path)


def skeleton(graph: Graph) -> Variables:
    """Return the variables of a network with names to fill in, offsets 0 and scales 1."""
    vectors, sequences = split_inputs(graph)

    def node(name: str) -> InputNode:
        own = [Variable(f"variable_{place}", 0.0, 1.0) for place in range(graph.variable_count(name))]
        return InputNode(name, own)

    outputs = {name: [f"out_{place}" for place in range(graph[name].size)] for name in graph.outputs}
    return Variables([node(name) for name in vectors], [node(name) for name in sequences], outputs)


def split_inputs(graph: Graph) -> tuple[list[str], list[str]]:
    """Return the inputs that are vectors, and those that are sequences; indices to embed are a sequence."""
    sequences = [name for name in graph.inputs if graph[name].is_sequence or graph.embeds(name)]
    return [name for name in graph.inputs if name not in sequences], sequences


def outputs_at(graph: Graph, variables: Variables, places: dict[str, int]) -> dict[str, Output]:
    """Return the outputs with their names and labels.

    Raises
    ------
    CorruptFileError
        If the file names another number of outputs, or another number of labels of one.
    """
    if len(variables.outputs) != len(graph.outputs):
        variables.refuse(f"names {len(variables.outputs)} outputs, and the network has {len(graph.outputs)}", "outputs")
    found = {}
    for own, (name, labels) in zip(graph.outputs, variables.outputs.items(), strict=True):
        if len(labels) != graph[own].size:
            variables.refuse(f"has {len(labels)} labels for {graph[own].size} values", f"outputs.{name}")
        if len(set(labels)) != len(labels):
            variables.refuse("has two labels of one name", f"outputs.{name}")
        found[name] = Output(labels, places[own])
    return found
