"""The JSON of lwtnn in both dialects, read and checked: what is wrong with it is one line.

The graph dialect has ``inputs``, ``input_sequences``, ``nodes``, ``layers`` and ``outputs``. The sequential dialect has
one list of inputs and a chain of layers; it is turned into a graph when it is read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from jetloom.errors import CorruptFileError, MissingFileError

VECTORS, SEQUENCES = "inputs", "input_sequences"
LAYERED = ("feed_forward", "sequence", "time_distributed")
MERGING = ("concatenate", "add", "sum")
ADVICE = "make it again with jetloom export, or with the converters of lwtnn"
RECURRENT = ("lstm", "gru", "simplernn", "conv1d", "embedding")
"""Layers that work on sequences."""


@dataclass(frozen=True)
class Variable:
    """An input: the network gets ``(value + offset) * scale``."""

    name: str
    offset: float
    scale: float
    default: float | None = None
    """What the replacer of NaN puts in its place; None where there is nothing to put."""


@dataclass(frozen=True)
class InputNode:
    """Variables that are given to the network together, as a vector or as a sequence of vectors."""

    name: str
    variables: list[Variable]

    @property
    def names(self) -> list[str]:
        """The names of its variables, in order."""
        return [variable.name for variable in self.variables]


@dataclass(frozen=True)
class Node:
    """A step of the network; ``index`` is that of its layer, or the number of variables of an input."""

    type: str
    sources: list[int]
    index: int | None = None


@dataclass(frozen=True)
class Output:
    """What a node gives, with a name for each of its values."""

    labels: list[str]
    node: int


@dataclass(frozen=True)
class Document:
    """A network of lwtnn."""

    inputs: list[InputNode]
    sequences: list[InputNode]
    nodes: list[Node]
    layers: list[dict[str, Any]]
    outputs: dict[str, Output]
    path: Path | None = None
    sequential: bool = False
    """Whether the file was of the sequential dialect."""

    def refuse(self, cause: str, where: str | None = None) -> NoReturn:
        """Raise the error of a file that is no network of lwtnn."""
        raise CorruptFileError(cause, path=self.path, where=where, advice=ADVICE)


def read_document(path: Path) -> Document:
    """Read a file of either dialect.

    Raises
    ------
    MissingFileError, CorruptFileError
        If there is no such file, it is cut, or something in it is not what lwtnn writes.
    """
    if not path.is_file():
        raise MissingFileError("there is no such file", path=path)
    try:
        content = json.loads(path.read_bytes().decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise CorruptFileError(f"is not JSON: cut or damaged ({error})", path=path, advice=ADVICE) from None
    return parse_document(content, path)


def parse_document(content: Any, path: Path | None = None) -> Document:
    """Return the network that an object of JSON describes; see :func:`read_document`."""
    if not isinstance(content, dict):
        cause = f"holds no object but {type(content).__name__}"
        raise CorruptFileError(cause, path=path, advice=ADVICE)
    try:
        found = _graph(content, path) if "nodes" in content else graph_of(content, path)
    except (KeyError, TypeError, ValueError) as error:
        cause = f"has no {error}" if isinstance(error, KeyError) else str(error)
        raise CorruptFileError(f"is no network of lwtnn: {cause}", path=path, advice=ADVICE) from None
    _check(found)
    return found


def _graph(content: dict[str, Any], path: Path | None) -> Document:
    outputs = {
        str(name): Output([str(label) for label in entry["labels"]], int(entry["node_index"]))
        for name, entry in content["outputs"].items()
    }
    return Document(
        [_input(entry) for entry in content[VECTORS]],
        [_input(entry) for entry in content[SEQUENCES]],
        [_node(entry) for entry in content["nodes"]],
        list(content["layers"]),
        outputs,
        path,
    )


def _input(entry: dict[str, Any]) -> InputNode:
    return InputNode(str(entry["name"]), [variable(one) for one in entry["variables"]])


def variable(entry: dict[str, Any], default: float | None = None) -> Variable:
    """Return a variable of the JSON; its own default counts before the one given."""
    own = entry.get("default", default)
    return Variable(
        str(entry["name"]), float(entry["offset"]), float(entry["scale"]), None if own is None else float(own)
    )


def _node(entry: dict[str, Any]) -> Node:
    kind, sources = str(entry["type"]), [int(source) for source in entry["sources"]]
    if kind in LAYERED:
        return Node(kind, sources, int(entry["layer_index"]))
    if kind in ("input", "input_sequence"):
        return Node(kind, sources, int(entry["size"]))
    if kind not in MERGING:
        raise ValueError(f"there is no node type '{kind}'")
    return Node(kind, sources)


def graph_of(content: dict[str, Any], path: Path | None = None, node: str = "node_0") -> Document:
    """Return the graph of a sequential network: a vector or a sequence of variables, then its layers in their order.

    Parameters
    ----------
    content : dict
        The object of the sequential dialect.
    path : Path, optional
        Its file.
    node : str
        The name that its one input node gets.
    """
    defaults = content.get("defaults") or {}
    variables = [variable(entry, defaults.get(entry["name"])) for entry in content["inputs"]]
    layers = list(content["layers"])
    scanned = [layer["architecture"] in RECURRENT for layer in layers]
    recurrent = any(scanned)
    first = Node("input_sequence" if recurrent else "input", [0], len(variables))
    nodes = [first]
    for place, is_scanned in enumerate(scanned):
        kind = "sequence" if is_scanned else "time_distributed" if any(scanned[place:]) else "feed_forward"
        nodes.append(Node(kind, [place], place))
    inputs = [InputNode(node, variables)]
    output = Output([str(label) for label in content["outputs"]], len(nodes) - 1)
    vectors, sequences = ([], inputs) if recurrent else (inputs, [])
    return Document(vectors, sequences, nodes, layers, {"outputs": output}, path, sequential=True)


def _check(found: Document) -> None:
    """Refuse indices that lead nowhere and nodes that feed themselves."""
    for place, node in enumerate(found.nodes):
        where = f"nodes[{place}]"
        given = {"input": len(found.inputs), "input_sequence": len(found.sequences)}.get(node.type, len(found.nodes))
        if not node.sources or any(not 0 <= source < given for source in node.sources):
            found.refuse(f"a node of type {node.type} has the sources {node.sources}, of {given}", where)
        if len(node.sources) > 1 and node.type not in ("concatenate", "add"):
            found.refuse(f"a node of type {node.type} has one source, not {len(node.sources)}", where)
        if node.type in LAYERED and not 0 <= (node.index or 0) < len(found.layers):
            found.refuse(f"has the layer {node.index}, of {len(found.layers)}", where)
    for name, output in found.outputs.items():
        if not 0 <= output.node < len(found.nodes):
            found.refuse(f"is node {output.node}, of {len(found.nodes)}", f"outputs.{name}")
    order(found)


def order(found: Document) -> list[int]:
    """Return the nodes in an order in which each stands behind its sources.

    Raises
    ------
    CorruptFileError
        If nodes feed each other in a circle.
    """
    done: dict[int, None] = {}
    for start in range(len(found.nodes)):
        way: list[tuple[int, bool]] = [(start, False)]
        open_now: set[int] = set()
        while way:
            place, finished = way.pop()
            if finished:
                done[place] = None
                open_now.discard(place)
            elif place in open_now:
                found.refuse("feeds itself", f"nodes[{place}]")
            elif place not in done:
                open_now.add(place)
                way.append((place, True))
                node = found.nodes[place]
                if node.type not in ("input", "input_sequence"):
                    way += [(source, False) for source in node.sources if source not in done]
    return list(done)


def to_json(found: Document) -> dict[str, Any]:
    """Return the object of the graph dialect."""
    return {
        VECTORS: [_input_json(node) for node in found.inputs],
        SEQUENCES: [_input_json(node) for node in found.sequences],
        "nodes": [_node_json(node) for node in found.nodes],
        "layers": found.layers,
        "outputs": {name: {"labels": one.labels, "node_index": one.node} for name, one in found.outputs.items()},
    }


def _input_json(node: InputNode) -> dict[str, Any]:
    return {"name": node.name, "variables": [variable_json(one) for one in node.variables]}


def variable_json(one: Variable) -> dict[str, Any]:
    """Return a variable as the JSON has it."""
    entry: dict[str, Any] = {"name": one.name, "offset": one.offset, "scale": one.scale}
    return entry if one.default is None else entry | {"default": one.default}


def _node_json(node: Node) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": node.type, "sources": node.sources}
    if node.type in LAYERED:
        return entry | {"layer_index": node.index}
    return entry if node.type in MERGING else entry | {"size": node.index}
