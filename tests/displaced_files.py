"""HDF5 files of displaced jets: three classes, a control region, clusters and tracks in slots."""

from pathlib import Path

import numpy as np

from jetloom.io.hdf5.tables import TableWriter
from jetloom.samples.repeated import EVENT, EVENTS

JETS = np.dtype(
    [
        ("run_number", "u4"), ("event_number", "u8"), ("mc_event_weight", "f4"), ("pt", "f4"), ("eta", "f4"),
        ("phi", "f4"), ("kind", "i4"), ("llp_mH", "f4"), ("llp_mS", "f4"),
    ]
)  # fmt: skip
COLLECTIONS = {"clusters": (["pt", "time"], 5), "tracks": (["pt"], 4)}
MAIN, REGION = ("qcd", "signal", "bib"), ("simulation", "data")


def _places(names, slots, rng, mean):
    found = np.zeros((len(mean), slots), [*((name, "f4") for name in names), ("valid", "?")])
    found["valid"] = np.arange(slots) < rng.poisson(slots / 2, len(mean))[:, None]
    for name in names:
        found[name] = np.where(found["valid"], rng.normal(mean[:, None], 1, found.shape), 0)
    return found


def write_sample(path: Path, kind: int, rows: int, seed: int, shift: float = 0.0) -> list[Path]:
    """Write jets of one kind; ``shift`` moves what the detector says of them, as data are moved."""
    rng = np.random.default_rng(seed)
    jets = np.zeros(rows, JETS)
    jets["run_number"], jets["event_number"] = 1 + (shift != 0), 100_000 * seed + np.arange(rows)
    jets["mc_event_weight"], jets["kind"] = rng.normal(1, 0.1, rows), kind
    jets["pt"], jets["eta"], jets["phi"] = rng.uniform(40, 500, rows), rng.normal(0, 1, rows), rng.uniform(-3, 3, rows)
    jets["llp_mH"], jets["llp_mS"] = (600, 150) if kind == 1 else (0, 0)
    means = {"clusters": [0, 1.5, 0.5], "tracks": [1, -1, 0]}
    tables = {
        name: _places(names, slots, rng, np.full(rows, means[name][kind]) + shift)
        for name, (names, slots) in COLLECTIONS.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    shapes = {"jets": (JETS, None), EVENTS: (EVENT, None)} | {
        name: (table.dtype, table.shape[1]) for name, table in tables.items()
    }
    with TableWriter(path, shapes) as writer:
        writer.append(jets=jets, **tables, **{EVENTS: np.zeros(0, EVENT)})
        writer.attributes |= {
            "status": "converted", "reason": "", "events": rows, "counts": [], "titles": {},
            "sum_of_weights": float(jets["mc_event_weight"].sum(dtype=float)),
        }  # fmt: skip
    return [path]


def write_displaced(directory: Path, rows: int = 200) -> dict[str, list[Path]]:
    """Write a file of each class, and simulation and data of the control region."""
    found = {name: write_sample(directory / f"{name}.h5", kind, rows, kind + 1) for kind, name in enumerate(MAIN)}
    found["region_mc"] = write_sample(directory / "region_mc.h5", 0, rows, 4)
    found["region_data"] = write_sample(directory / "region_data.h5", 0, rows, 5, 0.7)
    return found


def displaced_config(model="displaced_adversarial", parameters=None, training=None, **task) -> dict:
    """Return a configuration of a tagger and of its control region."""
    shared = {
        "inputs": ["pt / 500", "eta", "phi"],
        "collections": {name: {"inputs": names, "slots": slots} for name, (names, slots) in COLLECTIONS.items()},
        "split": {"train": 0.6, "validation": 0.2, "test": 0.2},
    }
    small = {
        "filters": {"clusters": [4, 4], "tracks": [4]}, "lstm_units": {"clusters": 3, "tracks": 2},
        "dense_units": [8], "adversary_units": [4], "adversary_updates": 1, "batch_size": 64, "epochs": 2,
    }  # fmt: skip
    if model == "displaced":
        del small["adversary_units"], small["adversary_updates"]
    tagger = {
        **shared, "samples": list(MAIN), "model": model, "parameters": small | (parameters or {}),
        "labels": {name: {"when": f"kind == {place}"} for place, name in enumerate(MAIN)},
        "training": {"early_stopping": None, "reduce_learning_rate": None} | (training or {}),
    } | ({"control": "region"} if model == "displaced_adversarial" else {}) | task  # fmt: skip
    region = {
        **shared, "samples": ["region_mc", "region_data"], "model": "displaced",
        "labels": {"simulation": {"when": "run_number == 1"}, "data": {"when": "run_number == 2"}},
    }  # fmt: skip
    return {
        "analysis": "displaced",
        "samples": {name: {"files": [f"{name}.root"]} for name in (*MAIN, "region_mc", "region_data")},
        "tasks": {"tagger": tagger, "region": region},
    }
