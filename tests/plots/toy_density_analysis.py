"""A made-up analysis with trees on disk: dataset, collected scan, and a density model that needs no training."""

import numpy as np
import yaml
from toy_analysis import write_table

import toy_trees
from jetloom.io.sealed import write_json
from stored_files import write_facts, write_result
from toy_binning import BINNING

CONFIG = {
    "analysis": "toy",
    "label": "ATLAS Simulation Work in Progress",
    "samples": {"dijet": {"files": ["x.root"]}},
    "tasks": {
        "quark_density": {
            "title": "Quarks",
            "labels": {
                "quark": {"when": "truth == 0", "title": "Light quark"},
                "gluon": {"when": "truth == 1", "title": "Gluon"},
            },
            "classes": ["quark"],
            "inputs": ["log(pt)"],
            "reads": "trees",
            "model": "toy_density",
            "drawings": 2,
        }
    },
}


def write_dataset(directory, rows=300):
    """Parts with trees, and the description of them."""
    for place, part in enumerate(("train", "validation", "test")):
        jets = toy_trees.jets(np.random.default_rng(place), rows, first=place * rows)
        jets.rows["label"][:3] = -1
        write_table(directory / f"{part}.h5", {}, jets=jets.rows, branchings=jets.branchings)
    parts = {part: [f"{part}.h5"] for part in ("train", "validation", "test")}
    view = {"fold": None, "weight": "weight", **parts, "missing": None, "mean": [5.0], "std": [1.0]}
    description = {
        "task": "quark_density", "title": "Quarks", "label": "",
        "classes": [{"name": name, "title": "", "color": None} for name in ("quark", "gluon")],
        "inputs": [{"column": "log_pt", "expression": "log(pt)", "title": "log(pt)"}],
        "spectators": [{"column": name, "title": name} for name in ("pt", "eta")],
        "parts": parts, "views": [view | {"binning": BINNING}], "samples": {"dijet": {"title": "dijet"}},
        "fingerprint": "f00d", "digests": {},
    }  # fmt: skip
    write_json(directory / "dataset.json", description)


def write_best(directory, model):
    """A scan whose one point is the model."""
    best = {"point": "p00000000000a", "run": "r0", "fold": None}
    path = directory / best["point"] / best["run"] / "model.keras"
    path.parent.mkdir(parents=True)
    model.save(path)
    write_result(path.parent, ["model.keras"])
    write_facts(directory, best)


def write_config(path):
    path.write_text(yaml.safe_dump(CONFIG, sort_keys=False))
