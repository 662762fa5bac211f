"""Soft particles of the other collisions of a bunch crossing: a thin, uniform rain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.simulation.geometry import cartesian

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Particles a collision, of each charge. Far fewer than there are: it stands for what a reconstruction cannot remove.
PARTICLES = 2.0
MEAN_INTERACTIONS = 33.7  # of the data of 2015-2018, ATLAS-CONF-2019-021
SPREAD_INTERACTIONS = 11.0
BEAM_SPOT = 35.0  # mm

_ETA = 4.5
_SOFTEST, _SLOPE = 0.5, 0.6  # GeV
_PION, _PHOTON = 211, 22


def interactions(events: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the average number of interactions per crossing of each event, between 5 and 80."""
    return np.clip(rng.normal(MEAN_INTERACTIONS, SPREAD_INTERACTIONS, events), 5.0, 80.0)


def beam_spot_offsets(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw distances along the beam, in mm, between pile-up vertices and the primary one; both are spread."""
    return rng.normal(0.0, np.sqrt(2) * BEAM_SPOT, count)


def soft_particles(average: NDArray[np.float64], rng: np.random.Generator) -> Any:
    """Draw pile-up particles, flat in pseudorapidity and azimuth, falling exponentially in transverse momentum.

    Parameters
    ----------
    average : array (events,)
        Average number of interactions per crossing.
    rng : numpy.random.Generator
        Source of all random numbers.

    Returns
    -------
    awkward.Array
        A list an event with the fields of ``particles`` of :func:`jetloom.simulation.generate.batches`; half of them
        charged pions, half photons; all at the origin.
    """
    import awkward as ak

    counts = rng.poisson(2 * PARTICLES * average)
    total = int(counts.sum())
    pt = _SOFTEST + rng.exponential(_SLOPE, total)
    eta, phi = rng.uniform(-_ETA, _ETA, total), rng.uniform(-np.pi, np.pi, total)
    charge = rng.choice(np.array([-1.0, 0.0, 0.0, 1.0]), total)
    px, py, pz, energy = cartesian(pt, eta, phi, 0.13957 * np.abs(charge))
    identity = np.where(charge == 0, _PHOTON, _PION * charge).astype(np.int32)
    zeros = np.zeros(total)
    fields = {"pdg_id": identity, "charge": charge, "px": px, "py": py, "pz": pz, "e": energy}
    return ak.unflatten(ak.zip({**fields, "x": zeros, "y": zeros, "z": zeros}), counts)
