"""Where the nodes of a clustering tree lie in its drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Layout:
    """The 2 n + 1 nodes of a tree of n branchings, numbered as :mod:`jetloom.io.trees` does.

    Attributes
    ----------
    x : float64 array, shape (2 n + 1,)
        Generation: 0 for the root.
    y : float64 array, shape (2 n + 1,)
        Final particles have the heights 0, 1, ..., n in some order; every other node lies between its daughters.
    energy : float64 array, shape (2 n + 1,)
        In GeV.
    mother : int64 array, shape (2 n + 1,)
        Node that a node comes from; -1 for the root.
    branching : int64 array, shape (n,)
        Node that branches in each branching.
    """

    x: Floats
    y: Floats
    energy: Floats
    mother: Index
    branching: Index


def layout(branchings: npt.NDArray[np.void], energy: float) -> Layout:
    """Place a tree.

    The softer daughter leaves to the side that its azimuth says (up for phi < pi), and a mother lies between its
    daughters, as much nearer to one as that one has more of the energy: so the hardest line runs straight through, and
    no two nodes of a generation come nearer than the height of a final particle.

    Parameters
    ----------
    branchings : structured array, shape (n,)
        Of one jet (:data:`jetloom.io.trees.BRANCHING`).
    energy : float
        Energy of the root in GeV.
    """
    steps = len(branchings)
    mother = np.full(2 * steps + 1, -1, np.int64)
    branching = branchings["mother"].astype(np.int64)
    mother[1::2], mother[2::2] = branching, branching
    energies = np.empty(2 * steps + 1)
    energies[0], energies[1::2], energies[2::2] = energy, branchings["hard_e"], branchings["soft_e"]
    x = np.zeros(2 * steps + 1)
    for node in range(1, 2 * steps + 1):
        x[node] = x[mother[node]] + 1.0
    return Layout(x, _heights(branchings, branching, energies), energies, mother, branching)


def _heights(branchings: npt.NDArray[np.void], branching: Index, energies: Floats) -> Floats:
    step_of: dict[int, int] = {int(node): step for step, node in enumerate(branching)}
    height = np.zeros(2 * len(branching) + 1)
    waiting, place = [0], 0
    while waiting:
        node = waiting.pop()
        if node not in step_of:
            height[node], place = place, place + 1
            continue
        hard, soft = 2 * step_of[node] + 1, 2 * step_of[node] + 2
        # The one that is taken from the list first lies below.
        waiting += [soft, hard] if branchings["phi"][step_of[node]] < np.pi else [hard, soft]
    for step in range(len(branching) - 1, -1, -1):
        share = _share(energies[2 * step + 1], energies[2 * step + 2])
        height[branching[step]] = share * height[2 * step + 1] + (1.0 - share) * height[2 * step + 2]
    return height


def _share(hard: Any, soft: Any) -> float:
    """Return the harder daughter's share of the energy; one half where energies are not positive."""
    return float(hard / (hard + soft)) if hard > 0 and soft > 0 else 0.5
