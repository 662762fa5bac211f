"""Four-momenta as arrays (n, 4) of (px, py, pz, E), and frames around an axis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Momenta = npt.NDArray[np.float64]

LARGEST_RAPIDITY = 1e5
"""FastJet's stand-in for the infinite rapidity of a massless momentum along the beam."""
TINY, LARGE = 2.0**-400, 2.0**600
"""Powers of two, so that a product with them changes no digit."""
PARALLEL = 1e-9
"""Below this sine of the angle between an axis and y, y cannot tell what azimuth 0 is."""
COLLINEAR = 1e-15
"""Below this angle the azimuth is 0."""


@njit(cache=True, error_model="numpy")
def four_momenta(
    pt: npt.NDArray[np.floating], eta: npt.NDArray[np.floating], phi: npt.NDArray[np.floating],
    m: npt.NDArray[np.floating],
) -> Momenta:  # fmt: skip
    """Return four-momenta from transverse momenta, pseudorapidities, azimuths and masses.

    Parameters
    ----------
    pt, eta, phi, m : float arrays, shape (n,)
        GeV and radians. The energy has the sign of ``pt``: calorimeters have clusters of negative energy. A negative
        mass stands for a negative square.

    Returns
    -------
    float64 array, shape (n, 4)
        px, py, pz, E in GeV; not finite where an argument is not, or no momentum has that mass.
    """
    momenta = np.empty((len(pt), 4))
    for i in range(len(pt)):
        transverse, mass, around = np.float64(pt[i]), np.float64(m[i]), np.float64(phi[i])
        along = transverse * math.sinh(np.float64(eta[i]))
        momenta[i, 0] = transverse * math.cos(around)
        momenta[i, 1] = transverse * math.sin(around)
        momenta[i, 2] = along
        energy = math.sqrt(transverse * transverse + along * along + mass * abs(mass))
        momenta[i, 3] = energy if transverse >= 0 else -energy
    return momenta


@njit(cache=True, error_model="numpy", inline="always")
def momentum(constituents: Momenta, merged: Momenta, node: int) -> Any:
    """Return the four numbers of a node of a tree: the constituents come first, then what was merged."""
    if node < len(constituents):
        return constituents[node, 0], constituents[node, 1], constituents[node, 2], constituents[node, 3]
    node -= len(constituents)
    return merged[node, 0], merged[node, 1], merged[node, 2], merged[node, 3]


@njit(cache=True, error_model="numpy", inline="always")
def squared_mass(px: float, py: float, pz: float, energy: float) -> float:
    """Return m^2 = (E + pz)(E - pz) - pt^2, which loses less to rounding than the sum of squares."""
    return (energy + pz) * (energy - pz) - (px * px + py * py)


@njit(cache=True, error_model="numpy")
def signed_mass(px: float, py: float, pz: float, energy: float) -> float:
    """Return the mass, negative if its square is."""
    square = squared_mass(px, py, pz, energy)
    return math.sqrt(square) if square >= 0 else -math.sqrt(-square)


@njit(cache=True, error_model="numpy")
def rapidity(px: float, py: float, pz: float, energy: float) -> float:
    """Return the rapidity, 0.5 ln((pt^2 + m^2) / (E + |pz|)^2) with the sign opposite to pz.

    This is FastJet's form (arXiv:1111.6097); 0.5 ln((E + pz) / (E - pz)) rounds differently, and then some jets merge
    in another order. A negative m^2 counts as 0. A massless momentum along the beam gets a large number of its own. The
    energy must be positive.
    """
    transverse = px * px + py * py + max(0.0, squared_mass(px, py, pz, energy))
    if transverse == 0.0:
        far = LARGEST_RAPIDITY + abs(pz)
        return far if pz >= 0 else -far
    longest = energy + abs(pz)
    value = 0.5 * math.log(transverse / (longest * longest))
    return -value if pz > 0 else value


@njit(cache=True, error_model="numpy")
def azimuth(px: float, py: float) -> float:
    """Return the azimuth in [0, 2 pi); that of a momentum along the beam is 0."""
    if px * px + py * py == 0.0:
        return 0.0
    phi = math.atan2(py, px)
    if phi < 0.0:
        phi += 2 * math.pi
    return phi if phi < 2 * math.pi else phi - 2 * math.pi


@njit(cache=True, error_model="numpy")
def set_frame(frame: npt.NDArray[np.float64], px: float, py: float, pz: float) -> bool:
    """Fill in the frame around an axis: z along it, x along (lab's y) x z, y along z x x.

    Parameters
    ----------
    frame : float64 array, shape (3, 3)
        Result: the unit vectors x, y, z in its rows.
    px, py, pz : float
        The axis, of any length.

    Returns
    -------
    bool
        Whether the axis is parallel to the lab's y (or zero, then z is the lab's): the lab's x took the place of y.
    """
    if abs(px) + abs(py) + abs(pz) < TINY:  # squares of it would be none, or have few digits
        px, py, pz = px * LARGE, py * LARGE, pz * LARGE
    length = math.sqrt(px * px + py * py + pz * pz)
    if length > 0.0:
        x, y, z = px / length, py / length, pz / length
    else:
        x, y, z = 0.0, 0.0, 1.0
    across = math.sqrt(x * x + z * z)
    replaced = across < PARALLEL
    if replaced:
        across = math.sqrt(y * y + z * z)
        first, second, third = 0.0, -z / across, y / across
    else:
        first, second, third = z / across, 0.0, -x / across
    frame[0, 0], frame[0, 1], frame[0, 2] = first, second, third
    frame[1, 0], frame[1, 1], frame[1, 2] = y * third - z * second, z * first - x * third, x * second - y * first
    frame[2, 0], frame[2, 1], frame[2, 2] = x, y, z
    return replaced or length == 0.0
