"""Jets with made-up trees: energies add up, ranks and numbers of nodes are as they should be."""

from __future__ import annotations

import numpy as np

from jetloom.data.jets import Jets
from jetloom.io.trees import BRANCHING, JET_TREE

KEYS = [("label", "<i4"), ("true_label", "<i4"), ("weight", "<f4"), ("event_weight", "<f4"), ("run_number", "<u4")]
KEYS += [("event_number", "<u8"), ("sample", "u1"), ("pt", "<f4"), ("eta", "<f4")]
ROWS = np.dtype([("log_pt", "<f4"), *KEYS, *JET_TREE.descr])


def tree(rng: np.random.Generator, energy: float, branchings: int, hardness: float = 1.0) -> np.ndarray:
    """One tree; ``hardness`` makes its splittings more equal."""
    rows = np.zeros(branchings, BRANCHING)
    state = [(energy, 0.0, 0)]
    for step in range(branchings):
        rank = int(rng.integers(min(len(state), 1 + step // 3)))
        mother_energy, angle, node = state.pop(rank)
        z = min(0.5, 0.004 * np.exp(hardness * rng.gamma(3.0, 0.6)))
        width = 0.4 / (1 + step) * rng.lognormal(0.0, 0.4)
        row = rows[step]
        row["z"], row["theta"], row["delta"] = z, width, width * z / (1 - z)
        row["phi"], row["mother"], row["mother_rank"] = rng.uniform(0, 2 * np.pi), node, rank
        for side, share, turn in (("hard", 1 - z, row["delta"]), ("soft", z, width)):
            row[f"{side}_e"], row[f"{side}_theta"] = share * mother_energy, angle + turn
            row[f"{side}_phi"], row[f"{side}_m"] = rng.uniform(0, 2 * np.pi), 0.1 * share * mother_energy * width
            state.append((float(row[f"{side}_e"]), float(angle + turn), 2 * step + 1 + (side == "soft")))
        state.sort(key=lambda particle: -particle[0])
    return rows


def jets(rng: np.random.Generator, rows: int, first: int = 0, classes: int = 2, longest: int = 40) -> Jets:
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
    trees = [tree(rng, row["seed_e"], int(row["n_branchings"]), 1 + 0.2 * row["label"]) for row in table]
    offsets = np.r_[0, np.cumsum(table["n_branchings"], dtype=np.int64)]
    return Jets(table, np.concatenate([np.zeros(0, BRANCHING), *trees]), offsets)
