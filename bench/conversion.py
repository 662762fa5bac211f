"""How fast DxAODs become HDF5, against uproot alone reading the same branches in the same process."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from bench.measurement import Measurement
from jetloom.config.conversion import Conversion
from jetloom.config.schema import find_schema
from jetloom.conversion.convert import to_hdf5, to_ntuple
from jetloom.conversion.task import Task
from jetloom.io.root.dxaod import DxaodReader
from jetloom.io.root.files import open_source

EVENTS, JETS, CONSTITUENTS = 38_000, 5, 26
SLOTS = 40
REPEATS = 3
COMPRESSIONS = {"zlib": uproot.ZLIB(1), "zstd": uproot.ZSTD(5)}
TARGETS = {"zlib": 1.5, "zstd": 2.5}


def make_file(path: Path, compression: Any, events: int = EVENTS, constituents: int = CONSTITUENTS) -> int:
    """Write jets with constituents in the shape of a DxAOD, always the same ones; give the uncompressed bytes."""
    random = np.random.default_rng(7)
    jets = random.integers(JETS - 3, JETS + 4, events)
    each = random.poisson(constituents, int(jets.sum()))
    index = ak.unflatten(
        np.repeat(ak.flatten(ak.local_index(ak.unflatten(each, jets))).to_numpy(), each), _sums(each, jets)
    )
    total = int(each.sum())

    def per_jet(values: np.ndarray) -> ak.Array:
        return ak.unflatten(values, jets)

    def per_constituent(values: np.ndarray) -> ak.Array:
        return ak.unflatten(values, _sums(each, jets))

    float32 = np.float32
    content: dict[str, Any] = {
        "EventInfoAux.runNumber": np.full(events, 300000, np.uint32),
        "EventInfoAux.eventNumber": np.arange(events, dtype=np.uint64),
        "EventInfoAuxDyn.mcChannelNumber": np.full(events, 364700, np.uint32),
        "EventInfoAuxDyn.mcEventWeights": ak.unflatten(
            random.normal(1, 0.2, events).astype(float32), np.ones(events, int)
        ),
    }
    jet = "AnalysisJetsAuxDyn."
    content[jet + "pt"] = per_jet((15e3 + random.exponential(40e3, len(each))).astype(float32))
    content[jet + "eta"] = per_jet(random.normal(0, 1.5, len(each)).astype(float32))
    for name in ("phi", "m", "Width", "EMFrac", "SumPtTrkPt500", "TrackWidthPt1000", "Jvt", "N90Constituents"):
        content[jet + name] = per_jet(random.random(len(each), float32))
    for name in ("NumTrkPt500", "PartonTruthLabelID", "HadronConeExclTruthLabelID"):
        content[jet + name] = per_jet(random.integers(0, 22, len(each), np.int32))
    part = "JetConstituentsAuxDyn."
    content[part + "pt"] = per_constituent(random.exponential(3e3, total).astype(float32))
    for name in ("eta", "phi", "m", "d0", "z0"):
        content[part + name] = per_constituent(random.normal(0, 1, total).astype(float32))
    content[part + "charge"] = per_constituent(random.integers(-1, 2, total, np.int32))
    content[part + "jetIndex"] = ak.values_astype(index, np.int32)
    with uproot.recreate(path, compression=compression) as file:
        step = 2000
        types = {
            name: values.dtype if isinstance(values, np.ndarray) else ak.type(values).content
            for name, values in content.items()
        }
        tree = file.mktree("CollectionTree", types)
        for start in range(0, events, step):
            tree.extend({name: values[start : start + step] for name, values in content.items()})
    with uproot.open(path) as file:
        return int(file["CollectionTree"].uncompressed_bytes)


def _sums(each: np.ndarray, jets: np.ndarray) -> np.ndarray:
    return np.add.reduceat(each, np.concatenate([[0], np.cumsum(jets)[:-1]]))


def uproot_alone(task: Task) -> None:
    """Read and interpret the branches of a conversion in its steps, and do nothing with them."""
    assert task.schema is not None
    with open_source(task.path, task.schema.trees) as source:
        reader = DxaodReader(source, task.schema, task.conversion)
        for _ in source.tree.iterate(reader.plan.branches(), step_size=reader.step, library="ak", how=dict):
            pass


def best(actions: dict[str, Callable[[], object]], repeats: int = REPEATS) -> dict[str, float]:
    """Return the shortest time of each action; they take turns, so that a busy machine slows all of them."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(repeats):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            times[name].append(time.perf_counter() - start)
    return {name: min(values) for name, values in times.items()}


def measure(directory: Path, events: int = EVENTS) -> list[Measurement]:
    """Measure both compressions; files are made in a directory."""
    rows = []
    for name, compression in COMPRESSIONS.items():
        path = directory / f"{name}.root"
        size = make_file(path, compression, events) / 1e6
        task = Task(path, find_schema("simulated"), Conversion(slots={"constituents": SLOTS}))
        to_hdf5(task, directory / "warm.h5")  # compiles, and fills the page cache
        ntuple = directory / f"{name}_ntuple.root"
        times = best(
            {
                "uproot": lambda task=task: uproot_alone(task),
                "direct": lambda task=task: to_hdf5(task, directory / "direct.h5"),
                "ntuple": lambda task=task, ntuple=ntuple: to_ntuple(task, ntuple),
                "second": lambda task=task, ntuple=ntuple: to_hdf5(
                    Task(ntuple, task.schema, task.conversion), directory / "second.h5"
                ),
            }
        )
        peer = f"uproot alone, {size / times['uproot']:.0f} MB/s"
        labels = {"direct": "DxAOD to HDF5", "ntuple": "DxAOD to ntuple", "second": "ntuple to HDF5"}
        for key, label in labels.items():
            what = f"{label}, {name}, {size:.0f} MB"
            goal = f"<= {TARGETS[name]} times its time" if key == "direct" else ""
            rows.append(Measurement(what, size / times[key], "MB/s", peer, times[key] / times["uproot"], goal))
    return rows
