"""An adversary: the step of the documentation's example, two networks in turn, against that of its tagger alone."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.measurement import CHECKOUT, Measurement, run

ROWS, INPUTS, STEPS, REPEATS = 512, 20, 100, 7
TOWER = {"hidden_layers": 3, "units": 128, "batch_normalization": True, "dropout": 0.1, "optimizer": "nadam"}


def measure(directory: Path) -> list[Measurement]:
    """Measure both backends."""
    text = (CHECKOUT / "docs" / "howto.md").read_text()
    found = re.search(r"## Train a tagger against an adversary.*?```python\n(.*?)```", text, re.DOTALL)
    assert found is not None
    path = directory / "adversary.py"
    path.write_text(found[1])
    rows = []
    for backend in ("tensorflow", "jax"):
        command = [sys.executable, "-m", "bench.adversary", path, backend]
        both, tower = json.loads(run(command).output.splitlines()[-1])
        rows.append(
            Measurement(
                f"step with an adversary, {ROWS} jets of each stream, {backend}, processor time", both, "ms",
                f"its tagger alone: {tower:.3g} ms", both / tower, "<= 3",
            )
        )  # fmt: skip
    return rows


def _step(name: str, parameters: dict[str, Any]) -> Callable[[], Any]:
    """Return the step of a model on made-up jets."""
    from jetloom.data.streams.batch import Batch
    from jetloom.data.view import Columns, DataFacts
    from jetloom.models.registry import find_model
    from jetloom.training.steppers.choice import make_stepper

    model, random = find_model(name), np.random.default_rng(1)
    columns = Columns([f"v{k}" for k in range(INPUTS)], np.zeros(INPUTS), np.ones(INPUTS), np.zeros(INPUTS))
    facts, settings = DataFacts(columns, ["a", "b", "c"]), model.parameters.model_validate(parameters)
    stepper = make_stepper(model.build(settings, facts, 1, {}), model, settings)
    batches = {
        stream: Batch.of(
            random.normal(size=(ROWS, INPUTS)).astype(np.float32),
            random.integers(0, 2, ROWS).astype(np.int32),
            np.ones(ROWS, np.float32),
        )
        for stream in stepper.streams
    }
    return lambda: np.asarray(stepper.train(batches))


def _process(path: str, backend: str) -> list[float]:
    """Return the processor time of a step in ms, with the adversary and without, in turns on one thread."""
    from jetloom.training.backends.backend import use_backend

    use_backend(backend, 1)
    steps = [_step(f"{path}:Adversary", TOWER), _step("dense", TOWER)]
    best = [np.inf, np.inf]
    for _ in range(REPEATS):
        for place, step in enumerate(steps):
            step()
            began = time.process_time()
            for _ in range(STEPS):
                step()
            best[place] = min(best[place], 1e3 * (time.process_time() - began) / STEPS)
    return best


if __name__ == "__main__":
    print(json.dumps(_process(*sys.argv[1:])))
