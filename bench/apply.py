"""Applying a network to a ROOT file, against reading and writing the same branches with uproot alone."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from bench.measurement import Measurement
from jetloom.config.conversion import Conversion
from jetloom.config.schema import Schema
from jetloom.config.tasks.task import Task
from jetloom.inference.applied.apply import apply
from jetloom.inference.applied.files import Wanted
from jetloom.inference.applied.networks import Networks
from jetloom.inference.applied.opening import original
from jetloom.inference.applied.recipe import Recipe
from jetloom.inference.applied.seen import Seen
from jetloom.models.registry import find_model
from jetloom.training.backends.backend import use_backend

EVENTS, JETS, VARIABLES = 150_000, 4, 20
REPEATS = 3


def measure(directory: Path) -> list[Measurement]:
    """Apply a network of two layers of 64 units to jets of 20 variables; copy the same branches with uproot."""
    found = []
    networks = _networks()
    for events in (EVENTS // 4, EVENTS):
        path = directory / f"{events}.root"
        _write(path, events)
        ours, theirs = [], []
        for _ in range(REPEATS):
            ours.append(_seconds(lambda path=path: _apply(networks, path, directory / "ours")))
            theirs.append(_seconds(lambda path=path: _copy(path, directory / "theirs.root")))
        jets = events * JETS
        speed, peer = jets / min(ours), jets / min(theirs)
        text = f"uproot alone, read and written {peer:.3g} jets/s"
        what = f"apply to {jets} jets of {VARIABLES} variables, ROOT to ROOT, processor time"
        found.append(Measurement(what, speed, "jets/s", text, speed / peer, ">= 0.50"))
    small, large = (_peak(networks, directory / f"{n}.root", directory / "peak") for n in (EVENTS // 4, EVENTS))
    what = f"memory of Python objects at its peak, {EVENTS * JETS} jets"
    found.append(Measurement(what, large, "MB", f"of a quarter of them {small:.0f} MB", large / small, "<= 1.30"))
    return found


def _networks() -> Networks:
    names = [f"v{k}" for k in range(VARIABLES)]
    task = Task.model_validate({"labels": {"a": {"when": "v0 > 0"}, "b": {"when": "v0 <= 0"}}, "inputs": names})
    view = {"fold": None, "weight": "weight", "train": [], "validation": [], "test": []}
    view |= {"mean": [0.0] * VARIABLES, "std": [1.0] * VARIABLES, "missing": None}
    dataset = {"fingerprint": "", "classes": [{"name": "a"}, {"name": "b"}], "views": [view]}
    dataset["inputs"] = [{"column": name} for name in names]
    conversion = Conversion.model_validate({"select": {"jets": []}})
    recipe = Recipe("bench", "p", "r0", task, dataset, conversion, {"": _schema()})
    use_backend("tensorflow", 1)
    network = recipe.model.build(find_model("dense").parameters(), recipe.facts(None), 1, {})
    return Networks(recipe, {None: network}, 100_000)


def _schema() -> Schema:
    variables = {f"v{k}": {"branch": f"jet_v{k}"} for k in range(VARIABLES)}
    events = {"run_number": {"type": "uint32"}, "event_number": {"type": "uint64"}, "mc_event_weight": {"branch": "w"}}
    jets = {name: {"branch": f"jet_{name}"} for name in ("pt", "eta", "phi")} | variables
    content = {"trees": ["t"], "naming": "flat", "events": {"fields": events}, "jets": {"fields": jets}}
    return Schema.model_validate(content)


def _write(path: Path, events: int) -> None:
    random = np.random.default_rng(5)
    names = ["pt", "eta", "phi", *(f"v{k}" for k in range(VARIABLES))]
    with uproot.recreate(path) as file:
        kinds: dict[str, Any] = {"run_number": "uint32", "event_number": "uint64", "w": "float32"}
        fields = ", ".join(f'"{name}": float32' for name in names)
        tree = file.mktree("t", kinds | {"jet": f"var * {{{fields}}}"})
        for start in range(0, events, 25_000):
            number = min(25_000, events - start)
            counts = np.full(number, JETS)
            columns = {name: random.uniform(0, 100, number * JETS).astype("f4") for name in names}
            tree.extend(
                {
                    "run_number": np.ones(number, "u4"),
                    "event_number": np.arange(start, start + number, dtype="u8"),
                    "w": np.ones(number, "f4"),
                    "jet": ak.zip({name: ak.unflatten(values, counts) for name, values in columns.items()}),
                }
            )


def _apply(networks: Networks, path: Path, output: Path) -> None:
    apply(networks, Seen([]), [original(networks.recipe, path, _schema())], Wanted(), output)


def _copy(path: Path, output: Path) -> None:
    """Read all branches in steps, and write them."""
    with uproot.open(path) as file, uproot.recreate(output, compression=uproot.LZ4(1)) as copy:
        tree = None
        for arrays in file["t"].iterate(step_size="20 MB", library="ak"):
            jets = {name.removeprefix("jet_"): arrays[name] for name in arrays.fields if name.startswith("jet_")}
            flat = {name: arrays[name] for name in arrays.fields if not name.startswith("jet_") and name != "njet"}
            content = flat | {"jet": ak.zip(jets)}
            if tree is None:
                tree = copy.mktree("t", {name: values.type.content for name, values in content.items()})
            tree.extend(content)


def _peak(networks: Networks, path: Path, output: Path) -> float:
    tracemalloc.start()
    _apply(networks, path, output)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return peak


def _seconds(action: Callable[[], None]) -> float:
    """Return the processor time of all threads: that of the clock tells of other processes, too."""
    started = time.process_time()
    action()
    return time.process_time() - started
