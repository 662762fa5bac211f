"""How a mother branches: as the network alone says, or as it says given precedents.

With precedents (:mod:`jetloom.evaluation.density.sampling.precedents`), what the network says is drawn given that it
can be: a mother has a mass, the bins of the angles are among those of decays that there are, and the values inside of
them are those of such a decay. What the network gave to all else is counted. Without precedents the network alone
decides, and values are even inside their bins.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.density.sampling.chances import EDGE, Chances, Floats, Index, Logits, Mask
from jetloom.evaluation.density.sampling.precedents import Candidates, Precedents
from jetloom.io.trees import BRANCHING_VARIABLES
from jetloom.models.junipr.parameters import ORDER
from jetloom.physics.scaling import bins
from jetloom.physics.splitting import daughters

ANGLES = (BRANCHING_VARIABLES.index("theta"), BRANCHING_VARIABLES.index("delta"))
"""Columns that the masses of the daughters decide."""


class Branching(Protocol):
    """A way to draw branchings."""

    def mother(self, hidden: tuple[Any, ...], particles: npt.NDArray[np.float32], growing: Mask) -> Index:
        """Draw the rank of the mother among the particles that there are.

        Parameters
        ----------
        hidden : tuple of tensors
            States of the network.
        particles : float32 array, shape (rows, ranks, 4)
            (E, theta, phi, m), in the order of energy.
        growing : bool array, shape (rows,)
            The jets that have not ended; what is drawn for the others is not looked at.
        """

    def stopped(self, particles: npt.NDArray[np.float32]) -> Mask:
        """Tell which jets have no particle that can branch, shape (rows,)."""

    def branch(
        self, hidden: tuple[Any, ...], mother: npt.NDArray[np.float32], growing: Mask
    ) -> tuple[Floats, npt.NDArray[np.float64]]:
        """Draw branchings of mothers, shape (rows, 4).

        Returns
        -------
        values : float64 array, shape (rows, 4)
            z, theta, phi, delta.
        momenta : float64 array, shape (rows, 2, 4)
            Of the harder and the softer daughter.
        """


class Free:
    """The network alone decides."""

    def __init__(self, chances: Chances) -> None:
        self.chances = chances

    def mother(self, hidden: tuple[Any, ...], particles: npt.NDArray[np.float32], growing: Mask) -> Index:  # noqa: ARG002
        """Draw by the network's probabilities; see :class:`Branching`."""
        return self.chances.draw(self.chances.mothers(hidden, particles.shape[1]))

    def stopped(self, particles: npt.NDArray[np.float32]) -> Mask:
        """Anything can branch; see :class:`Branching`."""
        return np.zeros(len(particles), bool)

    def branch(
        self,
        hidden: tuple[Any, ...],
        mother: npt.NDArray[np.float32],
        growing: Mask,  # noqa: ARG002
    ) -> tuple[Floats, npt.NDArray[np.float64]]:
        """Draw bins by the network's probabilities and values evenly inside of them; see :class:`Branching`."""
        values = _nothing_yet(mother)
        for position, column in enumerate(ORDER):
            logits = self.chances.bins(position, hidden, mother, values)
            values[:, column] = self.chances.inside(column, self.chances.draw(logits))
        return values, daughters(mother.astype(np.float64), values)


