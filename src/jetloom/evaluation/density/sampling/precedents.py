"""Branchings of data as precedents of those that are drawn: what the daughters of a like mother weigh.

A network gives probabilities of bins. That a photon has no mass and a track that of the pion, and that the masses of
the daughters, z and the mother fix both angles, no bin can hold: values drawn evenly inside of bins make mothers of
constituents and constituents of mothers, more with each step. So the masses come from branchings of data whose mother
and z are alike; the angles that follow say in which bins they lie, and the network decides between these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jetloom.data.block import Block
from jetloom.data.nodes import branching_masses
from jetloom.errors import EmptySampleError
from jetloom.physics.rounding import MASSLESS, has_mass
from jetloom.physics.splitting import angles

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NEAREST = 64
"""Precedents of a branching."""


@dataclass
class Candidates:
    """Precedents of some branchings, each with the masses and angles that it would give.

    Attributes
    ----------
    masses : float64 array, shape (n, candidates, 2)
        Of the harder and the softer daughter, in GeV.
    theta, delta : float64 arrays, shape (n, candidates)
        The angles of :mod:`jetloom.physics.splitting`.
    left : bool array, shape (n, candidates)
        Those that are a decay, and lie in the bins that were drawn.
    """

    masses: Floats
    theta: Floats
    delta: Floats
    left: Mask

    def classes(self, bins: Index, count: int) -> Mask:
        """Return the classes in which there is a candidate that is left; none for a branching that has none.

        Parameters
        ----------
        bins : int array, shape (n, candidates)
            Class of each candidate.
        count : int
            Number of classes.

        Returns
        -------
        bool array, shape (count, n)
        """
        found = np.zeros((count, len(bins)), bool)
        row, place = np.nonzero(self.left)
        found[bins[row, place], row] = True
        return found

    @property
    def unprecedented(self) -> int:
        """Branchings for which only the last resort is left."""
        return int((~self.left[:, :-1].any(axis=1)).sum())

    def angle(self, name: str) -> Floats:
        """Return an angle by its name."""
        return self.theta if name == "theta" else self.delta

    def choose(self, generator: np.random.Generator) -> tuple[Index, Index]:
        """Draw one of those left; give the branchings that have one, and the place of the one drawn."""
        rows = np.flatnonzero(self.left.any(axis=1))
        return rows, np.argmax(generator.random((len(rows), self.left.shape[1])) * self.left[rows], axis=1)


class Precedents:
    """Branchings to look up by energy and mass of the mother and z; each counts the same.

    Parameters
    ----------
    jets : Block
        A block with trees, of the jets that the network learnt.
    massless : float
        Share of its energy up to which a mass is rounding (:func:`jetloom.physics.rounding.has_mass`).

    Raises
    ------
    EmptySampleError
        If no branching has a mother with a mass.
    """

    def __init__(self, jets: Block, massless: float = MASSLESS) -> None:
        from sklearn.neighbors import KDTree

        mothers, masses, branch_on = branching_masses(jets)
        energy, mass = mothers.T
        real = has_mass(energy, mass, massless)
        if jets.branchings is None or not real.any():
            raise EmptySampleError("no jet has a branching of a mother with a mass")
        energy, mass, branch_on = energy[real], mass[real], branch_on[real]
        masses = np.maximum(masses[real], 0.0)
        # A constituent weighs what it weighs; what branches on, a share of its mother.
        self._constituent = np.where(branch_on, 0.0, masses)
        self._share = np.where(branch_on, masses / mass[:, None], 0.0)
        self._massless = massless
        self._tree = KDTree(_position(energy, mass, jets.branchings["z"][real].astype(np.float64)))
        self.lightest = float((mass / energy).min())
        """The smallest mass of a mother, as a share of her energy; what is lighter does not branch."""

    def candidates(self, mothers: Floats, z: Floats) -> Candidates:
        """Return the nearest precedents of branchings, and two daughters without a mass where none of them can be.

        Parameters
        ----------
        mothers : float64 array, shape (n, 4)
            (E, theta, phi, m).
        z : float64 array, shape (n,)
        """
        energy, mass = mothers[:, 0], np.maximum(mothers[:, 3], self._massless * mothers[:, 0])
        near = self._tree.query(_position(energy, mass, z), k=min(NEAREST, len(self._share)), return_distance=False)
        masses = self._constituent[near] + self._share[near] * mass[:, None, None]
        # The last resort: daughters without a mass. A mother with one can have them unless z is below (1 - p / E) / 2.
        masses = np.concatenate([masses, np.zeros((len(z), 1, 2))], axis=1)
        theta, delta, possible = angles(energy[:, None], mass[:, None], z[:, None], masses)
        possible[:, -1] &= ~possible[:, :-1].any(axis=1)
        return Candidates(masses, theta, delta, possible)


def _position(energy: Floats, mass: Floats, z: Floats) -> Floats:
    return np.stack([np.log(energy), np.log(mass), np.log(z)], axis=1)
