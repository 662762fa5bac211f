"""The particles of trees: which of them branch no more, and their numbers in a history of clustering."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jetloom.data.jets import Jets
from jetloom.errors import BadValueError
from jetloom.io.trees import TREE_BRANCHING

Index = npt.NDArray[np.int64]


def final_particles(jets: Jets) -> tuple[Index, npt.NDArray[np.float32]]:
    """Give the particles that branch no more.

    Returns
    -------
    jet : int64 array, shape (m,)
        The jet of each, in rising order.
    energy : float32 array, shape (m,)
        In GeV.
    """
    first, node_jet = _nodes(jets)
    rows, places = _branchings(jets, first)
    energy = np.empty(len(node_jet), np.float32)
    energy[first] = jets["seed_e"]
    energy[places[1]], energy[places[2]] = rows["hard_e"], rows["soft_e"]
    final = np.ones(len(node_jet), bool)
    final[places[0]] = False
    return node_jet[final], energy[final]


def with_history(jets: Jets) -> npt.NDArray[np.void]:
    """Give the branchings with numbers of their daughters, as files of trees hold them.

    The constituents are numbered first, in the order in which they appear in the walk; then come the merged ones in
    the order of merging, which is the walk backwards: a jet's root is 2 n (:data:`jetloom.io.trees.NODES`).
    """
    first, node_jet = _nodes(jets)
    rows, (mothers, hard, soft) = _branchings(jets, first)
    final = np.ones(len(node_jet), bool)
    final[mothers] = False
    before = np.cumsum(final) - final
    number = before - np.repeat(before[first], 2 * jets.lengths + 1)
    step = np.arange(len(rows)) - np.repeat(np.cumsum(jets.lengths) - jets.lengths, jets.lengths)
    number[mothers] = 2 * np.repeat(jets.lengths, jets.lengths) - step
    found = np.zeros(len(rows), TREE_BRANCHING)
    for name in rows.dtype.names or ():
        found[name] = rows[name]
    found["hard_node"], found["soft_node"] = number[hard], number[soft]
    return found


def _nodes(jets: Jets) -> tuple[Index, Index]:
    """Give the place of each jet's root among the nodes of all jets, and the jet of each node."""
    sizes = 2 * jets.lengths + 1
    return np.cumsum(sizes) - sizes, np.repeat(np.arange(len(jets)), sizes)


def _branchings(jets: Jets, first: Index) -> tuple[npt.NDArray[np.void], tuple[Index, Index, Index]]:
    """Give the branchings, and the places of mother, harder and softer daughter of each."""
    rows = jets.branchings
    if rows is None:
        raise BadValueError("the jets have no trees", advice="set reads: trees for the task that owns the dataset")
    base = np.repeat(first, jets.lengths)
    step = np.arange(len(rows)) - np.repeat(np.cumsum(jets.lengths) - jets.lengths, jets.lengths)
    return rows, (base + rows["mother"], base + 2 * step + 1, base + 2 * step + 2)