class Preceded:
    """The network decides between what branchings of data show to be possible."""

    def __init__(self, chances: Chances, precedents: Precedents) -> None:
        self.chances, self.precedents = chances, precedents

    def mother(self, hidden: tuple[Any, ...], particles: npt.NDArray[np.float32], growing: Mask) -> Index:
        """Draw among the particles that can branch; see :class:`Branching`."""
        logits = self.chances.mothers(hidden, particles.shape[1])
        return self.chances.draw_allowed(logits, "mother", self._can_branch(particles).T, growing)

    def stopped(self, particles: npt.NDArray[np.float32]) -> Mask:
        """Tell where no particle is heavy enough to branch; see :class:`Branching`."""
        return np.logical_not(self._can_branch(particles).any(axis=1))

    def _can_branch(self, particles: npt.NDArray[np.float32]) -> Mask:
        """Tell which particles are no lighter than a share of their energy, shape (rows, ranks)."""
        found: Mask = particles[:, :, 3] >= self.precedents.lightest * particles[:, :, 0]
        return found

    def branch(
        self, hidden: tuple[Any, ...], mother: npt.NDArray[np.float32], growing: Mask
    ) -> tuple[Floats, npt.NDArray[np.float64]]:
        """Draw z, then between the decays that have it; phi is left to the network alone; see :class:`Branching`."""
        values, plain, where = _nothing_yet(mother), mother.astype(np.float64), np.flatnonzero(growing)
        first, *angles, last = ORDER
        index = self.chances.draw(self.chances.bins(0, hidden, mother, values))
        values[:, first] = self.chances.inside(first, index)
        values[where, first], candidates = self._energies(plain[where], values[where, first])
        for position, column in enumerate(angles, 1):
            logits = self.chances.bins(position, hidden, mother, values)
            chosen = self._angle(logits, column, candidates, growing, values)
        logits = self.chances.bins(len(ORDER) - 1, hidden, mother, values)
        values[:, last] = self.chances.inside(last, self.chances.draw(logits))
        momenta = daughters(plain, values)
        momenta[where[chosen[0]], :, 3] = candidates.masses[chosen]
        self.chances.overruled.branchings += len(where)
        self.chances.overruled.without_precedent += candidates.unprecedented
        return values, momenta

    def _energies(self, mothers: Floats, z: Floats) -> tuple[Floats, Candidates]:
        """Return z and the decays that have it; where there are none, the smallest z that there can be, and its decays.

        A decay into daughters without a mass has z from (1 - p / E) / 2 on; one whose harder daughter weighs nearly
        what her mother does, as after a soft emission, has it from far below on. So the precedents decide.
        """
        candidates = self.precedents.candidates(mothers, z)
        if (impossible := np.logical_not(candidates.left.any(axis=1))).any():
            least = (1 - np.sqrt(np.clip(1 - (mothers[:, 3] / mothers[:, 0]) ** 2, 0.0, 1.0))) / 2
            z = np.where(impossible, np.minimum(np.maximum(z, least * (1 + EDGE)), 0.5), z)
            candidates = self.precedents.candidates(mothers, z)
            self.chances.overruled.probability[BRANCHING_VARIABLES[ORDER[0]]] += float(impossible.sum())
        return z, candidates

    def _angle(
        self, logits: Logits, column: int, candidates: Candidates, growing: Mask, values: Floats
    ) -> tuple[Index, Index]:
        """Draw the bin of an angle among those of the candidates, and one that is in it: set the angles so far."""
        name, binning = BRANCHING_VARIABLES[column], self.chances.layer.binning
        limits, kind, size = binning["branching"][name], binning["scaling"], binning["granularity"]
        classes = bins(candidates.angle(name), name, limits, kind, size)
        allowed, where = np.ones(logits.shape, bool), np.flatnonzero(growing)
        allowed[:, where] = candidates.classes(classes, size)
        allowed[:, ~allowed.any(axis=0)] = True
        index = self.chances.draw_allowed(logits, name, allowed, growing)
        candidates.left &= classes == index[where, None]
        values[:, column] = self.chances.inside(column, index)
        rows, place = candidates.choose(self.chances.generator)
        for known in ANGLES[: ANGLES.index(column) + 1]:
            values[where[rows], known] = candidates.angle(BRANCHING_VARIABLES[known])[rows, place]
        return rows, place


def _nothing_yet(mother: npt.NDArray[np.float32]) -> Floats:
    """Return values that every network takes, for those that are still to be drawn."""
    return np.full((len(mother), len(ORDER)), 0.1)
