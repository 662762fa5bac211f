"""Jets drawn from a trained JUNIPR: step by step, does it end, which particle branches, and how.

With precedents (:mod:`jetloom.models.junipr.precedents`), what the network says is drawn given that it can be: a mother
has a mass, the bins of the angles are among those of decays that there are, and the values inside of them are those of
such a decay. What the network gave to all else is counted. Without precedents the network alone decides, values are
even inside their bins, and masses are cut to what can be. The class of padding, which means nothing, is never drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jetloom.data.jets import Jets
from jetloom.io.trees import BRANCHING, BRANCHING_VARIABLES, JET_TREE, MOMENTUM
from jetloom.models.junipr.parameters import ORDER
from jetloom.models.junipr.precedents import Candidates, Precedents
from jetloom.physics.scaling import bins, scale, unscale
from jetloom.physics.splitting import daughters

Floats = npt.NDArray[np.float64]

SAMPLED = np.dtype([*JET_TREE.descr, ("ended", "?")])
"""Columns of sampled jets; one that had not ended by itself when it had all steps is not ``ended``."""

ANGLES = (BRANCHING_VARIABLES.index("theta"), BRANCHING_VARIABLES.index("delta"))
"""Columns that the masses of the daughters decide."""
EDGE = 1e-4
"""Share of a bin at each edge where nothing is drawn, so that no rounding moves a value to the next bin."""


@dataclass
class Overruled:
    """How often what the network says was not possible.

    Attributes
    ----------
    branchings : int
        Branchings that were drawn.
    probability : dict
        By head, the probability that the network gave to what is not possible, summed over the branchings.
    without_precedent : int
        Branchings that no precedent fitted; their daughters have no mass.
    stopped : int
        Jets that would have gone on, where no particle had a mass.
    """

    branchings: int = 0
    probability: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("mother", "z", "theta", "delta"), 0.0))
    without_precedent: int = 0
    stopped: int = 0


class Sample(NamedTuple):
    """Jets that were drawn, rows :data:`SAMPLED`, and how often the network was overruled."""

    jets: Jets
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
    growth = _Growth(layer, np.asarray(seeds, np.float32), generator, steps, precedents)
    while growth.growing.any() and growth.time < steps:
        growth.step()
    return Sample(growth.jets(), growth.overruled)


class _Growth:
    """Jets that grow together. Arrays keep their shape, so that each operation is compiled once.

    ``state`` holds the nodes that there are, in the order of energy; ``nodes`` all momenta, numbered as in a file.
    """

    def __init__(
        self,
        layer: Any,
        seeds: npt.NDArray[np.float32],
        generator: np.random.Generator,
        steps: int,
        precedents: Precedents | None,
    ) -> None:
        rows, self.precedents, self.overruled = len(seeds), precedents, Overruled()
        self.layer, self.generator, self.time, self.all = layer, generator, 0, np.arange(rows)
        self.nodes = np.ones((rows, 2 * steps + 1, len(MOMENTUM)), np.float32)
        self.nodes[:, 0] = 0
        self.nodes[:, 0, 0], self.nodes[:, 0, 3] = seeds.T
        self.state = np.zeros((rows, steps + 1), np.int64)
        self.lengths = np.zeros(rows, np.int64)
        self.table = np.zeros((rows, steps), BRANCHING)
        self.hidden = layer.start(self.nodes[:, 0].T.copy())
        self.growing = np.ones(rows, bool)
        self.can_branch: npt.NDArray[np.bool_] | None = None
        self._end()

    def step(self) -> None:
        """Let all jets that have not ended branch once."""
        rank = self._mother()
        node = self.state[self.all, rank]
        mother = self.nodes[self.all, node]
        values, momenta = self._branching(mother)
        table = self.table[:, self.time]
        for index, name in enumerate(BRANCHING_VARIABLES):
            table[name] = values[:, index]
        for side, place in (("hard", 0), ("soft", 1)):
            for index, name in enumerate(MOMENTUM):
                table[f"{side}_{name}"] = momenta[:, place, index]
        table["mother"], table["mother_rank"] = node, rank
        self._insert(rank, momenta)
        self.lengths += self.growing
        self.hidden = self.layer.advance(self.hidden, momenta.reshape(len(momenta), -1).T.copy())
        self.time += 1
        self._end()

    def jets(self) -> Jets:
        """Give the jets that have grown."""
        rows = np.zeros(len(self.all), SAMPLED)
        rows["seed_e"], rows["seed_m"] = self.nodes[:, 0, 0], self.nodes[:, 0, 3]
        rows["n_branchings"], rows["ended"] = self.lengths, ~self.growing
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(self.lengths)])
        rows["first_branching"] = offsets[:-1]
        return Jets(rows, self.table[np.arange(self.table.shape[1]) < self.lengths[:, None]], offsets)

    def _end(self) -> None:
        """Draw which jets end here; one of which nothing can branch does in any case."""
        logit = _numpy(self.layer.end(self.hidden[0]))[0]
        self.growing &= self.generator.random(len(logit)) >= 1 / (1 + np.exp(-logit))
        if self.precedents is not None:
            self.can_branch = self._can_branch(self.precedents.lightest)
            stopped = self.growing & ~self.can_branch.any(axis=0)
            self.overruled.stopped += int(stopped.sum())
            self.growing &= ~stopped

    def _can_branch(self, lightest: float) -> npt.NDArray[np.bool_]:
        """Tell which particles are no lighter than a share of their energy, shape (ranks, rows)."""
        there = self.nodes[self.all[:, None], self.state[:, : self.time + 1]]
        found: npt.NDArray[np.bool_] = (there[:, :, 3] >= lightest * there[:, :, 0]).T
        return found

    def _mother(self) -> npt.NDArray[np.int64]:
        """Draw the rank of the mother, of those that there are."""
        logits = _numpy(self.layer.mother(self.hidden[0]))[: self.time + 1]
        return self._drawn(logits, "mother", self.can_branch)

    def _branching(self, mother: npt.NDArray[np.float32]) -> tuple[Floats, npt.NDArray[np.float32]]:
        """Draw a branching; give its values, shape (rows, 4), and the daughters' momenta, shape (rows, 2, 4)."""
        values, plain = np.full((len(mother), 4), 0.1), mother.astype(np.float64)
        where, candidates = np.flatnonzero(self.growing), None
        chosen: tuple[npt.NDArray[np.int64], ...] = (where[:0], where[:0])
        for position, column in enumerate(ORDER):
            logits = self.layer.branching_logits(position, self.hidden[0], mother.T.copy(), values.T.astype(np.float32))
            logits = _numpy(logits)[: self.layer.granularity]
            if candidates is not None and column in ANGLES:
                chosen = self._angle(logits, column, candidates, where, values)
            elif position == 0 and self.precedents is not None:
                values[:, column] = self._energy(logits, column, plain)
                candidates = self.precedents.candidates(plain[where], values[where, column])
            else:
                values[:, column] = self._inside(column, self._drawn(logits))
        momenta = daughters(plain, values)
        if candidates is not None:
            momenta[where[chosen[0]], :, 3] = candidates.masses[chosen]
            self.overruled.branchings += len(where)
            self.overruled.without_precedent += candidates.unprecedented
        # No daughter is heavier than her mother; values that were drawn independently can demand it, and m^2 < 0.
        momenta[:, :, 3] = np.clip(momenta[:, :, 3], 0.0, np.maximum(mother[:, None, 3], 0.0))
        return values, momenta.astype(np.float32)

    def _energy(self, logits: npt.NDArray[np.float32], column: int, mothers: Floats) -> Floats:
        """Draw z where daughters without a mass can have it: from (1 - p / E) / 2 on."""
        name, binning = BRANCHING_VARIABLES[column], self.layer.binning
        energy, mass = mothers[:, 0], mothers[:, 3]
        least = (1 - np.sqrt(np.clip(1 - (mass / energy) ** 2, 0.0, 1.0))) / 2
        least = scale(least, name, binning["branching"][name], binning["scaling"])
        upper = (np.arange(1, len(logits) + 1)[:, None] - EDGE) / len(logits)
        allowed = upper > least
        allowed[-1] = True
        return self._inside(column, self._drawn(logits, name, allowed), least)

    def _angle(
        self,
        logits: npt.NDArray[np.float32],
        column: int,
        candidates: Candidates,
        where: npt.NDArray[np.int64],
        values: Floats,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Draw the bin of an angle among those of the candidates, and one that is in it: set the angles so far."""
        name, binning = BRANCHING_VARIABLES[column], self.layer.binning
        limits, kind, size = binning["branching"][name], binning["scaling"], binning["granularity"]
        classes = bins(candidates.angle(name), name, limits, kind, size)
        allowed = np.ones(logits.shape, bool)
        allowed[:, where] = candidates.classes(classes, size)
        allowed[:, ~allowed.any(axis=0)] = True
        index = self._drawn(logits, name, allowed)
        candidates.left &= classes == index[where, None]
        values[:, column] = self._inside(column, index)
        rows, place = candidates.choose(self.generator)
        for known in ANGLES[: ANGLES.index(column) + 1]:
            values[where[rows], known] = candidates.angle(BRANCHING_VARIABLES[known])[rows, place]
        return rows, place

    def _drawn(
        self, logits: npt.NDArray[np.float32], head: str = "", allowed: npt.NDArray[np.bool_] | None = None
    ) -> npt.NDArray[np.int64]:
        """Draw a class for each column, by the largest of the logits with Gumbel noise; count what is not allowed."""
        noisy = logits + self.generator.gumbel(size=logits.shape)
        if allowed is not None:
            odds = np.exp(logits - logits.max(axis=0))
            lost = (odds * ~allowed).sum(axis=0) / odds.sum(axis=0)
            self.overruled.probability[head] += float(lost[self.growing].sum())
            noisy[~allowed] = -np.inf
        return np.argmax(noisy, axis=0)

    def _inside(self, column: int, index: npt.NDArray[np.int64], least: Floats | float = -np.inf) -> Floats:
        """Draw a value in each bin; not below a scaled one, if the bin has others."""
        name, binning = BRANCHING_VARIABLES[column], self.layer.binning
        low, high = (index + EDGE) / binning["granularity"], (index + 1 - EDGE) / binning["granularity"]
        low, share = np.clip(least, low, high), self.generator.random(len(index))
        return unscale(low + (high - low) * share, name, binning["branching"][name], binning["scaling"])

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


def _numpy(tensor: Any) -> npt.NDArray[np.float32]:
    from keras import ops

    return ops.convert_to_numpy(tensor)
