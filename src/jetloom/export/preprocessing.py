"""What a network does to its inputs before the first layer, taken out of the graph.

A network of jetloom begins with ``where(isnan(x), values, x)`` and a ``Normalization``. lwtnn holds these as defaults,
offsets and scales of the variables.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from jetloom.export.graphs.graph import Graph, Node
from jetloom.export.refusals import refuse

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Preprocessing:
    """What is done to the variables of an input: NaN becomes ``missing``, then ``(x + offset) * scale``."""

    offset: Floats
    scale: Floats
    missing: Floats | None = None

    def after(self, offset: Floats, scale: Floats) -> Preprocessing:
        """Return the same with ``(x + offset) * scale`` behind it."""
        return replace(self, offset=self.offset + offset / self.scale, scale=self.scale * scale)


def taken_out(graph: Graph, scaling: bool = True) -> tuple[Graph, dict[str, Preprocessing]]:
    """Return the graph without the preprocessing of its inputs, and what that was, by input.

    Parameters
    ----------
    graph : Graph
        The network.
    scaling : bool
        Whether normalisations go, too, or the values for what is missing only.
    """
    found: dict[str, Preprocessing] = {}
    for name in graph.inputs:
        size = graph.variable_count(name)
        found[name] = Preprocessing(np.zeros(size), np.ones(size))
        while True:
            graph, step = _taken(graph, name, found[name], scaling)
            if step is None:
                break
            found[name] = step
    return graph.only_needed(), found


def _taken(graph: Graph, name: str, so_far: Preprocessing, scaling: bool) -> tuple[Graph, Preprocessing | None]:
    """Take the next step of an input out, if it has one that all who use the input use."""
    users = [node for node in graph.users(name) if _has_effect(graph, node)]
    kinds = {node.kind for node in users}
    if kinds == {"Isnan", "Where"} and len(users) == 2 and so_far.missing is None:
        check, choice = sorted(users, key=lambda node: node.kind)
        values = choice.constants.get(1)
        if choice.sources == [check.name, name] and values is not None and _untouched(so_far):
            filled = np.broadcast_to(np.asarray(values, float).ravel(), so_far.offset.shape)
            return graph.without({choice.name: name, check.name: name}), replace(so_far, missing=filled)
    if len(users) == 1 and users[0].kind == "FillMissing" and so_far.missing is None and _untouched(so_far):
        filled = np.asarray(users[0].config["values"], float)
        return graph.without({users[0].name: name}), replace(so_far, missing=filled)
    if len(users) == 1 and scaling and (step := scaling_of(users[0])) is not None:
        return graph.without({users[0].name: name}), so_far.after(*step)
    return graph, None


def _has_effect(graph: Graph, node: Node) -> bool:
    return node.name in graph.outputs or bool(graph.users(node.name))


def _untouched(so_far: Preprocessing) -> bool:
    return not so_far.offset.any() and bool((so_far.scale == 1).all())


def scaling_of(node: Node) -> tuple[Floats, Floats] | None:
    """Return offset and scale of a node that does ``(x + offset) * scale`` and nothing else; None of others."""
    if node.kind == "Normalization" and node.size and not node.config.get("invert"):
        mean, variance = (np.asarray(one, float).ravel() for one in node.weights[:2])
        spread = np.maximum(np.sqrt(variance), 1e-7)  # the epsilon of Keras
        offset, scale = np.broadcast_to(-mean, node.size), np.broadcast_to(1.0 / spread, node.size)
        return offset, scale
    if node.kind == "Rescaling":
        scale = np.broadcast_to(np.asarray(node.config["scale"], float), node.size)
        offset = np.broadcast_to(np.asarray(node.config["offset"], float), node.size)
        return (offset / scale, scale) if (scale != 0).all() else None
    return None


def scale_and_shift(node: Node, form: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return what a batch normalisation is after its training: ``x * scale + shift``.

    Parameters
    ----------
    node : Node
        The layer.
    form : str
        Name of the format, which has it on the last axis only.

    Raises
    ------
    RefusedNetworkError
        If it works on another axis.
    """
    if node.config.get("axis", -1) not in (-1, len(node.shape)):
        refuse(node, form, f"it works on axis {node.config['axis']}")
    waiting = [np.asarray(one, float) for one in node.weights]
    gamma = waiting.pop(0) if node.config.get("scale", True) else np.ones(node.size)
    beta = waiting.pop(0) if node.config.get("center", True) else np.zeros(node.size)
    mean, variance = waiting
    scale = gamma / np.sqrt(variance + node.config.get("epsilon", 1e-3))
    return scale, beta - mean * scale
