"""The particles of trees: which of them branch no more, and their numbers in a history of clustering."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jetloom.data.block import Block
from jetloom.errors import BadValueError
from jetloom.io.trees import MOMENTUM, TREE_BRANCHING

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


def final_particles(jets: Block) -> tuple[Index, npt.NDArray[np.float32]]:
    """Return the particles that branch no more.

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


def final_momenta(jets: Block) -> tuple[Index, dict[str, npt.NDArray[np.float32]]]:
    """Return the jet of each particle that branches no more, in order, and momenta (e, theta, phi, m) by name."""
    first, node_jet = _nodes(jets)
    rows, places = _branchings(jets, first)
    final = np.ones(len(node_jet), bool)
    final[places[0]] = False
    return node_jet[final], {name: values[final] for name, values in _momenta(jets, first, rows, places).items()}


def branching_masses(jets: Block) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Return the mother of each branching, and the masses of her daughters.

    Returns
    -------
    mothers : float64 array, shape (m, 2)
        Energy and signed mass in GeV.
    masses : float64 array, shape (m, 2)
        Signed masses of the harder and the softer daughter.
    branch_on : bool array, shape (m, 2)
        Which daughters are mothers themselves.
    """
    first, node_jet = _nodes(jets)
    rows, (mothers, hard, soft) = _branchings(jets, first)
    nodes = np.empty((len(node_jet), 2))
    branches = np.zeros(len(node_jet), bool)
    branches[mothers] = True
    for place, name in enumerate(("e", "m")):
        nodes[first, place] = jets[f"seed_{name}"]
        nodes[hard, place], nodes[soft, place] = rows[f"hard_{name}"], rows[f"soft_{name}"]
    return (
        nodes[mothers],
        np.stack([nodes[hard, 1], nodes[soft, 1]], axis=1),
        np.stack([branches[hard], branches[soft]], axis=1),
    )


def mother_momenta(jets: Block) -> dict[str, npt.NDArray[np.float32]]:
    """Return the momentum (e, theta, phi, m; GeV, rad) of the mother of each branching, shape (m,), by name."""
    first, _ = _nodes(jets)
    rows, places = _branchings(jets, first)
    return {name: values[places[0]] for name, values in _momenta(jets, first, rows, places).items()}


def with_history(jets: Block) -> npt.NDArray[np.void]:
    """Return the branchings with numbers of their daughters, as files of trees hold them.

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


def _nodes(jets: Block) -> tuple[Index, Index]:
    """Return the place of each jet's root among the nodes of all jets, and the jet of each node."""
    sizes = 2 * jets.lengths + 1
    return np.cumsum(sizes) - sizes, np.repeat(np.arange(len(jets)), sizes)


def _momenta(
    jets: Block, first: Index, rows: npt.NDArray[np.void], places: tuple[Index, Index, Index]
) -> dict[str, npt.NDArray[np.float32]]:
    """Return the momenta of all nodes by name."""
    found = {}
    for name in MOMENTUM:
        values = np.zeros(2 * len(rows) + len(first), np.float32)
        if name in ("e", "m"):  # the root is the axis of its jet
            values[first] = jets[f"seed_{name}"]
        values[places[1]], values[places[2]] = rows[f"hard_{name}"], rows[f"soft_{name}"]
        found[name] = values
    return found


def _branchings(jets: Block, first: Index) -> tuple[npt.NDArray[np.void], tuple[Index, Index, Index]]:
    """Return the branchings, and the places of mother, harder and softer daughter of each."""
    rows = jets.branchings
    if rows is None:
        raise BadValueError("the jets have no trees", advice="set reads: trees for the task that owns the dataset")
    base = np.repeat(first, jets.lengths)
    step = np.arange(len(rows)) - np.repeat(np.cumsum(jets.lengths) - jets.lengths, jets.lengths)
    return rows, (base + rows["mother"], base + 2 * step + 1, base + 2 * step + 2)
