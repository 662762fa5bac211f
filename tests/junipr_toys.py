"""Jets of random trees, and the scaling that goes with them."""

import math

import numpy as np

from jetloom.config.tasks.trees import Trees
from jetloom.data.block import Block
from jetloom.data.view import Columns, DataFacts
from jetloom.io.trees import BRANCHING, JET_TREE
from jetloom.physics.scaling import ATLAS_LIMITS, junipr_limits
from jetloom.trees.constituents import Constituents
from jetloom.trees.grow import grow

COLUMNS = np.dtype([("label", "<i4"), ("weight", "<f4"), *JET_TREE.descr])


def binning(granularity=10, most=100, scaling="log"):
    limits = junipr_limits(500.0, 1.0, math.pi / 2, 0.1) if scaling == "log" else ATLAS_LIMITS
    return {"granularity": granularity, "scaling": scaling, **limits, "trees": {"max_constituents": most}}


def facts(**options):
    one = np.ones(1)
    return DataFacts(Columns(["pt"], one, one, None), ["gluon", "quark"], trees=binning(**options))


def jets(lengths, seed=1):
    """Jets with so many branchings; daughters, mothers and angles are random, but mothers and ranks are valid."""
    random = np.random.default_rng(seed)
    lengths = np.asarray(lengths, np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    table = np.zeros(offsets[-1], BRANCHING)
    step = np.arange(len(table)) - np.repeat(offsets[:-1], lengths)
    for name, low, high in (("z", 0.003, 0.5), ("theta", 0.01, 1.5), ("delta", 1e-4, 0.7)):
        table[name] = np.exp(random.uniform(math.log(low), math.log(high), len(table)))
    table["phi"] = random.uniform(0, 2 * math.pi, len(table))
    for side in ("hard", "soft"):
        table[f"{side}_e"] = np.exp(random.uniform(0, 6, len(table)))
        table[f"{side}_theta"] = random.uniform(0, 1.5, len(table))
        table[f"{side}_phi"] = random.uniform(0, 2 * math.pi, len(table))
        table[f"{side}_m"] = random.choice([-0.01, 0.0, 0.14, 5.0], len(table))
    table["mother_rank"] = random.integers(0, step + 1)
    table["mother"] = random.integers(0, 2 * step + 1)
    rows = np.zeros(len(lengths), COLUMNS)
    rows["seed_e"], rows["seed_m"] = random.uniform(100, 500, len(rows)), random.uniform(10, 90, len(rows))
    rows["n_branchings"], rows["first_branching"] = lengths, offsets[:-1]
    rows["label"], rows["weight"] = random.integers(0, 2, len(rows)), 1
    return Block.of_trees(rows, table, offsets)


PION = 0.13957


def clustered_jets(rows, seed=1):
    """Jets of 2 to 14 photons and pions, as clustering makes them: energy and momentum are conserved everywhere."""
    random = np.random.default_rng(seed)
    counts = random.integers(2, 15, rows)
    energy = 1 + 60 * random.random(counts.sum()) ** 4
    mass = np.where(random.random(len(energy)) < 0.6, PION, 0.0)
    vectors = np.stack([random.normal(0, 0.08, len(energy)), random.normal(0, 0.08, len(energy)), np.ones(len(energy))])
    momenta = (np.sqrt(energy**2 - mass**2) * vectors / np.linalg.norm(vectors, axis=0)).T
    grown = grow(Constituents.of(np.column_stack([momenta, energy]), counts), Trees())
    table = np.zeros(len(grown.branchings), BRANCHING)
    for name in BRANCHING.names:
        table[name] = grown.branchings[name]
    found = np.zeros(len(grown.lengths), COLUMNS)
    found["seed_e"], found["seed_m"] = grown.seeds.T
    found["n_branchings"], found["weight"] = grown.lengths, 1
    offsets = np.concatenate([[0], np.cumsum(grown.lengths)])
    found["first_branching"] = offsets[:-1]
    return Block.of_trees(found, table, offsets)
