"""Constituents to trees: policies, clustering, declustering, for a block of jets at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.tasks.trees import Trees
from jetloom.io.trees import TREE_BRANCHING
from jetloom.physics.clustering import cluster
from jetloom.physics.declustering import decluster
from jetloom.physics.history import whole
from jetloom.trees.constituents import Constituents, Judgement, exponent, judge
from jetloom.trees.reasons import NO_TREE


@dataclass(frozen=True)
class Grown:
    """The trees of some jets.

    Attributes
    ----------
    rows : int64 array, shape (trees,)
        Which of the jets they are.
    branchings : structured array, shape (branchings,)
        Of all trees, one after the other (:data:`jetloom.io.trees.TREE_BRANCHING`, or with float64).
    lengths : int64 array, shape (trees,)
        Branchings of each.
    seeds : float64 array, shape (trees, 2)
        Energy and signed mass of each root.
    along_y : int
        Trees in which an axis is parallel to the lab's y.
    judgement : Judgement
        What became of all jets.
    """

    rows: npt.NDArray[np.int64]
    branchings: npt.NDArray[np.void]
    lengths: npt.NDArray[np.int64]
    seeds: npt.NDArray[np.float64]
    along_y: int
    judgement: Judgement


def grow(constituents: Constituents, settings: Trees, dtype: np.dtype[Any] = TREE_BRANCHING) -> Grown:
    """Make the trees of some jets; whatever is wrong with a jet is in the judgement, and never an error.

    Parameters
    ----------
    constituents : Constituents
        Of the jets.
    settings : Trees
        How they are clustered, and the policies.
    dtype : dtype
        Type of the branchings.
    """
    left, verdict = judge(constituents, settings)
    history = cluster(left.momenta, left.offsets, exponent(settings))
    good = whole(history.parents, history.offsets)
    if not good.all():
        bad = np.flatnonzero(verdict.kept)[~good]
        verdict.reason[bad], verdict.kept[bad] = NO_TREE, False
        chosen = np.repeat(good, np.diff(left.offsets))
        verdict.take_away("its jet is no tree", len(chosen) - int(chosen.sum()))
        left, history = left.keep(chosen, good), history.take(good)
    branchings = np.zeros(len(history.parents), dtype)
    seeds, along_y = decluster(left.momenta, left.offsets, history, branchings)
    lengths = np.diff(history.offsets)
    return Grown(np.flatnonzero(verdict.kept), branchings, lengths, seeds, int(along_y.sum()), verdict)
