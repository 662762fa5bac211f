"""The graph of a network of Keras 3: functional and sequential, with networks inside of networks taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jetloom.errors import RefusedNetworkError
from jetloom.export.graphs.graph import INPUT, Graph, Node

ATTRIBUTES = ("axis", "keepdims", "negative_slope", "alpha")
"""What of an operation decides its result; layers have a configuration."""


def graph_of(network: Any) -> Graph:
    """Return the graph of a network.

    Parameters
    ----------
    network : keras.Model
        Functional or sequential.

    Raises
    ------
    RefusedNetworkError
        If it is a class of its own, whose steps nobody can see, or calls a layer as in a training.
    """
    import keras

    functional = _functional(network)
    if functional is None:
        raise RefusedNetworkError(
            f"the network is a {type(network).__name__} with a call of its own, whose steps cannot be seen",
            where=str(getattr(network, "name", "")),
            advice="build it with the functional interface: keras.Model(inputs, outputs)",
        )
    walk = _Walk(keras)
    outputs = [walk.visit(tensor, {}, "") for tensor in functional.outputs]
    names = [walk.visit(tensor, {}, "") for tensor in functional.inputs]
    return Graph(walk.nodes, names, outputs)


def _functional(network: Any) -> Any:
    """Return what holds the steps of a network, or None."""
    kind = type(network).__name__
    if kind == "Sequential":
        if not network.built or getattr(network, "_functional", None) is None:
            raise RefusedNetworkError(
                "the network does not know the shape of its input",
                where=str(network.name),
                advice="begin it with keras.Input(shape)",
            )
        return network._functional
    return network if kind == "Functional" else None


class _Walk:
    """From outputs to inputs, each use of a layer once."""

    def __init__(self, keras: Any) -> None:
        self._keras = keras
        self.nodes: dict[str, Node] = {}
        self._done: dict[tuple[int, int, str], str] = {}

    def visit(self, tensor: Any, bound: Mapping[int, str], prefix: str) -> str:
        """Return the name of the node that gives a tensor; ``bound`` are the inputs of a network inside a network."""
        if id(tensor) in bound:
            return bound[id(tensor)]
        operation, place, index = tensor._keras_history
        call = operation._inbound_nodes[place]
        inner = _functional(operation) if isinstance(operation, self._keras.Model) else None
        if inner is not None:
            sources = [self.visit(one, bound, prefix) for one in call.input_tensors]
            inside = {id(one): name for one, name in zip(inner.inputs, sources, strict=True)}
            return self.visit(inner.outputs[index], inside, f"{prefix}{operation.name}_")
        key = id(operation), place, prefix
        if key not in self._done:
            sources = [self.visit(one, bound, prefix) for one in call.input_tensors]
            name = self._free_name(prefix + str(operation.name))
            self.nodes[name] = _node(name, operation, call, sources, tensor, self._keras)
            self._done[key] = name
        return self._done[key]

    def _free_name(self, wanted: str) -> str:
        name, count = wanted, 0
        while name in self.nodes:
            count += 1
            name = f"{wanted}_{count}"
        return name


def _node(name: str, operation: Any, call: Any, sources: list[str], tensor: Any, keras: Any) -> Node:
    """Return a use of a layer or an operation."""
    kind, is_layer = type(operation).__name__, isinstance(operation, keras.layers.Layer)
    arguments = call.arguments
    if arguments.kwargs.get("training") is True:
        raise RefusedNetworkError(f"layer '{name}' ({kind}) is called with training=True", advice="call it without")
    config = dict(operation.get_config()) if is_layer else _attributes(operation)
    if arguments.kwargs.get("mask") is not None:
        config["masked"] = True
    return Node(
        name,
        INPUT if kind == INPUT else kind,
        sources,
        tuple(tensor.shape[1:]),
        config,
        _weights(operation, kind) if is_layer else [],
        {} if is_layer else _constants(arguments),
        str(operation.name),
    )


def _attributes(operation: Any) -> dict[str, Any]:
    found = {key: getattr(operation, key) for key in ATTRIBUTES if hasattr(operation, key)}
    if isinstance(found.get("axis"), list | tuple) and len(found["axis"]) == 1:
        found["axis"] = found["axis"][0]
    return found | {"operation": True}


def _constants(arguments: Any) -> dict[int, Any]:
    """Return the arguments that are numbers, by their place."""
    found = {}
    for place, value in enumerate(arguments.args):
        if not hasattr(value, "_keras_history") and not isinstance(value, list | tuple | str | None):
            found[place] = np.asarray(value)
    return found


def _weights(layer: Any, kind: str) -> list[Any]:
    if kind == "Normalization":
        return [np.asarray(one).ravel() for one in (layer.mean, layer.variance)]
    return [np.asarray(one) for one in layer.get_weights() if np.asarray(one).dtype.kind == "f"]
