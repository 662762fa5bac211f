"""A network as a plain graph: what every format is written from, whatever the network was made with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Shape = tuple[int | None, ...]
INPUT = "InputLayer"


@dataclass(frozen=True)
class Node:
    """One use of a layer or an operation.

    Attributes
    ----------
    name : str
        Unique in the graph.
    kind : str
        Class of Keras 3, as ``Dense``.
    sources : list of str
        The nodes that it takes, in order.
    shape : tuple
        Of what it gives, without the rows; None for a number of steps that is free.
    config : mapping
        The configuration of the layer in the words of Keras 3.
    weights : list of array
        In the order of Keras.
    constants : mapping of int to array
        Arguments that are no nodes, by their place among all arguments.
    layer : str
        Name of the layer, for messages.
    """

    name: str
    kind: str
    sources: list[str]
    shape: Shape
    config: Mapping[str, Any] = field(default_factory=dict)
    weights: list[Array] = field(default_factory=list)
    constants: Mapping[int, Array] = field(default_factory=dict)
    layer: str = ""

    @property
    def title(self) -> str:
        """How messages name it: layer and kind."""
        return f"layer '{self.layer or self.name}' ({self.kind})"

    @property
    def is_sequence(self) -> bool:
        """Whether it gives a sequence of vectors."""
        return len(self.shape) == 2

    @property
    def size(self) -> int:
        """How many values a vector has that it gives."""
        return int(self.shape[-1] or 0) if self.shape else 1


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which each stands behind its sources.

    Attributes
    ----------
    nodes : dict of str to Node
    inputs, outputs : lists of str
        Names of nodes, in the order of the network.
    generation : int
        Version of Keras whose activations are meant: ``hard_sigmoid`` has another slope since 3.
    """

    nodes: dict[str, Node]
    inputs: list[str]
    outputs: list[str]
    generation: int = 3

    def __getitem__(self, name: str) -> Node:
        return self.nodes[name]

    def users(self, name: str) -> list[Node]:
        """Return the nodes that take what a node gives."""
        return [node for node in self.nodes.values() if name in node.sources]

    def embeds(self, name: str) -> bool:
        """Say whether an input holds indices that are embedded."""
        return any(user.kind == "Embedding" for user in self.users(name))

    def variable_count(self, name: str) -> int:
        """Return the number of variables of an input: of a vector, of a step, or the one index of a step."""
        return 1 if self.embeds(name) else self.nodes[name].size

    @property
    def parameters(self) -> int:
        """The number of weights; a layer that is used twice counts once."""
        layers = {node.layer or node.name: node.weights for node in self.nodes.values()}
        return sum(int(np.size(one)) for weights in layers.values() for one in weights)

    def without(self, gone: Mapping[str, str]) -> Graph:
        """Return the graph without some nodes; who took what they gave takes another node's.

        Parameters
        ----------
        gone : mapping of str to str
            Name of each node that goes, and of the node in its place.
        """

        def place(name: str) -> str:
            while name in gone:
                name = gone[name]
            return name

        nodes = {
            name: replace(node, sources=[place(source) for source in node.sources])
            for name, node in self.nodes.items()
            if name not in gone
        }
        return replace(self, nodes=nodes, outputs=[place(name) for name in self.outputs])

    def only_needed(self) -> Graph:
        """Return the graph without nodes that no output needs; inputs stay."""
        needed: set[str] = set(self.inputs)
        open_now = list(self.outputs)
        while open_now:
            name = open_now.pop()
            if name not in needed or name in self.inputs:
                needed.add(name)
                open_now += [source for source in self.nodes[name].sources if source not in needed]
        return replace(self, nodes={name: node for name, node in self.nodes.items() if name in needed})


def in_order(nodes: Iterable[Node]) -> dict[str, Node]:
    """Return nodes by their names, each behind its sources."""
    waiting, done = {node.name: node for node in nodes}, dict[str, Node]()
    while waiting:
        ready = [name for name, node in waiting.items() if all(source in done for source in node.sources)]
        if not ready:
            raise ValueError(f"nodes that feed each other, or lack a source: {', '.join(waiting)}")
        for name in ready:
            done[name] = waiting.pop(name)
    return done
