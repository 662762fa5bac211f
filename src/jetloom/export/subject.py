"""What is exported: a network, its graph, the names of its inputs and outputs, and what a reader must know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.block import Block
from jetloom.data.view import Columns, DataFacts
from jetloom.export.graphs.graph import Graph
from jetloom.export.graphs.keras_graph import graph_of
from jetloom.export.lwtnn.document import InputNode, Variable
from jetloom.export.lwtnn.variables import Variables, skeleton, split_inputs
from jetloom.export.lwtnn.writer import without_masks
from jetloom.export.preprocessing import Preprocessing, taken_out
from jetloom.models.base import Model

Array = npt.NDArray[Any]
Features = Mapping[str, Array]
VALID = "_valid"
"""How the name of an input ends that says which slots of a collection are filled."""


@dataclass(frozen=True)
class Subject:
    """A network on its way out.

    Attributes
    ----------
    network : keras.Model
        The network.
    names : Variables
        What its inputs and outputs are called.
    description : mapping
        JSON-like: cuts, expressions, units, classes, digests; what a file cannot do by itself.
    """

    network: Any
    names: Variables
    description: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def graph(self) -> Graph:
        """Its graph."""
        return graph_of(self.network)

    @cached_property
    def prepared(self) -> dict[str, Preprocessing]:
        """What the network does to its inputs before its first layer."""
        return taken_out(without_masks(self.graph))[1]

    def outputs(self, features: Features) -> list[Array]:
        """Return what Keras says of rows, one array an output."""
        return called(self.network, self.graph.inputs, features)

    def filled(self, features: Features) -> dict[str, Array]:
        """Return features with the network's own values in the place of what is missing or infinite."""
        found = dict(features)
        for name, step in self.prepared.items():
            if step.missing is not None:
                values = features[name]
                found[name] = np.where(np.isfinite(values), values, step.missing).astype(values.dtype)
        return found

    @property
    def fills(self) -> list[str]:
        """The inputs in which values may be missing."""
        return [name for name, step in self.prepared.items() if step.missing is not None]


def arranged(network: Any, names: list[str], values: list[Any]) -> Any:
    """Return what a network takes, in the structure that it was built with: a tensor, a list, or by name."""
    if type(network).__name__ == "Functional" and isinstance(network.input, dict):
        places = {id(tensor): name for name, tensor in network.input.items()}
        keys = [places[id(tensor)] for tensor in network.inputs]
        return dict(zip(keys, values, strict=True))
    return values[0] if len(names) == 1 else values


def called(network: Any, names: list[str], features: Features) -> list[Array]:
    """Return what a network says of rows, one array an output."""
    found = network(arranged(network, names, [np.asarray(features[name]) for name in names]), training=False)
    return [np.asarray(one) for one in (found if isinstance(found, list | tuple) else [found])]


def features_of(graph: Graph, model: Model, jets: Block, facts: DataFacts) -> dict[str, Array]:
    """Return what a network takes of a block, by input."""
    found = model.features(jets, facts)
    return dict(found) if isinstance(found, dict) else {graph.inputs[0]: np.asarray(found)}


def names_of(network: Any, facts: DataFacts) -> Variables:
    """Return the names of a network's inputs and outputs: the columns and classes of its dataset.

    Inputs of a collection have its name; outputs have those of their layers, and the classes as labels.
    """
    graph = without_masks(graph_of(network))
    blank = skeleton(graph)
    vectors, sequences = split_inputs(graph)

    def named(name: str, node: InputNode) -> InputNode:
        columns: Columns = facts.collections.get(name, facts.rows)
        if len(columns.names) != len(node.variables):
            return node
        return InputNode(name, [Variable(one, 0.0, 1.0) for one in columns.names])

    labels = {
        name: list(facts.classes) if len(own) == len(facts.classes) else _target(own, facts)
        for name, own in blank.outputs.items()
    }
    return Variables(
        [named(name, node) for name, node in zip(vectors, blank.inputs, strict=True)],
        [named(name, node) for name, node in zip(sequences, blank.sequences, strict=True)],
        labels,
    )


def _target(own: list[str], facts: DataFacts) -> list[str]:
    return list(facts.target.names) if facts.target is not None and len(facts.target.names) == len(own) else own
