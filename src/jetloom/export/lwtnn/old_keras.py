"""Networks of Keras 1 and 2: an architecture in JSON, and weights in HDF5."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jetloom.errors import CorruptFileError, MissingFileError
from jetloom.export.graphs.graph import INPUT, Graph, Node, Shape, in_order
from jetloom.export.lwtnn.old_weights import Weights
from jetloom.export.refusals import OTHERWISE, WAYS_OUT

Config = dict[str, Any]
SAME_SHAPE = (
    "Activation", "BatchNormalization", "Dropout", "ELU", "LeakyReLU", "ReLU", "Softmax", "Highway", "Swish",
    "GaussianNoise", "GaussianDropout", "SpatialDropout1D", "ActivityRegularization", "Add",
)  # fmt: skip
OLD_NAMES = {"MaxoutDense": "Maxout", "TimeDistributedDense": "Dense", "Swish": "Activation"}
"""Classes of Keras 1 -> what they are called here."""
OLD_KEYS = {"output_dim": "units", "inner_activation": "recurrent_activation", "nb_feature": "pieces"}
RECURRENT = ("LSTM", "GRU", "SimpleRNN")


def read_old(architecture: Path, weights: Path) -> Graph:
    """Read a network that Keras 1 or 2 saved with ``to_json`` and ``save_weights``.

    Raises
    ------
    MissingFileError, CorruptFileError
        If a file is missing or damaged, or the two do not belong together.
    """
    if not architecture.is_file():
        raise MissingFileError("there is no such file", path=architecture)
    try:
        content = json.loads(architecture.read_bytes().decode("utf-8"))
        layers, inputs, outputs = _layers(content)
        generation = int(str(content.get("keras_version", "1")).partition(".")[0])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        cause = f"has no {error}" if isinstance(error, KeyError) else str(error)
        raise CorruptFileError(f"is no architecture of Keras 1 or 2: {cause}", path=architecture) from None
    stored = Weights.read(weights)
    nodes: dict[str, Node] = {}
    for name, kind, config, sources in layers:
        try:
            nodes[name] = _node(name, kind, config, [nodes[source] for source in sources], stored)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            cause = f"has no {error}" if isinstance(error, KeyError) else str(error)
            advice = WAYS_OUT.get(kind, OTHERWISE)
            raise CorruptFileError(f"{kind}: {cause}", path=architecture, where=name, advice=advice) from None
    return Graph(in_order(nodes.values()), inputs, outputs, generation)


def _layers(content: Config) -> tuple[list[tuple[str, str, Config, list[str]]], list[str], list[str]]:
    """Return name, kind, configuration and sources of each layer, and the names of inputs and outputs."""
    config = content["config"]
    if content["class_name"] == "Sequential":
        return _chain(config if isinstance(config, list) else config["layers"])
    found, names = [], {}
    waiting = list(config["layers"])
    while waiting:
        ready = [one for one in waiting if all(source in names for source in _sources(one))]
        if not ready:
            raise ValueError(f"the layer '{waiting[0]['name']}' lacks a source")
        for one in ready:
            waiting.remove(one)
            names[one["name"]] = True
            found.append((one["name"], one["class_name"], one["config"], _sources(one)))
    return found, [one[0] for one in config["input_layers"]], [one[0] for one in config["output_layers"]]


def _sources(layer: Config) -> list[str]:
    nodes = layer.get("inbound_nodes") or [[]]
    if len(nodes) > 1:
        raise ValueError(f"the layer '{layer['name']}' is used {len(nodes)} times, which is not read from old files")
    return [source[0] for source in nodes[0]]


def _chain(layers: list[Config]) -> tuple[list[tuple[str, str, Config, list[str]]], list[str], list[str]]:
    """Return the same of a sequential network, with an input of its own."""
    first = layers[0]["config"]
    shape = first.get("batch_input_shape") or first.get("batch_shape") or [None, first.get("input_dim")]
    found: list[tuple[str, str, Config, list[str]]] = [("input", INPUT, {"batch_input_shape": shape}, [])]
    for layer in layers:
        if layer["class_name"] != INPUT:
            name = layer["config"].get("name") or f"layer_{len(found)}"
            found.append((name, layer["class_name"], layer["config"], [found[-1][0]]))
    return found, ["input"], [found[-1][0]]


def _node(name: str, kind: str, old: Config, sources: list[Node], stored: Weights) -> Node:
    """Return a layer in the words of Keras 3."""
    config = {OLD_KEYS.get(key, key): value for key, value in old.items()}
    if kind == "Merge":
        kind = {"concat": "Concatenate", "sum": "Add"}.get(config["mode"], f"Merge {config['mode']}")
        config["axis"] = config.get("concat_axis", -1)
    if kind == "Swish":
        config["activation"] = "swish"
    if "alpha" in config and kind == "LeakyReLU":
        config["negative_slope"] = float(config["alpha"])
    inner = config["layer"]["class_name"] if kind == "TimeDistributed" else kind
    weights = stored.of(name, inner)
    kind = OLD_NAMES.get(kind, kind)
    shape = _shape(kind, config, sources, weights[0].shape if weights else ())
    return Node(name, kind, [source.name for source in sources], shape, config, weights)


def _shape(kind: str, config: Config, sources: list[Node], kernel: tuple[int, ...]) -> Shape:
    """Return the shape of what a layer gives."""
    if kind == INPUT:
        return tuple((config.get("batch_input_shape") or config["batch_shape"])[1:])
    first = sources[0].shape
    if kind in SAME_SHAPE:
        return first
    if kind in ("Dense", "TimeDistributed", "Maxout"):
        return (*first[:-1], kernel[-1] if kernel else first[-1])
    if kind in RECURRENT:
        units = int(config["units"])
        return (first[0], units) if config.get("return_sequences") else (units,)
    if kind == "Concatenate":
        return (*first[:-1], sum(source.size for source in sources))
    if kind in ("Conv1D", "Embedding"):
        return (None, kernel[-1])
    if kind in ("Flatten", "Sum"):
        return (first[-1],)
    return first
