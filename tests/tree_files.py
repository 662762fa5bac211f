"""Small files of clustering trees with made-up splittings, as ``jetloom trees`` writes them (docs/formats.md)."""

from pathlib import Path

import numpy as np

from jetloom.config.analysis import Analysis
from jetloom.config.load import load_merged
from jetloom.io.hdf5.tables import TableWriter
from jetloom.io.trees import JET_TREE, QUARANTINE, TREE_BRANCHING
from tiny_analysis import CONFIG, JETS, make_jets, merged

TREE_JETS = np.dtype(JETS.descr + JET_TREE.descr)

TREE_CONFIG = merged(CONFIG, {"tasks": {"flavour": {"reads": "trees"}}})


def make_trees(rows: int, seed: int, quarks: float = 0.5, first_event: int = 0, most: int = 24):
    """Jets as those of ``make_jets``, and their trees: gluons split more often, and more softly.

    Returns
    -------
    jets : structured array of TREE_JETS, shape (rows,)
    branchings : structured array of TREE_BRANCHING
    """
    rng = np.random.default_rng([seed, 7])
    plain = make_jets(rows, seed, quarks, first_event)
    jets = np.zeros(rows, TREE_JETS)
    for name in JETS.names:
        jets[name] = plain[name]
    gluon = jets["truth"] == 21
    jets["n_branchings"] = np.minimum(rng.poisson(5 + 4 * gluon), most)
    jets["first_branching"] = np.cumsum(jets["n_branchings"]) - jets["n_branchings"]
    jets["seed_e"] = jets["pt"] * np.cosh(jets["eta"])
    jets["seed_m"] = 0.15 * jets["pt"]
    trees = [make_tree(jet["n_branchings"], jet["seed_e"], jet["seed_m"], rng, jet["truth"] == 21) for jet in jets]
    return jets, np.concatenate(trees)


def make_tree(branchings: int, energy: float, mass: float, rng: np.random.Generator, gluon: bool) -> np.ndarray:
    """One tree: energies add up, ranks and numbers of nodes are right, angles and masses shrink along the walk."""
    rows = np.zeros(branchings, TREE_BRANCHING)
    momenta = {0: (float(energy), 0.0, 0.0, float(mass))}
    state, born_of = [0], {}
    for t in range(branchings):
        rank = min(int(rng.geometric(0.5)) - 1, t)
        mother = state.pop(rank)
        e, theta, _, m = momenta[mother]
        z = 0.5 * rng.beta(0.8 if gluon else 1.2, 3.0) + 1e-3
        angle, phi = 0.6 * rng.beta(1.0, 3.0) / (1 + 0.3 * t) + 1e-4, rng.uniform(0, 2 * np.pi)
        delta = angle * z / (1 - z)
        hard, soft = 2 * t + 1, 2 * t + 2
        momenta[hard] = ((1 - z) * e, theta + 0.5 * delta, (phi + np.pi) % (2 * np.pi), 0.7 * m)
        momenta[soft] = (z * e, theta + 0.5 * angle, phi, 0.3 * m)
        row = rows[t]
        row["z"], row["theta"], row["phi"], row["delta"] = z, angle, phi, delta
        for prefix, node in (("hard", hard), ("soft", soft)):
            for name, value in zip(("e", "theta", "phi", "m"), momenta[node], strict=True):
                row[f"{prefix}_{name}"] = value
        row["mother"], row["mother_rank"] = mother, rank
        born_of[mother] = t
        # Of equal energies the newcomer comes after those that are there.
        for node in (hard, soft):
            place = sum(momenta[other][0] >= momenta[node][0] for other in state)
            state.insert(place, node)
    _number_nodes(rows, born_of)
    return rows


def _number_nodes(rows: np.ndarray, born_of: dict[int, int]) -> None:
    """Number the daughters as the history of the clustering does: constituents first; the walk goes backwards."""
    leaves, root = 0, 2 * len(rows)
    for t in range(len(rows)):
        for name, node in (("hard_node", 2 * t + 1), ("soft_node", 2 * t + 2)):
            if node in born_of:
                rows[name][t] = root - born_of[node]
            else:
                rows[name][t] = leaves
                leaves += 1


def write_trees(path: Path, jets: np.ndarray, branchings: np.ndarray, trees: dict | None = None) -> Path:
    """Write a file as ``jetloom trees`` does; ``trees`` are the settings of the clustering."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = {"jets": (jets.dtype, None), "branchings": (TREE_BRANCHING, None), "quarantine": (QUARANTINE, None)}
    with TableWriter(path, tables) as writer:
        writer.append(jets=jets, branchings=branchings)
        writer.attributes |= {
            "status": "converted",
            "reason": "",
            "events": len(np.unique(jets["event_number"])),
            "sum_of_weights": float(jets["mc_event_weight"].sum(dtype=float)),
            "counts": [
                {"stage": "select", "level": "jets", "reason": "pt > 20", "before": len(jets) + 10, "after": len(jets)}
            ],
            "titles": {"jets": {"pt": "Jet $p_T$ [GeV]"}},
            "trees": trees or {"algorithm": "cambridge_aachen", "radius": None},
            "reasons": [],
        }
    return path


def write_tree_samples(directory: Path, rows: int = 400, most: int = 24) -> dict[str, list[Path]]:
    """Write two files of dijets and one of top pairs."""
    return {
        "dijet": [
            write_trees(directory / "dijet0.h5", *make_trees(rows, 1, 0.3, most=most)),
            write_trees(directory / "dijet1.h5", *make_trees(rows, 2, 0.3, first_event=10_000, most=most)),
        ],
        "ttbar": [write_trees(directory / "ttbar.h5", *make_trees(rows, 3, 0.8, first_event=20_000, most=most))],
    }


def tree_config(**task) -> dict:
    """Return the configuration of a task that reads trees, with some of its keys changed."""
    return merged(TREE_CONFIG, {"tasks": {"flavour": task}})


def tree_analysis(**task) -> Analysis:
    """Return the checked configuration of a task that reads trees, with some of its keys changed."""
    return load_merged(tree_config(**task))
