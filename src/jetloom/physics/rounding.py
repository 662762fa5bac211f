"""Masses and angles that are rounding and nothing else.

A photon weighs nothing, and two particles can lie in one direction. Rounded numbers say otherwise: m^2 = E^2 - p^2 is
off by a rounding of E^2, so a mass by 1e-8 of the energy in double and by some 1e-4 in single precision, to either side
of zero. Under a logarithm such values lie further from real ones than these from each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MASSLESS = 1e-5
"""Share of its energy up to which a mass is rounding, unless data say more."""
SAME_DIRECTION = 1e-6
"""Angle (rad) up to which two directions are the same: azimuths and pseudorapidities are stored with 1e-7 or so."""


def has_mass(energy: Any, mass: Any, massless: float = MASSLESS) -> Mask:
    """Tell which particles have a mass that is more than rounding.

    Parameters
    ----------
    energy, mass : arrays
        Energies and signed masses in GeV; negative where m^2 is.
    massless : float
        Share of the energy up to which a mass is rounding; see :class:`MasslessShare`.
    """
    found: Mask = np.asarray(mass) > massless * np.asarray(energy)
    return found


def has_angle(angle: Any) -> Mask:
    """Tell which angles (rad) are more than rounding."""
    found: Mask = np.asarray(angle) > SAME_DIRECTION
    return found


class MasslessShare:
    """The share of its energy up to which a mass is rounding, from masses of a sample, added up in blocks.

    Rounding makes m^2 negative as often as positive, and nothing else makes it negative: so the negative masses say how
    far it goes. If there are hardly any, it is :data:`MASSLESS`.

    Parameters
    ----------
    rare : float
        Share of all masses up to which negative ones are accidents, and of the negative ones that may lie further out.
    """

    BINS_A_DECADE, DECADES = 100, 8

    def __init__(self, rare: float) -> None:
        self.rare, self.total = rare, 0
        self.counts = np.zeros(self.BINS_A_DECADE * self.DECADES, np.int64)

    def add(self, energy: Any, mass: Any) -> None:
        """Add particles: energies and signed masses in GeV."""
        energy, mass = np.asarray(energy, np.float64), np.asarray(mass, np.float64)
        self.total += len(mass)
        shares = -mass[(mass < 0) & (energy > 0)] / energy[(mass < 0) & (energy > 0)]
        place = np.floor((np.log10(np.maximum(shares, 1e-300)) + self.DECADES) * self.BINS_A_DECADE)
        self.counts += np.bincount(np.clip(place, 0, len(self.counts) - 1).astype(np.int64), minlength=len(self.counts))

    def value(self) -> float:
        """Return the share."""
        negative = int(self.counts.sum())
        if negative <= self.rare * self.total:
            return MASSLESS
        last = int(np.searchsorted(np.cumsum(self.counts), (1.0 - self.rare) * negative))
        return max(MASSLESS, float(10.0 ** ((last + 1) / self.BINS_A_DECADE - self.DECADES)))
