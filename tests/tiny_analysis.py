"""A small analysis: converted HDF5 files of two samples with made-up jets, and a configuration for them."""

from copy import deepcopy
from pathlib import Path

import numpy as np

from jetloom.config.analysis import Analysis
from jetloom.config.load import load_merged
from jetloom.io.hdf5.tables import TableWriter
from jetloom.samples.repeated import EVENT, EVENTS

JETS = np.dtype(
    [
        ("run_number", "u4"),
        ("event_number", "u8"),
        ("mc_event_weight", "f4"),
        ("pt", "f4"),
        ("eta", "f4"),
        ("width", "f4"),
        ("ntrk", "i4"),
        ("truth", "i4"),
    ]
)

CONFIG = {
    "analysis": "tiny",
    "samples": {
        "dijet": {"files": ["dijet*.root"], "cross_section": 10.0, "title": "Dijets"},
        "ttbar": {"files": ["ttbar.root"], "cross_section": 2.0},
    },
    "tasks": {
        "flavour": {
            "labels": {"gluon": {"when": "truth == 21"}, "quark": {"when": "truth in (1, 2, 3)"}},
            "inputs": ["log(pt)", "width", "ntrk"],
            "spectators": ["pt", "eta"],
            "split": {"train": 0.6, "validation": 0.2, "test": 0.2},
            "parameters": {"epochs": 2, "batch_size": 64},
            "training": {"early_stopping": None, "reduce_learning_rate": None},
        }
    },
}


def make_jets(rows: int, seed: int, quarks: float = 0.5, first_event: int = 0) -> np.ndarray:
    """Jets of which the width tells quarks from gluons; two jets an event; a tenth has no truth label."""
    rng = np.random.default_rng(seed)
    jets = np.zeros(rows, JETS)
    jets["run_number"] = 1
    jets["event_number"] = first_event + np.arange(rows) // 2
    jets["mc_event_weight"] = rng.normal(1.0, 0.2, rows)
    jets["truth"] = rng.choice([-1, 1, 2, 21], rows, p=[0.1, 0.6 * quarks, 0.3 * quarks, 0.9 * (1 - quarks)])
    gluon = jets["truth"] == 21
    jets["pt"] = 20 + rng.exponential(40 + 20 * quarks, rows)
    jets["eta"] = rng.uniform(-2, 2, rows)
    jets["width"] = rng.normal(0.1 + 0.05 * gluon, 0.04)
    jets["ntrk"] = rng.poisson(8 + 4 * gluon)
    return jets


def make_events(events, channel: int = 7, run: int = 1) -> np.ndarray:
    """The rows of the table of events for some event numbers."""
    rows = np.zeros(len(events), EVENT)
    rows["channel"], rows["run_number"], rows["event_number"] = channel, run, events
    return rows


def write_jets(path: Path, jets: np.ndarray, status: str = "converted", reason: str = "", table=None, **facts) -> Path:
    """Write a file as the conversion does; ``facts`` are further attributes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = np.zeros(0, EVENT) if table is None else table
    with TableWriter(path, {"jets": (jets.dtype, None), EVENTS: (EVENT, None)}) as writer:
        writer.append(jets=jets, **{EVENTS: table})
        writer.attributes |= {
            "status": status,
            "reason": reason,
            "events": len(np.unique(jets["event_number"])),
            "sum_of_weights": float(jets["mc_event_weight"].sum(dtype=float)),
            "counts": [
                {"stage": "hdf5", "level": "jets", "reason": "pt > 20", "before": len(jets) + 10, "after": len(jets)}
            ],
            "titles": {"jets": {"pt": "Jet $p_T$ [GeV]"}},
        } | facts
    return path


def write_samples(directory: Path, rows: int = 400) -> dict[str, list[Path]]:
    """Write two files of dijets and one of top pairs."""
    return {
        "dijet": [
            write_jets(directory / "dijet0.h5", make_jets(rows, 1, 0.3)),
            write_jets(directory / "dijet1.h5", make_jets(rows, 2, 0.3, first_event=10_000)),
        ],
        "ttbar": [write_jets(directory / "ttbar.h5", make_jets(rows, 3, 0.8, first_event=20_000))],
    }


def merged(base: dict, changes: dict) -> dict:
    """Return a configuration with some keys changed; dictionaries are gone into."""
    result = deepcopy(base)
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


def config(**task) -> dict:
    """Return the configuration with some of the task's keys changed."""
    return merged(CONFIG, {"tasks": {"flavour": task}})


def analysis(**task) -> Analysis:
    """Return the checked configuration with some of the task's keys changed."""
    return load_merged(config(**task))
