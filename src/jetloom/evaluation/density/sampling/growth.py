"""Jets drawn from a trained JUNIPR: step by step, does it end, which particle branches, and how."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jetloom.data.block import Block
from jetloom.evaluation.density.sampling.branching import Branching, Free, Preceded
from jetloom.evaluation.density.sampling.chances import Chances, Overruled
from jetloom.evaluation.density.sampling.precedents import Precedents
from jetloom.io.trees import BRANCHING, BRANCHING_VARIABLES, JET_TREE, MOMENTUM

SAMPLED = np.dtype([*JET_TREE.descr, ("ended", "?")])
"""Columns of sampled jets; one that had not ended by itself when it had all steps is not ``ended``."""


class Sample(NamedTuple):
    """Jets that were drawn, rows :data:`SAMPLED`, and how often the network was overruled."""

    jets: Block
    overruled: Overruled


def sample(
    network: Any,
    seeds: npt.NDArray[np.floating],
    generator: np.random.Generator,
    max_steps: int | None = None,
    precedents: Precedents | None = None,
) -> Sample:
    """Draw one jet for each seed.

    Parameters
    ----------
    network : keras.Model
        A density of the model ``junipr``.
    seeds : array, shape (n, 2)
        Energy and signed mass of the jets in GeV, for instance those of data.
    generator : numpy.random.Generator
        Decides everything.
    max_steps : int, optional
        Branchings of a jet at most; one less than the network's constituents if none are given.
    precedents : Precedents, optional
        Branchings of data. Without them the bins are draws of the network's own probabilities.

    Returns
    -------
    Sample
        Branchings are :data:`jetloom.io.trees.BRANCHING`; the frame is that of a jet at right angles to the lab's y
        axis.
    """
    layer = network.get_layer("junipr")
    most = layer.structure["max_constituents"] - 1
    steps = most if max_steps is None else min(max_steps, most)
    chances = Chances(layer, generator)
    way = Free(chances) if precedents is None else Preceded(chances, precedents)
    growth = _Growth(chances, way, np.asarray(seeds, np.float32), steps)
    while growth.growing.any() and growth.time < steps:
        growth.step()
    return Sample(growth.jets(), chances.overruled)


class _Growth:
    """Jets that grow together. Arrays keep their shape, so that each operation is compiled once.

    ``state`` holds the nodes that there are, in the order of energy; ``nodes`` all momenta, numbered as in a file.
    """

    def __init__(self, chances: Chances, way: Branching, seeds: npt.NDArray[np.float32], steps: int) -> None:
        rows = len(seeds)
        self.chances, self.way, self.time, self.all = chances, way, 0, np.arange(rows)
        self.nodes = np.ones((rows, 2 * steps + 1, len(MOMENTUM)), np.float32)
        self.nodes[:, 0] = 0
        self.nodes[:, 0, 0], self.nodes[:, 0, 3] = seeds.T
        self.state = np.zeros((rows, steps + 1), np.int64)
        self.lengths = np.zeros(rows, np.int64)
        self.table = np.zeros((rows, steps), BRANCHING)
        self.hidden = chances.layer.start(self.nodes[:, 0].T.copy())
        self.growing = np.ones(rows, bool)
        self._end()

    def step(self) -> None:
        """Let all jets that have not ended branch once."""
        rank = self.way.mother(self.hidden, self._particles(), self.growing)
        node = self.state[self.all, rank]
        mother = self.nodes[self.all, node]
        values, exact = self.way.branch(self.hidden, mother, self.growing)
        # No daughter is heavier than her mother; values that were drawn independently can demand it, and m^2 < 0.
        exact[:, :, 3] = np.clip(exact[:, :, 3], 0.0, np.maximum(mother[:, None, 3], 0.0))
        momenta = exact.astype(np.float32)
        table = self.table[:, self.time]
        for index, name in enumerate(BRANCHING_VARIABLES):
            table[name] = values[:, index]
        for side, place in (("hard", 0), ("soft", 1)):
            for index, name in enumerate(MOMENTUM):
                table[f"{side}_{name}"] = momenta[:, place, index]
        table["mother"], table["mother_rank"] = node, rank
        self._insert(rank, momenta)
        self.lengths += self.growing
        self.hidden = self.chances.layer.advance(self.hidden, momenta.reshape(len(momenta), -1).T.copy())
        self.time += 1
        self._end()

    def jets(self) -> Block:
        """Return the jets that have grown."""
        rows = np.zeros(len(self.all), SAMPLED)
        rows["seed_e"], rows["seed_m"] = self.nodes[:, 0, 0], self.nodes[:, 0, 3]
        rows["n_branchings"], rows["ended"] = self.lengths, ~self.growing
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(self.lengths)])
        rows["first_branching"] = offsets[:-1]
        return Block.of_trees(rows, self.table[np.arange(self.table.shape[1]) < self.lengths[:, None]], offsets)

    def _particles(self) -> npt.NDArray[np.float32]:
        """Return the momenta of the particles that there are, shape (rows, ranks, 4)."""
        return self.nodes[self.all[:, None], self.state[:, : self.time + 1]]

    def _end(self) -> None:
        """Draw which jets end here; one of which nothing can branch does in any case."""
        self.growing &= ~self.chances.ends(self.hidden)
        stopped = self.growing & self.way.stopped(self._particles())
        self.chances.overruled.stopped += int(stopped.sum())
        self.growing &= ~stopped

    def _insert(self, rank: npt.NDArray[np.int64], momenta: npt.NDArray[np.float32]) -> None:
        """Put the daughters in the place of the mothers, in the order of energy."""
        first = 2 * self.time + 1
        self.nodes[:, first : first + 2] = momenta
        there = self.state[:, : self.time + 2].copy()
        there[self.all, rank] = first
        there[:, -1] = first + 1
        energy = self.nodes[self.all[:, None], there, 0]
        order = np.argsort(-energy, axis=1, kind="stable")
        self.state[:, : self.time + 2] = np.take_along_axis(there, order, axis=1)
