"""The start of a training job: from the start of the process to the first step, by parts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench.measurement import Measurement, run

PARTS = """
import json, sys, time
marks = [("start", time.perf_counter())]
def mark(name): marks.append((name, time.perf_counter()))
import jetloom.cli.scan.train, jetloom.training.point
mark("jetloom")
from jetloom.training.backends.backend import use_backend
use_backend(sys.argv[1], 1)
mark("backend")
import numpy as np
from jetloom.data.streams.batch import Batch
from jetloom.data.view import Columns, DataFacts
from jetloom.models.dense import Dense, DenseParameters
from jetloom.training.steppers.choice import make_stepper
parameters = DenseParameters()
facts = DataFacts(Columns([f"v{i}" for i in range(10)], np.zeros(10), np.ones(10), None), ["a", "b"])
model = Dense()
network = model.build(parameters, facts, 1, {})
mark("network")
stepper = make_stepper(network, model, parameters)
stepper.train({"main": Batch.of(np.zeros((512, 10), "f4"), np.zeros(512, "i4"), np.ones(512, "f4"))})
mark("first step")
print(json.dumps({name: b - a for (_, a), (name, b) in zip(marks, marks[1:])}))
"""


def measure(_: Path) -> list[Measurement]:
    """Time the start on both backends, beside the plain import of the backend."""
    found = []
    for backend in ("tensorflow", "jax"):
        plain = min(run([sys.executable, "-c", f"import {backend}, keras"]).seconds for _ in range(2))
        finished = min((run([sys.executable, "-c", PARTS, backend]) for _ in range(2)), key=lambda one: one.seconds)
        parts = json.loads(finished.output.splitlines()[-1])
        said = ", ".join(f"{name} {seconds:.1f}" for name, seconds in parts.items())
        found.append(
            Measurement(
                f"start of a training to its first step, {backend} ({said})",
                finished.seconds,
                "s",
                f"plain import of {backend} and keras {plain:.1f} s",
                finished.seconds / plain,
                "",
            )
        )
    return found
