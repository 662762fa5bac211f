"""Blocks of jets with made-up trees, as a dataset gives them."""

from __future__ import annotations

import numpy as np

from jetloom.data.block import Block
from jetloom.io.trees import BRANCHING, JET_TREE
from tree_files import make_tree

KEYS = [("label", "<i4"), ("true_label", "<i4"), ("weight", "<f4"), ("event_weight", "<f4"), ("run_number", "<u4")]
KEYS += [("event_number", "<u8"), ("sample", "u1"), ("pt", "<f4"), ("eta", "<f4")]
ROWS = np.dtype([("log_pt", "<f4"), *KEYS, *JET_TREE.descr])


def tree(rng: np.random.Generator, energy: float, branchings: int, gluon: bool = False) -> np.ndarray:
    """One tree; those of gluons split more softly."""
    rows = make_tree(branchings, energy, 0.1 * energy, rng, gluon)
    found = np.zeros(branchings, BRANCHING)
    for name in BRANCHING.names:
        found[name] = rows[name]
    return found


def jets(rng: np.random.Generator, rows: int, first: int = 0, classes: int = 2, longest: int = 40) -> Block:
    """Jets of classes 0, 1, ...: the higher the class, the more branchings."""
    table = np.zeros(rows, ROWS)
    table["label"] = table["true_label"] = rng.integers(0, classes, rows)
    table["seed_e"] = rng.uniform(200, 600, rows)
    table["seed_m"] = 0.1 * table["seed_e"]
    table["pt"], table["log_pt"] = 0.9 * table["seed_e"], np.log(0.9 * table["seed_e"])
    table["eta"] = rng.uniform(-2, 2, rows)
    table["weight"], table["event_weight"] = rng.uniform(0.5, 1.5, rows), 0.01
    table["run_number"], table["event_number"] = 1, first + np.arange(rows) // 2
    table["n_branchings"] = np.minimum(rng.poisson(6 + 8 * table["label"]), longest)
    table["first_branching"] = np.r_[0, np.cumsum(table["n_branchings"])[:-1]]
    trees = [tree(rng, row["seed_e"], int(row["n_branchings"]), row["label"] == 1) for row in table]
    offsets = np.r_[0, np.cumsum(table["n_branchings"], dtype=np.int64)]
    return Block.of_trees(table, np.concatenate([np.zeros(0, BRANCHING), *trees]), offsets)
