"""Exports: evaluation per jet by Keras, ONNX Runtime and the NumPy evaluator, and how long an export takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.measurement import Measurement

INPUTS, UNITS, BATCHES = 8, 64, (1, 10_000)
FORMATS = ("onnx", "lwtnn", "frugally_deep")


def measure(directory: Path) -> list[Measurement]:
    """Time a network of the demonstration's size: 8 inputs, two layers of 64, two classes."""
    from jetloom.training.backends.backend import use_backend

    use_backend("tensorflow", 1)
    import numpy as np

    from jetloom.data.view import Columns, DataFacts
    from jetloom.export.export import export
    from jetloom.export.formats import find_format
    from jetloom.export.lwtnn.evaluator import Evaluator, preprocessed
    from jetloom.export.onnx.writer import Session
    from jetloom.export.rows import all_rows
    from jetloom.export.subject import Subject, names_of
    from jetloom.models.dense import Dense, DenseParameters

    columns = Columns([f"v{place}" for place in range(INPUTS)], np.zeros(INPUTS), np.ones(INPUTS), np.zeros(INPUTS))
    facts = DataFacts(columns, ["quark", "gluon"])
    network = Dense().build(DenseParameters(hidden_layers=2, units=UNITS), facts, 1, {})
    subject = Subject(network, names_of(network, facts), {})
    rows, start = all_rows(subject, None), time.perf_counter()
    for name in FORMATS:
        form = find_format(name)
        export(subject, form, rows, directory / form.file)
    took = time.perf_counter() - start
    found = [Measurement("export in three formats with parity", took, "s", "no peer", float("nan"), "below 20 s")]
    session = Session(directory / "network.onnx")
    evaluators = {kind: Evaluator.open(directory / "network.lwtnn.json", kind) for kind in (np.float64, np.float32)}
    (node,) = evaluators[np.float64].document.inputs
    for batch in BATCHES:
        values = np.random.default_rng(1).normal(size=(batch, INPUTS)).astype(np.float32)
        reference = _per_row(lambda values=values: session({"jets": values}), batch)
        others: dict[str, Callable[[], Any]] = {"Keras": lambda values=values: np.asarray(network(values))}
        for kind, evaluator in evaluators.items():
            title = f"NumPy evaluator ({np.dtype(kind).name})"
            others[title] = lambda one=evaluator, kind=kind, values=values: one.arrays(
                [preprocessed(values.astype(kind), node, replace_nan=True)], []
            )
        for title, work in others.items():
            value = _per_row(work, batch)
            goal = "at most 3 times ONNX Runtime" if batch > 1 and "NumPy" in title else ""
            peer = f"ONNX Runtime {reference:.4g} us"
            found.append(Measurement(f"{title}, batch {batch:,}: a jet", value, "us", peer, value / reference, goal))
    return found


def _per_row(work: Callable[[], Any], rows: int) -> float:
    """Return the microseconds a row of the quickest of many calls."""
    best = float("inf")
    for _ in range(30):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return 1e6 * best / rows
