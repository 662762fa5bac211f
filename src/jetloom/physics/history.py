"""The merges of jets, as clustering makes them and trees are made of them.

Nodes are numbered within a jet, see :mod:`jetloom.physics.clustering`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from jetloom.physics.kinematics import Momenta

Offsets = npt.NDArray[np.int64]


class History(NamedTuple):
    """Merges of many jets, one jet after the other; a jet of N constituents has N - 1."""

    parents: npt.NDArray[np.int32]
    """Nodes that were merged, shape (merges, 2), the one with the lower number first."""
    momenta: Momenta
    """Their sums, shape (merges, 4)."""
    offsets: Offsets
    """The merges of jet i are rows ``offsets[i]`` to ``offsets[i + 1]``."""

    def take(self, jets: npt.NDArray[np.bool_]) -> History:
        """Return the merges of some of the jets."""
        counts = np.diff(self.offsets)
        rows = np.repeat(jets, counts)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts[jets])])
        return History(self.parents[rows], self.momenta[rows], offsets)


def merge_offsets(offsets: Offsets) -> Offsets:
    """Return the offsets of merges from those of constituents: one less in each jet."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.diff(offsets) - 1)])


@njit(cache=True, error_model="numpy")
def whole(parents: npt.NDArray[np.int32], offsets: Offsets) -> npt.NDArray[np.bool_]:
    """Say for each jet whether its merges are a tree: every node but the root merged once, after it was there."""
    good = np.ones(len(offsets) - 1, np.bool_)
    for jet in range(len(good)):
        first, merges = offsets[jet], offsets[jet + 1] - offsets[jet]
        used = np.zeros(2 * merges + 1, np.bool_)
        for step in range(merges):
            for side in range(2):
                node = parents[first + step, side]
                if node < 0 or node > merges + step or used[node]:
                    good[jet] = False
                else:
                    used[node] = True
    return good
