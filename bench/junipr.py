"""JUNIPR: training through the real stream and step, and log P of a file, against the plainest model in Keras.

Each measurement is a process of its own on one backend, with two threads, in which ours and the peer take turns. The
peer is the same network of Keras' own layers, padded to the longest jet, with model.fit on scaled arrays in memory; it
gets fewer jets, because it is so slow.
Besides the wall time, the processor time is given: on a machine that is shared, it says more.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.measurement import Measurement, run

JETS, WIDE_JETS, PEER_JETS, MOST, BATCH = 60_000, 8_000, 2_000, 80, 100
LARGE_BATCH = 1_000
FEW_AND_MANY = 70_000, 400_000
REPEATS = 3
GOALS = {("tensorflow", 10): 20_000, ("jax", 10): 40_000, ("tensorflow", 100): 4_500, ("jax", 100): 4_500}


def measure(directory: Path) -> list[Measurement]:
    """Measure d = 10 and d = 100 on both backends, the cost of the binary model, and log P of a file."""
    found = []
    for (backend, width), goal in GOALS.items():
        path = directory / f"{width}.h5"
        write_trees(path, JETS if width == 10 else WIDE_JETS)
        command = [sys.executable, "-m", "bench.junipr", path, backend, str(width)]
        result = json.loads(run(command).output.splitlines()[-1])
        ours, peer = result["unary"], result["peer"]
        found.append(
            Measurement(
                f"JUNIPR d={width}, {backend}: training, {ours['cpu']:.0f} jets a processor second",
                ours["wall"], "jets/s", f"plain Keras {peer['wall']:.0f} jets/s, {peer['cpu']:.0f} a processor second",
                ours["wall"] / peer["wall"], f">= {goal} jets/s",
            )
        )  # fmt: skip
        if width == 10:
            cost = ours["cpu"] / result["binary"]["cpu"]
            found += [
                Measurement(f"JUNIPR d=10, {backend}: processor time of binary over unary", cost, "", "unary", cost,
                            "<= 2.1"),
                Measurement(f"JUNIPR d=10, {backend}: log P of a file", result["log_p"]["wall"], "jets/s",
                            f"training {ours['wall']:.0f} jets/s", result["log_p"]["wall"] / ours["wall"],
                            ">= 100000 jets/s"),
            ]  # fmt: skip
    return [*found, measure_memory(directory), *measure_batches(directory)]


def measure_batches(directory: Path) -> list[Measurement]:
    """Measure the batches alone, as a card that is faster than they are would ask for them.

    One thread reads, puts in order and cuts, any number of others fill the arrays: the rate on a machine with cores to
    spare is that of the slower ones, by processor time.
    """
    found = []
    for compression in ("none", "lz4"):
        path = directory / f"batches_{compression}.h5"
        write_trees(path, JETS, compression)
        command = [sys.executable, "-m", "bench.junipr", path, "numpy", "batches"]
        result = json.loads(run(command).output.splitlines()[-1])
        alone = {threads: f"{rate:.0f} jets/s" for threads, rate in result["wall"].items()}
        reading, filling = result["reading"], result["filling"]
        found.append(
            Measurement(
                f"JUNIPR: batches of {LARGE_BATCH} alone, {compression}, 8 threads on 16 idle cores, by processor time",
                1e6 / max(reading, filling / 8), "jets/s",
                f"reading {reading:.2f} us, filling {filling:.2f} us a jet; here, shared: {alone}",
                8 * reading / filling, ">= 500000 jets/s",
            )
        )  # fmt: skip
    return found


def measure_memory(directory: Path) -> Measurement:
    """Measure the peak memory of an epoch of few and of many jets, backend and compiler included."""
    peaks = []
    for jets in FEW_AND_MANY:
        path = directory / "many.h5"
        path.unlink(missing_ok=True)
        write_trees(path, jets)
        command = [sys.executable, "-m", "bench.junipr", path, "jax", "memory"]
        peaks.append(float(run(command).output.splitlines()[-1]))
    few, many = (f"{jets / 1e6:g} M jets" for jets in FEW_AND_MANY)
    return Measurement(
        f"JUNIPR d=10, jax: peak memory of a training, {many}", peaks[1], "MB", f"{few}: {peaks[0]:.0f} MB",
        peaks[1] / peaks[0], "<= 1.10",
    )  # fmt: skip


def write_trees(path: Path, count: int, compression: str = "lz4") -> None:
    """Write random trees of 33 +- 10 constituents, as jets of 100 GeV have, always the same ones."""
    from jetloom.io.hdf5.tables import TableWriter
    from jetloom.io.trees import BRANCHING, JET_TREE

    random = np.random.default_rng(5)
    jets = np.zeros(count, [("label", "i4"), ("weight", "f4"), *JET_TREE.descr])
    lengths = np.clip(random.gamma(10, 32 / 10, count).astype(int), 1, MOST - 2)
    jets["n_branchings"], jets["first_branching"] = lengths, np.cumsum(lengths) - lengths
    jets["label"], jets["weight"] = random.integers(0, 2, count), 1
    jets["seed_e"], jets["seed_m"] = random.uniform(100, 500, count), random.uniform(5, 60, count)
    table = np.zeros(lengths.sum(), BRANCHING)
    step = np.arange(len(table)) - np.repeat(jets["first_branching"], lengths)
    for name in BRANCHING.names or ():
        table[name] = np.exp(random.uniform(-4, -0.7, len(table)))
    table["mother_rank"], table["mother"] = random.integers(0, step + 1), random.integers(0, 2 * step + 1)
    with TableWriter(path, {"jets": (jets.dtype, None), "branchings": (BRANCHING, None)}, compression) as writer:
        writer.append(jets=jets, branchings=table)


def _process(path: Path, backend: str, width: int) -> dict[str, dict[str, float]]:
    """Measure one backend and width in this process."""
    from jetloom.training.backends.backend import use_backend

    use_backend(backend, 2)
    jets = JETS if width == 10 else WIDE_JETS
    actions = {"unary": _training("junipr", path, width, jets), "peer": _peer(path, width, PEER_JETS)}
    if width == 10:
        actions |= {"binary": _training("junipr_binary", path, width, jets), "log_p": _log_p(path, jets)}
    best = {name: {"wall": 0.0, "cpu": 0.0} for name in actions}
    for repeat in range(REPEATS + 1):
        for name, action in actions.items():
            wall, cpu = time.perf_counter(), time.process_time()
            done = action()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if repeat:  # the first one compiles
                best[name]["wall"] = max(best[name]["wall"], done / wall)
                best[name]["cpu"] = max(best[name]["cpu"], done / cpu)
    return best


def facts() -> Any:
    """Return what a model is told of such data."""
    from jetloom.data.view import Columns, DataFacts
    from jetloom.physics.scaling import junipr_limits

    limits = junipr_limits(500.0, 1.0, np.pi / 2, 0.1)
    binning = {"granularity": 10, "scaling": "log", **limits, "trees": {"max_constituents": MOST}}
    return DataFacts(Columns(["pt"], np.ones(1), np.ones(1), None), ["gluon", "quark"], trees=binning)


def network(name: str, width: int) -> tuple[Any, Any, Any]:
    """Return a model, its parameters, and its network, all of whose layers have one width."""
    from jetloom.models.registry import find_model

    model, sizes = find_model(name), ("width", "end_hidden", "mother_hidden", "branching_hidden")
    parameters = model.parameters.model_validate(dict.fromkeys(sizes, width) | {"batch_size": BATCH})
    return model, parameters, model.build(parameters, facts(), 1, {})


def trees_stream(name: str, path: Path, width: int, jets: int, batch: int) -> tuple[Any, Any]:
    """Return the step of a model, and the batches by length of a file, as a training uses them."""
    from jetloom.data.streams.batch import Batch
    from jetloom.data.streams.buckets import BucketStream
    from jetloom.training.steppers.choice import make_stepper

    model, parameters, built = network(name, width)
    data = facts()

    def prepare(block: Any) -> Any:
        return Batch.of(model.features(block, data), block["label"], block["weight"])

    stepper = make_stepper(built, model, parameters)
    return stepper, BucketStream([path], batch, 1, prepare, lambda block: np.arange(len(block)), jets)


def train_epoch(stepper: Any, stream: Any) -> None:
    """Train an epoch as the training loop does: the sums of a step are looked at while the next one works.

    It is always the same epoch: another one could bring a length whose shape is not yet compiled.
    """
    last: Any = 0.0
    for batch in stream.epoch(0):
        sums = stepper.train({"main": batch})
        np.asarray(last)
        last = sums
    np.asarray(last)


def _training(name: str, path: Path, width: int, jets: int) -> Callable[[], int]:
    """Train an epoch: reading, batches by length, steps."""
    stepper, stream = trees_stream(name, path, width, jets, BATCH)

    def epoch() -> int:
        train_epoch(stepper, stream)
        return jets

    return epoch


def _batches(path: Path) -> dict[str, Any]:
    """Return jets a second of the batches alone by number of threads, and microseconds of a processor by part."""
    from dataclasses import replace

    from jetloom.data.streams.batch import Batch
    from jetloom.data.streams.buckets import BucketStream, filled
    from jetloom.models.registry import find_model

    model, data = find_model("junipr"), facts()

    def prepare(block: Any) -> Any:
        return Batch.of(model.features(block, data), block["label"], block["weight"])

    stream = BucketStream([path], LARGE_BATCH, 1, prepare, lambda block: np.arange(len(block)), JETS)
    wall: dict[int, float] = {}
    for threads in (1, 2):
        for _ in range(REPEATS + 1):
            began = time.perf_counter()
            for _ in replace(stream, threads=threads).epoch(0):
                pass
            wall[threads] = max(wall.get(threads, 0.0), JETS / (time.perf_counter() - began))
    parts = []
    for _ in range(REPEATS):
        began, filling = time.thread_time(), 0.0
        for jets, batches in stream._ordered(np.random.default_rng([1, 0])):
            before = time.thread_time()
            for positions in batches:
                filled(jets, positions, LARGE_BATCH, prepare)
            filling += time.thread_time() - before
        parts.append((time.thread_time() - began - filling, filling))
    reading, filling = (1e6 * min(times) / JETS for times in zip(*parts, strict=True))
    return {"wall": wall, "reading": reading, "filling": filling}


def _log_p(path: Path, jets: int) -> Callable[[], int]:
    """Compute log P of all jets of a file, as an evaluation does."""
    from jetloom.data.block import iter_blocks
    from jetloom.evaluation.density.log_p import LogProbabilities
    from jetloom.inference.tree_batches import BLOCK_ROWS
    from jetloom.io.hdf5.tables import TableReader

    model, _, built = network("junipr", 10)
    log_p = LogProbabilities(built, model, facts())

    def everything() -> int:
        with TableReader(path) as reader:
            for _, steps in log_p.iter_blocks(iter_blocks(reader, BLOCK_ROWS)):
                steps.sums()
        return jets

    return everything


def _peer(path: Path, width: int, jets: int) -> Callable[[], int]:
    """Train an epoch of the same network of Keras' layers with model.fit, padded to the longest jet."""
    import keras

    from jetloom.data.block import read_block
    from jetloom.io.hdf5.tables import TableReader
    from jetloom.models.junipr.features import padded

    keras.utils.set_random_seed(1)
    with TableReader(path) as reader:
        arrays = padded(read_block(reader, 0, jets))
    # The first step sees no daughters: the state before it is that of the seed.
    daughters = np.roll(np.log(np.abs(arrays["daughters"]) + 1e-8), 1, axis=1)
    steps, mask = daughters.shape[1], np.arange(daughters.shape[1]) < arrays["length"][:, None]
    branching, mother = np.log(arrays["branching"] + 1e-8), np.log(np.abs(arrays["mother"]) + 1e-8)
    targets = np.clip(arrays["branching"] * 10, 0, 9).astype(np.int32)
    layers, dense = keras.layers, keras.layers.Dense
    seed, entry = keras.Input((4,)), keras.Input((steps, 8))
    mothers, before = keras.Input((steps, 4)), keras.Input((steps, 4))
    start = dense(width, activation="tanh")(seed)
    states = layers.SimpleRNN(width, return_sequences=True)(entry, initial_state=start)

    def head(x: Any, classes: int, name: str) -> Any:
        hidden = layers.TimeDistributed(dense(width, activation="relu"))(x)
        return layers.TimeDistributed(dense(classes, activation="softmax"), name=name)(hidden)

    outputs = [head(states, 2, "end"), head(states, MOST, "mother")]
    for index, name in enumerate(("z", "theta", "delta", "phi")):
        outputs.append(head(layers.Concatenate()([states, mothers, before[:, :, :index]] if index else
                                                 [states, mothers]), 11, name))  # fmt: skip
    model = keras.Model([seed, entry, mothers, before], outputs)
    model.compile("adam", ["sparse_categorical_crossentropy"] * 6)
    labels = [np.eye(steps, dtype=np.int32)[arrays["length"]], arrays["rank"], *targets.transpose(2, 0, 1)]
    weights = [np.roll(mask, 1, axis=1).astype(np.float32), *[mask.astype(np.float32)] * 5]
    inputs = [np.log(arrays["seed"] + 1e-8), daughters, mother, branching]

    def epoch() -> int:
        model.fit(inputs, labels, sample_weight=weights, batch_size=100, verbose=0)
        return jets

    return epoch


def _peak(path: Path, backend: str) -> float:
    """Train two epochs on all jets of a file; give the peak memory of this process in MB."""
    from jetloom.io.hdf5.tables import TableReader
    from jetloom.training.backends.backend import use_backend

    use_backend(backend, 2)
    with TableReader(path) as reader:
        jets = reader.rows["jets"]
    stepper, stream = trees_stream("junipr", path, 10, jets, BATCH)
    for _ in range(2):
        train_epoch(stepper, stream)
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


if __name__ == "__main__":
    if sys.argv[3] == "memory":
        print(_peak(Path(sys.argv[1]), sys.argv[2]))
        sys.exit()
    if sys.argv[3] == "batches":
        print(json.dumps(_batches(Path(sys.argv[1]))))
        sys.exit()
    print(json.dumps(_process(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
