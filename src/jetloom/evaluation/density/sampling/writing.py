"""Jets drawn from a density model, as a file of trees."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.config.tasks.trees import Trees
from jetloom.data.block import Block
from jetloom.data.nodes import with_history
from jetloom.errors import EmptySampleError
from jetloom.evaluation.density.sampling.growth import Sample, sample
from jetloom.evaluation.density.sampling.precedents import Precedents
from jetloom.io.atomic import publishing
from jetloom.io.hdf5.tables import check_file
from jetloom.trees.writing import TreeWriter, jets_dtype

if TYPE_CHECKING:
    from jetloom.data.view import View
from jetloom.physics.rounding import MASSLESS

logger = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]

COLUMNS = np.dtype([("run_number", "<u4"), ("event_number", "<u8"), ("mc_event_weight", "<f4"), ("ended", "?")])
"""Columns of sampled jets besides those of trees. ``event_number`` counts the jets; one that had all the constituents
that a jet may have before it ended is not ``ended``."""

AT_ONCE = 4096
"""Jets that grow together."""

PRECEDENTS = 1_000_000
"""Branchings of data that are looked up at most."""


def seeds_of(view: View, role: str, classes: Sequence[int], number: int, generator: np.random.Generator) -> Floats:
    """Draw energies and masses of jets from those of some classes, by weight, with replacement.

    Returns
    -------
    float64 array, shape (number, 2)

    Raises
    ------
    EmptySampleError
        If there is no such jet of positive weight.
    """
    found = []
    for block in view.jet_rows(role):
        own = np.isin(block["label"], classes)
        found.append(np.stack([block[name][own] for name in ("seed_e", "seed_m", view.weight)], axis=1))
    table = np.concatenate(found).astype(np.float64)
    weights = np.maximum(table[:, 2], 0.0)
    if not weights.sum() > 0:
        raise EmptySampleError("has no jets of the classes that the model learnt", where=f"{role} part")
    return table[generator.choice(len(table), number, p=weights / weights.sum()), :2]


def precedents_of(view: View, classes: Sequence[int], most: int = PRECEDENTS) -> Precedents | None:
    """Look up branchings of some classes in the training part; none, with a warning, if their jets do not branch.

    Parameters
    ----------
    view : View
    classes : sequence of int
    most : int
        Branchings of all classes up to which all are taken. Of more, it is every second jet, every third, and so on,
        because the parts of a dataset hold one sample after the other.
    """
    every, seen, found = max(1, -(-view.rows("train", "branchings") // most)), 0, []
    for block in view.blocks("train"):
        chosen = (seen + np.arange(len(block))) % every == 0
        found.append(block.take(chosen & np.isin(block["label"], classes)))
        seen += len(block)
    # What the network takes for rounding is rounding here too.
    massless = ((view.facts.trees or {}).get("inputs") or {}).get("massless", MASSLESS)
    try:
        return Precedents(Block.concatenate(found), massless)
    except EmptySampleError as error:
        logger.warning("jets are drawn without precedents, values even inside their bins: %s", error)
        return None


def write_sample(
    network: Any,
    seeds: Floats,
    generator: np.random.Generator,
    path: Path,
    settings: Trees,
    origin: dict[str, Any],
    precedents: Precedents | None = None,
) -> list[Sample]:
    """Draw one jet for each seed, write them as a file of trees, and give them.

    Parameters
    ----------
    network : Keras model
        A JUNIPR network.
    seeds : float64 array, shape (n, 2)
        Energy and mass of the jets in GeV.
    generator : numpy Generator
    path : Path
    settings : Trees
        Those that the trees were made with on which the network was trained.
    origin : dict
        What the file is made of.
    precedents : Precedents, optional
        Branchings of jets that the network learnt.
    """
    blocks, first = [], 0
    with publishing(path, check_file) as part:
        writer = TreeWriter(part, jets_dtype(COLUMNS, path), "lz4")
        try:
            for start in range(0, len(seeds), AT_ONCE):
                blocks.append(sample(network, seeds[start : start + AT_ONCE], generator, precedents=precedents))
                jets = blocks[-1].jets
                rows = np.zeros(len(jets), COLUMNS)
                rows["event_number"] = first + np.arange(len(jets))
                rows["mc_event_weight"], rows["ended"] = 1.0, jets["ended"]
                momenta = np.stack([jets["seed_e"], jets["seed_m"]], axis=1).astype(np.float64)
                writer.append(rows, with_history(jets), jets.lengths, momenta)
                first += len(jets)
        except BaseException:
            writer.abandon()
            raise
        facts = {"status": "converted", "events": first, "sum_of_weights": float(first), "counts": [], "origin": origin}
        writer.close(facts, settings)
    return blocks
