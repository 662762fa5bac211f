"""Clustering trees: speed beside FastJet's Python bindings, every merge compared, memory, bytes on the disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.measurement import Measurement, peak_memory
from jetloom.config.tasks.trees import Trees
from jetloom.io.hdf5.tables import TableReader, TableWriter
from jetloom.physics.clustering import cluster
from jetloom.physics.kinematics import four_momenta
from jetloom.trees.constituents import Constituents
from jetloom.trees.convert import hdf5_to_trees
from jetloom.trees.grow import grow

JETS, MEAN, SLOTS = 100_000, 33, 80
PART = 10_000
"""Jets that FastJet's histories are kept of at a time."""
SMALL, LARGE = 200_000, 1_000_000
REPEATS = 3

Columns = dict[str, npt.NDArray[Any]]


def measure(directory: Path) -> list[Measurement]:
    """Measure toy jets of 33 constituents (mean), in the processor time of one core: the machine may be shared."""
    columns, counts = toy_jets(JETS, MEAN, 1)
    momenta = four_momenta(*(columns[name] for name in ("pt", "eta", "phi", "m")))
    constituents = Constituents.of(momenta, counts)
    ours = JETS / best_time(lambda: grow(constituents, Trees()))
    seconds, wrong = against_fastjet(constituents)
    peer_speed = JETS / seconds
    peer = f"FastJet in Python, walk of the history: {peer_speed:.0f} jets/s"
    compared = f"jets of {JETS} with a merge that FastJet does not make"
    rows = [
        Measurement("trees in memory, one core", ours, "jets/s", peer, ours / peer_speed, ">= 40000 jets/s"),
        Measurement(compared, wrong, "jets", "FastJet", wrong / JETS, "0"),
    ]
    return [*rows, *files(directory, columns, counts, peer, peer_speed), memory(directory)]


def toy_jets(jets: int, mean: int, seed: int) -> tuple[Columns, npt.NDArray[np.int64]]:
    """Make constituents around axes, denser near them, about 3.5 GeV each; give their columns and numbers."""
    random = np.random.default_rng(seed)
    counts = np.maximum(random.poisson(mean, jets), 1)
    total = int(counts.sum())
    distance, angle = 0.4 * random.random(total) ** 1.7, random.uniform(-np.pi, np.pi, total)
    columns = {
        "pt": 0.5 + random.exponential(3.0, total),
        "eta": np.repeat(random.normal(0, 1.2, jets), counts) + distance * np.cos(angle),
        "phi": np.repeat(random.uniform(-np.pi, np.pi, jets), counts) + distance * np.sin(angle),
        "m": np.where(random.random(total) < 0.6, 0.13957, 0.0),
    }
    return {name: values.astype(np.float32) for name, values in columns.items()}, counts


def best_time(action: Callable[[], object]) -> float:
    """Return the least processor time of some runs, in seconds; the first one compiles."""
    action()
    times = []
    for _ in range(REPEATS):
        started = time.process_time()
        action()
        times.append(time.process_time() - started)
    return min(times)


def against_fastjet(constituents: Constituents) -> tuple[float, int]:
    """Return the processor time that FastJet takes for all jets, and the number of jets in which a merge differs."""
    offsets = constituents.offsets
    history = cluster(constituents.momenta, offsets, 0.0)
    seconds, wrong = 0.0, 0
    for first in range(0, JETS, PART):
        part = range(first, min(first + PART, JETS))
        started = time.process_time()
        theirs = fastjet_merges(constituents.momenta, offsets, part)
        seconds += time.process_time() - started
        for jet, merges in zip(part, theirs, strict=True):
            ours = history.parents[history.offsets[jet] : history.offsets[jet + 1]].tolist()
            wrong += ours != [pair for _, *pair in merges]
    return seconds, wrong


