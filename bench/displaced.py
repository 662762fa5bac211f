"""The published tagger of displaced jets: its step beside Keras' own `fit`, alone and against its adversary."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.measurement import Measurement, run

ROWS, STEPS, REPEATS = 512, 6, 3
SHAPES = {"clusters": (30, 12), "tracks": (20, 10), "segments": (30, 6)}


def measure(directory: Path) -> list[Measurement]:  # noqa: ARG001 - it leaves nothing
    """Measure a step in processor time, which a busy machine hardly changes."""
    fit, tower, both = json.loads(run([sys.executable, "-m", "bench.displaced"]).output.splitlines()[-1])
    return [
        Measurement(
            f"step of the tagger of displaced jets, {ROWS} jets, TensorFlow, processor time", tower, "ms",
            f"the same network in Keras' fit: {fit:.3g} ms", tower / fit, "<= 1.1",
        ),
        Measurement(
            "the same with its adversary (made twice, and then the tagger)", both, "ms",
            f"the same network in Keras' fit, without one: {fit:.3g} ms", both / fit, "<= 3",
        ),
    ]  # fmt: skip


def _process() -> list[float]:
    """Return the processor time of a step in ms: of fit, of the tagger, of the tagger and its adversary, in turns."""
    from jetloom.training.backends.backend import use_backend

    use_backend("tensorflow", 1)
    import keras

    from jetloom.data.streams.batch import Batch
    from jetloom.data.view import Columns, DataFacts
    from jetloom.models.registry import find_model
    from jetloom.training.steppers.choice import make_stepper

    def columns(size: int, slots: int | None = None) -> Columns:
        return Columns([f"v{k}" for k in range(size)], np.zeros(size), np.ones(size), None, slots)

    collections = {name: columns(size, slots) for name, (slots, size) in SHAPES.items()}
    facts, random = DataFacts(columns(3), ["qcd", "signal", "bib"], collections), np.random.default_rng(1)
    jets = {
        name: random.normal(size=(ROWS * STEPS, *shape)).astype("f4")
        for name, shape in {"jets": (3,), **SHAPES}.items()
    }
    truth = random.integers(0, 3, ROWS * STEPS).astype(np.int32)

    def step_of(name: str) -> Callable[[], Any]:
        model = find_model(name)
        settings: Any = model.parameters()
        stepper = make_stepper(model.build(settings, facts, 1, {}), model, settings)
        batch = Batch.of({key: one[:ROWS] for key, one in jets.items()}, truth[:ROWS] % 2, np.ones(ROWS, np.float32))
        batches = dict.fromkeys(stepper.streams, batch)
        return lambda: [np.asarray(stepper.train(batches)) for _ in range(STEPS)]

    model = find_model("displaced")
    network = model.build(model.parameters(), facts, 1, {})
    network.compile(keras.optimizers.Nadam(8e-4), "sparse_categorical_crossentropy")
    epochs = [
        lambda: network.fit(jets, truth, batch_size=ROWS, epochs=1, verbose=0, shuffle=False),
        step_of("displaced"),
        step_of("displaced_adversarial"),
    ]
    best = [np.inf] * 3
    for turn in range(REPEATS + 1):
        for place, epoch in enumerate(epochs):
            began = time.process_time()
            epoch()
            if turn:  # the first compiles
                best[place] = min(best[place], 1e3 * (time.process_time() - began) / STEPS)
    return best


if __name__ == "__main__":
    print(json.dumps(_process()))
