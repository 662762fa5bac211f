"""Writing the JSON of lwtnn from a graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from jetloom.export.graphs.graph import INPUT, Graph, Node
from jetloom.export.lwtnn import entries
from jetloom.export.lwtnn.document import Document, InputNode, Variable
from jetloom.export.lwtnn.document import Node as Step
from jetloom.export.lwtnn.variables import Variables, outputs_at, skeleton, split_inputs
from jetloom.export.preprocessing import Preprocessing, taken_out
from jetloom.export.refusals import WAYS_OUT, refuse

FORM = "lwtnn"
NOTHING = ("Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization")
"""Layers that do nothing but in a training."""


@dataclass
class _Builder:
    """Nodes and layers so far, and where the values of each node of the graph are."""

    graph: Graph
    nodes: list[Step] = field(default_factory=list)
    layers: list[dict[str, Any]] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    shared: dict[str, int] = field(default_factory=dict)
    """The layer of each layer of Keras: one that is used twice is written once."""

    def step(self, kind: str, sources: list[int], index: int | None = None) -> int:
        self.nodes.append(Step(kind, sources, index))
        return len(self.nodes) - 1

    def layer(self, node: Node, entry: dict[str, Any], kind: str, source: int, part: str = "") -> int:
        key = f"{node.layer or node.name} {part}"
        if key not in self.shared:
            self.layers.append(entry)
            self.shared[key] = len(self.layers) - 1
        return self.step(kind, [source], self.shared[key])


def write_document(graph: Graph, variables: Variables | None = None) -> tuple[Document, dict[str, Preprocessing]]:
    """Return a network as a document of lwtnn, and what became of the preprocessing inside it.

    Parameters
    ----------
    graph : Graph
        The network.
    variables : Variables, optional
        Names of its inputs and outputs, with an offset and a scale that are applied before the network's own
        preprocessing; by default ``variable_0``, ... and ``out_0``, ...

    Raises
    ------
    RefusedNetworkError
        If lwtnn has no layer of some kind; it is named.
    CorruptFileError
        If the names do not fit the network.
    """
    network, prepared = taken_out(without_masks(graph))
    for node in network.nodes.values():
        # Before the names of inputs are looked at: what no name can mend.
        if node.kind in WAYS_OUT and node.kind not in _WRITERS:
            refuse(node, FORM)
    variables = variables or skeleton(network)
    builder = _Builder(network)
    vectors, sequences = split_inputs(network)
    inputs = _inputs(builder, vectors, variables, variables.inputs, "input", prepared)
    runs = _inputs(builder, sequences, variables, variables.sequences, "input_sequence", prepared)
    for node in network.nodes.values():
        if node.kind != INPUT:
            builder.places[node.name] = _written(builder, node)
    outputs = outputs_at(network, variables, builder.places)
    return Document(inputs, runs, builder.nodes, builder.layers, outputs), prepared


def _inputs(
    builder: _Builder,
    names: list[str],
    variables: Variables,
    nodes: list[InputNode],
    kind: str,
    prepared: dict[str, Preprocessing],
) -> list[InputNode]:
    """Write the inputs of a kind; return their variables."""
    if len(names) != len(nodes):
        variables.refuse(f"names {len(nodes)} nodes of type {kind}, and the network has {len(names)}")
    for place, name in enumerate(names):
        builder.places[name] = builder.step(kind, [place], builder.graph.variable_count(name))
    return [_input(builder.graph, name, node, prepared) for name, node in zip(names, nodes, strict=True)]


def _input(graph: Graph, name: str, node: InputNode, prepared: dict[str, Preprocessing]) -> InputNode:
    """Return an input with its scaling: that of the variables file, then that of the network."""
    size = graph.variable_count(name)
    if len(node.variables) != size:
        raise entries.misfit(f"names {len(node.variables)} variables, and the network takes {size}", node.name)
    if len(set(node.names)) != size:
        raise entries.misfit("has two variables of one name", node.name)
    own = prepared[name]
    missing = [one.default for one in node.variables] if own.missing is None else own.missing.tolist()
    first = Preprocessing(*(np.array([getattr(one, key) for one in node.variables]) for key in ("offset", "scale")))
    if (first.scale == 0).any():
        raise entries.misfit("has a scale of 0", node.name)
    both = first.after(own.offset, own.scale)
    if own.missing is not None:
        # The default is put in before the scaling of the file.
        missing = (own.missing / first.scale - first.offset).tolist()
    return InputNode(
        node.name,
        [
            Variable(one.name, float(offset), float(scale), None if default is None else float(default))
            for one, offset, scale, default in zip(node.variables, both.offset, both.scale, missing, strict=True)
        ],
    )


def without_masks(graph: Graph) -> Graph:
    """Return the graph with sums over sequences in the place of products with a mask of valid steps.

    ``Dot(axes=1)([valid, x])``, where valid is an input whose name ends with ``_valid``, is the sum over the steps that
    are there. lwtnn's sequences have no others.
    """
    nodes = dict(graph.nodes)
    for name, node in graph.nodes.items():
        if node.kind == "Dot" and node.config["axes"] in (1, [1, 1], (1, 1)) and node.sources[0] in graph.inputs:
            mask, values = node.sources
            if mask.endswith("_valid") and graph[values].is_sequence:
                nodes[name] = Node(name, "Sum", [values], node.shape, {"axis": 1}, layer=node.layer)
    masks = {name for name in graph.inputs if name.endswith("_valid")}
    masks -= {source for node in nodes.values() for source in node.sources}
    kept = {name: node for name, node in nodes.items() if name not in masks}
    return Graph(kept, [name for name in graph.inputs if name not in masks], graph.outputs, graph.generation)


def _written(builder: _Builder, node: Node) -> int:
    """Write a node; return where its values are."""
    if node.kind in NOTHING:
        return builder.places[node.sources[0]]
    if node.kind not in _WRITERS:
        refuse(node, FORM)
    return _WRITERS[node.kind](builder, node)


def _source(builder: _Builder, node: Node) -> int:
    return builder.places[node.sources[0]]


def _pointwise(builder: _Builder, node: Node, entry: dict[str, Any], part: str = "", source: int | None = None) -> int:
    """Write a layer of vectors, on a vector or on each step of a sequence."""
    if len(node.shape) > 2:
        refuse(node, FORM, f"it gives arrays of {len(node.shape)} dimensions")
    kind = "time_distributed" if node.is_sequence else "feed_forward"
    return builder.layer(node, entry, kind, _source(builder, node) if source is None else source, part)


def _plain(make: Callable[[Node, int], dict[str, Any]]) -> Callable[[_Builder, Node], int]:
    return lambda builder, node: _pointwise(builder, node, make(node, builder.graph.generation))


def _scanned(make: Callable[[Node, int], dict[str, Any]]) -> Callable[[_Builder, Node], int]:
    def write(builder: _Builder, node: Node) -> int:
        return builder.layer(node, make(node, builder.graph.generation), "sequence", _source(builder, node))

    return write


def _merge(kind: str) -> Callable[[_Builder, Node], int]:
    def write(builder: _Builder, node: Node) -> int:
        if node.is_sequence:
            refuse(node, FORM, f"lwtnn can {kind} vectors, not sequences", "do it before the network")
        if kind == "concatenate" and node.config.get("axis", -1) not in (-1, 1):
            refuse(node, FORM, f"it works on axis {node.config['axis']}")
        if node.constants or (kind == "add" and any(builder.graph[one].shape != node.shape for one in node.sources)):
            refuse(node, FORM, "it adds a number, or vectors of several sizes", "use Rescaling, or a Dense layer")
        return builder.step(kind, [builder.places[source] for source in node.sources])

    return write


def _sum(builder: _Builder, node: Node) -> int:
    source = builder.graph[node.sources[0]]
    if node.config.get("axis") not in (1, -2) or node.config.get("keepdims") or not source.is_sequence:
        refuse(node, FORM, "lwtnn sums over the steps of a sequence only", "use axis=1 and keepdims=False")
    return builder.step("sum", [_source(builder, node)])


def _nothing(builder: _Builder, node: Node) -> int:
    if builder.graph[node.sources[0]].is_sequence:
        refuse(node, FORM, "lwtnn has no such layer on a sequence", "end the sequence with a recurrent layer or a sum")
    return _source(builder, node)


def _distributed(builder: _Builder, node: Node) -> int:
    inner = Node(
        node.name, node.config["layer"]["class_name"], node.sources, node.shape, node.config["layer"]["config"],
        node.weights, layer=node.layer,
    )  # fmt: skip
    if inner.kind not in _DISTRIBUTED:
        refuse(node, FORM, f"lwtnn has no {inner.kind} on each step of a sequence")
    return _written(builder, inner)


_WRITERS: dict[str, Callable[[_Builder, Node], int]] = {
    "Dense": _plain(entries.dense),
    "Activation": _plain(entries.activation),
    "Softmax": _plain(entries.softmax),
    "ReLU": _plain(entries.relu),
    "LeakyReLU": _plain(entries.leaky_relu),
    "ELU": _plain(entries.elu),
    "BatchNormalization": _plain(entries.batch_normalization),
    "Normalization": _plain(entries.scaling),
    "Rescaling": _plain(entries.scaling),
    "Maxout": _plain(entries.maxout),
    "Highway": _plain(entries.highway),
    "LSTM": _scanned(entries.lstm),
    "GRU": _scanned(entries.gru),
    "SimpleRNN": _scanned(entries.simple_rnn),
    "Conv1D": _scanned(entries.conv1d),
    "Embedding": _scanned(entries.embedding),
    "Concatenate": _merge("concatenate"),
    "Add": _merge("add"),
    "Sum": _sum,
    "Flatten": _nothing,
    "TimeDistributed": _distributed,
}
_DISTRIBUTED = (
    "Dense", "Activation", "Softmax", "ReLU", "LeakyReLU", "ELU", "BatchNormalization", "Maxout", "Highway", *NOTHING
)  # fmt: skip