def fastjet_merges(momenta: npt.NDArray[Any], offsets: npt.NDArray[Any], jets: range) -> list[list[list[int]]]:
    """Cluster with FastJet and walk through the history of each jet, as a program in Python does."""
    import fastjet

    definition = fastjet.JetDefinition(fastjet.cambridge_algorithm, 7.0)
    found = []
    for jet in jets:
        rows = momenta[offsets[jet] : offsets[jet + 1]].tolist()
        sequence = fastjet.ClusterSequence([fastjet.PseudoJet(*row) for row in rows], definition)
        waiting, merges = list(sequence.exclusive_jets(1)), []
        while waiting:
            merged, one, other = waiting.pop(), fastjet.PseudoJet(), fastjet.PseudoJet()
            if sequence.has_parents(merged, one, other):
                pair = sorted([one.cluster_hist_index(), other.cluster_hist_index()])
                merges.append([merged.cluster_hist_index(), *pair])
                waiting += [one, other]
        found.append(sorted(merges))
    return found


def files(
    directory: Path, columns: Columns, counts: npt.NDArray[np.int64], peer: str, peer_speed: float
) -> list[Measurement]:
    """Measure from file to file, with two filters."""
    rows = []
    for compression in ("lz4", "none"):
        source, output = directory / f"{compression}.h5", directory / f"{compression}_trees.h5"
        write_jets(source, columns, counts, SLOTS, compression)
        speed = JETS / best_time(lambda s=source, o=output, c=compression: hdf5_to_trees(s, o, Trees(), c))
        what = f"trees, HDF5 to HDF5, one core, {compression}"
        rows.append(Measurement(what, speed, "jets/s", peer, speed / peer_speed, ">= 20000 jets/s"))
        with TableReader(output) as reader:
            width = output.stat().st_size / reader.rows["branchings"]
        what = f"bytes a branching in the file, {compression}"
        json = 13_900 / (MEAN - 1)
        rows.append(Measurement(what, width, "bytes", f"JSON of the reference {json:.0f}", width / json, "<= 200"))
    return rows


def write_jets(path: Path, columns: Columns, counts: npt.NDArray[np.int64], slots: int, compression: str) -> None:
    """Write jets with constituents, of the columns that a simulated sample has."""
    names = ["pt", "eta", "phi", "m", "charge", "d0", "z0"]
    places = np.dtype([(name, "<f4") for name in names] + [("valid", "?")])
    jet = np.dtype(
        [("run_number", "<u4"), ("event_number", "<u8"), ("mc_event_weight", "<f4")]
        + [(name, "<f4") for name in ("pt", "eta", "phi", "m", "width")]
        + [("label", "<i4"), ("n_constituents", "<i4")]
    )
    offsets = np.concatenate([[0], np.cumsum(counts)])
    tables = {"jets": (jet, None), "before": (jet, None), "constituents": (places, slots)}
    with TableWriter(path, tables, compression) as writer:
        for start in range(0, len(counts), 20_000):
            stop = min(start + 20_000, len(counts))
            rows, block = np.zeros(stop - start, jet), np.zeros((stop - start, slots), places)
            rows["event_number"], rows["n_constituents"] = np.arange(start, stop), counts[start:stop]
            block["valid"] = np.arange(slots) < counts[start:stop, None]
            for name in ("pt", "eta", "phi", "m"):
                block[name][block["valid"]] = columns[name][offsets[start] : offsets[stop]]
            writer.append(jets=rows, constituents=block)
        writer.attributes = {
            "status": "converted", "reason": "", "events": len(counts), "sum_of_weights": 1.0, "counts": [],
            "titles": {}, "units": {},
        }  # fmt: skip


def memory(directory: Path) -> Measurement:
    """Return the peak memory of the verb for many jets, beside that for fewer; few constituents, to fit on a disk."""
    peaks = []
    for jets in (SMALL, LARGE):
        source = directory / f"{jets}.h5"
        columns, counts = toy_jets(jets, 10, 2)
        write_jets(source, columns, counts, 32, "lz4")
        peaks.append(peak_memory("trees", "-q", source, "--output", directory / "memory.h5"))
    small, large = peaks
    return Measurement(
        f"peak memory of trees, {LARGE / 1e6:g} M jets", large, "MB", f"{SMALL / 1e6:g} M jets {small:.0f} MB",
        large / small, "< 1.10",
    )  # fmt: skip
