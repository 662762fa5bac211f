"""JUNIPR on a GPU, on JAX: jets a second by width and batch, and what bounds a step: bandwidth, arithmetic or latency.

Measured by name only (``python -m bench junipr_gpu``), where JAX sees a GPU. The peer of a figure is what the card can
do: bytes a second of a large copy, and the time of the recurrence alone, whose turns must follow one another.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.junipr import network, train_epoch, trees_stream, write_trees
from bench.measurement import Measurement

WIDTHS, BATCHES = (10, 100), (100, 1_000, 10_000)
JETS = 100_000
STEPS_TIMED = 20


class Step(NamedTuple):
    """One compiled step on a batch that lies on the device."""

    seconds: float
    flops: float
    """By the sizes of the kernels: twice their weights a row and step, three times for the gradients."""
    bytes: float
    """At least so many: XLA counts what is inside the loop over the steps once."""
    turns: int
    """Steps of the recurrence."""
    scan_seconds: float
    """Time of the recurrence alone, forth and back."""


def measure(directory: Path) -> list[Measurement]:
    """Measure training with its stream, and the step alone."""
    from jetloom.training.backends.backend import use_backend

    if use_backend("jax", 8, "gpu") != "gpu":
        print("JAX sees no GPU: nothing is measured")
        return []
    path = directory / "trees.h5"
    write_trees(path, JETS, "none")
    copied = _copy_bandwidth()
    print(f"a copy of 1 GB moves {copied / 1e9:.0f} GB/s, read and written")
    found = []
    for width in WIDTHS:
        for batch in BATCHES:
            streamed = _streamed(path, width, batch)
            step = _step(path, width, batch)
            used = step.bytes / step.seconds
            found.append(
                Measurement(
                    f"JUNIPR d={width}, batch {batch}, GPU: training, its stream included", streamed, "jets/s",
                    f"the step alone {batch / step.seconds:.0f} jets/s, {1e3 * step.seconds:.2f} ms of {step.turns} "
                    f"turns; recurrence alone {1e3 * step.scan_seconds:.2f} ms; {step.flops / step.seconds / 1e9:.0f} "
                    f"GFLOP/s; {used / 1e9:.0f} GB/s of {copied / 1e9:.0f} at least",
                    used / copied, "",
                )
            )  # fmt: skip
            print(*found[-1], flush=True)
    return found


def _timed(action: Callable[[], Any], times: int) -> float:
    """Return the seconds of one call, the first not counted; what is asked for last ends last."""
    import jax

    jax.block_until_ready(action())
    began = time.perf_counter()
    for _ in range(times):
        last = action()
    jax.block_until_ready(last)
    return (time.perf_counter() - began) / times


def _copy_bandwidth() -> float:
    """Return the bytes a second that a copy on the device reads and writes."""
    import jax
    import jax.numpy as jnp

    array = jnp.ones(1 << 28, jnp.float32)
    add = jax.jit(lambda values: values + 1)
    return 2 * array.nbytes / _timed(lambda: add(array), STEPS_TIMED)


def _streamed(path: Path, width: int, batch: int) -> float:
    """Return the jets a second of epochs with reading, batches by length, and steps; the first epoch compiles."""
    stepper, stream = trees_stream("junipr", path, width, JETS, batch)
    best = 0.0
    for _ in range(3):
        began = time.perf_counter()
        train_epoch(stepper, stream)
        best = max(best, JETS / (time.perf_counter() - began))
    return best


def _step(path: Path, width: int, batch: int) -> Step:
    """Time the step, and the recurrence alone, on one batch of the commonest length."""
    import jax

    stepper, stream = trees_stream("junipr", path, width, JETS, batch)
    steps = (JETS // batch) // 2
    chosen = max(
        (one for _, one in zip(range(min(steps, 20)), stream.epoch(0), strict=False)),
        key=lambda one: one.features["daughters"].shape[1] == 48,
    )
    batches = jax.device_put({"main": chosen})
    compiled = stepper._train.lower(stepper._state, batches).compile()
    costs: Any = compiled.cost_analysis()
    costs = costs[0] if isinstance(costs, list) else costs
    weights_used = sum(variable.value.size for variable in stepper.network.trainable_variables if variable.ndim == 2)
    state = stepper._state

    def step() -> Any:
        nonlocal state
        state, sums = compiled(state, batches)
        return sums

    turns = chosen.features["daughters"].shape[1]
    recurrence = network("junipr", width)[2].get_layer("junipr").recurrence
    weights = [variable.value for variable in recurrence.trainable_variables]
    seed, inputs = np.ones((4, batch), np.float32), np.ones((8, turns, batch), np.float32)
    alone = jax.jit(
        jax.grad(lambda weights, seed, inputs: recurrence.stateless_call(weights, [], seed, inputs)[0].sum())
    )
    placed = jax.device_put((seed, inputs))
    return Step(
        _timed(step, STEPS_TIMED), 6.0 * weights_used * batch * turns, costs["bytes accessed"], turns,
        _timed(lambda: alone(weights, *placed), STEPS_TIMED),
    )  # fmt: skip
