"""The rows on which files are compared: the golden ramp, real rows, and rows with holes in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.export.graphs.graph import Graph
from jetloom.export.parity import Rows
from jetloom.export.pattern import STEPS, ramp, raw, sequence
from jetloom.export.subject import VALID, Features, Subject

Array = npt.NDArray[Any]
MADE_UP = 256
"""Rows that are drawn where there are no real ones."""
HOLES = 0.2
"""Share of the values that are taken away from rows with holes."""


def ramp_features(subject: Subject) -> dict[str, Array]:
    """Return the golden ramp as one row of each input, as it is before the network's own preprocessing."""
    return {name: _given(subject, name, _ramp(subject.graph, name))[None] for name in subject.graph.inputs}


def _ramp(graph: Graph, name: str) -> Array:
    node = graph[name]
    if graph.embeds(name):
        table = next(user for user in graph.users(name) if user.kind == "Embedding")
        return np.arange(node.shape[0] or STEPS) % int(table.config["input_dim"])
    if name.endswith(VALID):
        return np.ones(_steps(node.shape[0]))
    return sequence(node.size, _steps(node.shape[0])) if node.is_sequence else ramp(_steps(node.shape[0]))


def _steps(size: int | None) -> int:
    return STEPS if size is None else size


def _given(subject: Subject, name: str, values: Array) -> Array:
    """Return values in the units that the network takes."""
    step = subject.prepared.get(name)
    if step is None or subject.graph.embeds(name):
        return np.asarray(values, np.float32)
    return raw(values, step.offset, step.scale).astype(np.float32)


def made_up(subject: Subject, seed: int = 0, rows: int = MADE_UP) -> dict[str, Array]:
    """Return rows of normal numbers, in the units that the network takes; all slots are valid."""
    generator = np.random.default_rng(seed)
    first = ramp_features(subject)
    found = {}
    for name, one in first.items():
        shape = (rows, *one.shape[1:])
        if name.endswith(VALID) or subject.graph.embeds(name):
            found[name] = np.broadcast_to(one, shape).copy()
        else:
            found[name] = _given(subject, name, generator.normal(0.0, 1.0, shape))
    return found


def with_holes(subject: Subject, features: Features, value: float, seed: int = 1) -> dict[str, Array]:
    """Return the same rows with ``value`` in many places of the inputs in which values may be missing."""
    generator = np.random.default_rng(seed)
    found = dict(features)
    for name in subject.fills:
        values = np.array(features[name])
        holes = generator.random(values.shape) < HOLES
        if name + VALID in features:
            holes &= (np.asarray(features[name + VALID]) != 0)[..., None]
        values[holes] = value
        found[name] = values
    return found


def all_rows(subject: Subject, real: Features | None, title: str = "rows of the test part") -> list[Rows]:
    """Return what a file is compared on.

    Parameters
    ----------
    subject : Subject
        The network.
    real : mapping of str to array, optional
        Real rows by input; where there are none, some are made up.
    title : str
        What the real rows are.
    """
    rows = Rows("made-up rows", made_up(subject))
    if real is not None:
        # Real rows have their own missing values, where the network fills them.
        lacking = any(np.isnan(np.asarray(real[name])).any() for name in subject.fills)
        rows = Rows(title, real, "missing" if lacking else "")
    found = [Rows("the golden ramp", ramp_features(subject)), rows]
    if subject.fills:
        found.append(Rows(f"{rows.title}, values missing", with_holes(subject, rows.features, np.nan), "missing"))
        found.append(Rows(f"{rows.title}, values infinite", with_holes(subject, rows.features, np.inf), "infinite"))
    return found
