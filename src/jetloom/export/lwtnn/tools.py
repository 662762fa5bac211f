"""Small tools for files of lwtnn: count, dump, dummy inputs, benchmark, the regression pattern, the graph dialect."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from jetloom.export.lwtnn.document import Document, InputNode, to_json
from jetloom.export.lwtnn.evaluator import Evaluator
from jetloom.export.pattern import STEPS, ramp, raw, sequence

WEIGHTS = ("weights", "bias", "U")


def count_weights(layer: dict[str, Any]) -> int:
    """Return the number of weights of a layer, those of its parts included."""
    own = sum(len(layer.get(key) or []) for key in WEIGHTS)
    parts = [*(layer.get("sublayers") or []), *(layer.get("components") or {}).values()]
    return own + sum(count_weights(part) for part in parts)


def count(document: Document) -> str:
    """Return the number of weights, in all and of each layer."""
    lines = [
        f"{count_weights(layer):>10,}  layer {place}: {layer['architecture']}"
        for place, layer in enumerate(document.layers)
    ]
    return "\n".join([*lines, f"{sum(map(count_weights, document.layers)):>10,}  in all"])


def dump(document: Document) -> str:
    """Return the network in words, one line a node."""
    lines = []
    for kind, nodes in (("input", document.inputs), ("input sequence", document.sequences)):
        for node in nodes:
            lines.append(f"{kind} '{node.name}'")
            lines += [f"    {one.name}: (x + {one.offset:.6g}) * {one.scale:.6g}" + _default(one.default)
                      for one in node.variables]  # fmt: skip
    sizes = Evaluator(document)
    for place, step in enumerate(document.nodes):
        what = step.type if step.index is None or "input" in step.type else _layer(document.layers[step.index])
        lines.append(f"node {place}: {what} of {step.sources}, {sizes.size(place)} values")
    for name, output in document.outputs.items():
        lines.append(f"output '{name}': {', '.join(output.labels)} (node {output.node})")
    return "\n".join(lines)


def _default(value: float | None) -> str:
    return "" if value is None else f", NaN becomes {value:.6g}"


def _layer(layer: dict[str, Any]) -> str:
    activation = layer.get("activation")
    name = activation["function"] if isinstance(activation, dict) else activation
    return layer["architecture"] + (f" ({name})" if name else "")


def dummy_inputs(document: Document) -> str:
    """Return inputs whose values are the golden ramp after preprocessing, as JSON that C++ programs can read."""
    vectors = {node.name: _dummy(node, ramp(len(node.variables))[None])[0] for node in document.inputs}
    runs = {node.name: _columns(node, _raw(node, sequence(len(node.variables)))) for node in document.sequences}
    found = {"inputs": {name: dict(values) for name, values in vectors.items()}, "input_sequences": runs}
    return json.dumps(found, indent=1)


def _raw(node: InputNode, values: Any) -> Any:
    return raw(values, [one.offset for one in node.variables], [one.scale for one in node.variables])


def _dummy(node: InputNode, values: Any) -> list[list[tuple[str, float]]]:
    return [list(zip(node.names, map(float, row), strict=True)) for row in _raw(node, values)]


def _columns(node: InputNode, values: Any) -> dict[str, list[float]]:
    return {name: list(map(float, values[:, place])) for place, name in enumerate(node.names)}


def pattern(document: Document) -> str:
    """Return what the network says of the golden ramp, of 20 steps for sequences, as upstream's expected files do."""
    evaluator = Evaluator(document)
    vectors = [ramp(len(node.variables))[None] for node in document.inputs]
    runs = [(sequence(len(node.variables))[None], np.array([STEPS])) for node in document.sequences]
    found = evaluator.arrays(vectors, runs)
    outputs = {
        name: dict(zip(output.labels, map(float, found[name][0]), strict=True))
        for name, output in document.outputs.items()
    }
    return json.dumps(outputs, indent=1)


def benchmark(document: Document) -> str:
    """Return how long an evaluation takes, alone and among 10,000."""
    evaluator = Evaluator(document)
    lines = []
    for rows in (1, 10_000):
        vectors = [np.repeat(ramp(len(node.variables))[None], rows, axis=0) for node in document.inputs]
        runs = [
            (np.repeat(sequence(len(node.variables))[None], rows, axis=0), np.full(rows, STEPS))
            for node in document.sequences
        ]
        seconds = min(_timed(evaluator, vectors, runs) for _ in range(5))
        lines.append(f"{1e6 * seconds / rows:10.3f} us a row, {rows:,} rows at once")
    return "\n".join(lines)


def _timed(evaluator: Evaluator, vectors: Any, runs: Any) -> float:
    start = time.perf_counter()
    evaluator.arrays(vectors, runs)
    return time.perf_counter() - start


def graph(document: Document) -> str:
    """Return the file in the dialect of graphs."""
    return json.dumps(to_json(document), indent=1, allow_nan=False)


TOOLS: dict[str, Callable[[Document], str]] = {
    "count": count,
    "dump": dump,
    "inputs": dummy_inputs,
    "pattern": pattern,
    "benchmark": benchmark,
    "graph": graph,
}
"""Name -> tool. Each takes a document and gives text."""
