"""From a mother and her branching back to her daughters: the inverse of the declustering.

The branching (z, theta, phi, delta) and the momentum (E, theta, phi, m) of the mother are eight numbers, as are the
momenta of two daughters. With p the mother's momentum, energy and momentum conservation give

    E_soft = z E,                              E_hard = (1 - z) E,
    p_soft = p sin(delta) / sin(theta + delta), p_hard = p sin(theta) / sin(theta + delta),

the softer daughter lies at (theta, phi) around the mother's direction, the harder one at (delta, phi + pi), and the
masses follow: m^2 = E^2 - p^2. Values that were drawn independently can demand m^2 < 0, which is no particle.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PARALLEL = 1e-9
"""Below this sine between the mother and the upward axis, azimuths count from another axis."""


def daughters(mothers: Floats, branchings: Floats, up: tuple[float, float, float] = (0.0, 1.0, 0.0)) -> Floats:
    """Return the daughters of mothers.

    Parameters
    ----------
    mothers : float64 array, shape (n, 4)
        (E, theta, phi, signed mass) in the frame of the jet's axis.
    branchings : float64 array, shape (n, 4)
        (z, theta, phi, delta) relative to the mother.
    up : three floats
        The lab's y axis in the frame of the jet: azimuths around a mother count from y x (mother). That frame is such
        that it is (0, cos a, sin a), and a = 0 for a jet at right angles to y.

    Returns
    -------
    float64 array, shape (n, 2, 4)
        The harder, then the softer daughter; the mass is signed, negative where m^2 < 0.
    """
    energy, theta_mother, phi_mother, mass = mothers.T
    z, theta, phi, delta = branchings.T
    axis = _direction(theta_mother, phi_mother)
    across = _across(axis, phi, np.asarray(up))
    momentum = np.sqrt(np.maximum(energy**2 - np.sign(mass) * mass**2, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.nan_to_num(momentum / np.sin(theta + delta), posinf=0.0, neginf=0.0)
    hard = _momentum((1 - z) * energy, scale * np.sin(theta), axis, across, -delta)
    soft = _momentum(z * energy, scale * np.sin(delta), axis, across, theta)
    return np.stack([hard, soft], axis=1)


def angles(energy: Floats, mass: Floats, z: Floats, masses: Floats) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Return theta and delta of a decay from the masses of the daughters.

    The momenta of mother and daughters are the sides of a triangle; with its area (Heron's formula, which is exact for
    flat triangles too) 4 A = 2 p p_soft sin(theta) and p^2 + p_soft^2 - p_hard^2 = 2 p p_soft cos(theta).

    Parameters
    ----------
    energy, mass, z : float64 arrays that broadcast with each other
        Of the mother, in GeV.
    masses : float64 array, their shape with 2 at the end
        Of the harder and the softer daughter.

    Returns
    -------
    theta, delta : float64 arrays
    possible : bool array
        Where there is such a triangle, and no daughter is heavier than her energy.
    """
    square = energy**2 - mass**2
    hard, soft = ((1 - z) * energy) ** 2 - masses[..., 0] ** 2, (z * energy) ** 2 - masses[..., 1] ** 2
    possible = (square > 0) & (hard > 0) & (soft > 0)
    p, p_hard, p_soft = (np.sqrt(np.maximum(value, 0.0)) for value in (square, hard, soft))
    heron = (p + p_hard + p_soft) * (p_hard + p_soft - p) * (p + p_soft - p_hard) * (p + p_hard - p_soft)
    area = np.sqrt(np.maximum(heron, 0.0))
    theta, delta = np.arctan2(area, square + soft - hard), np.arctan2(area, square + hard - soft)
    return theta, delta, possible & (heron > 0)


def _momentum(energy: Floats, momentum: Floats, axis: Floats, across: Floats, angle: Floats) -> Floats:
    """Return (E, theta, phi, m) of what goes at an angle from the axis towards a direction across it."""
    x, y, along = (axis * np.cos(angle)[:, None] + across * np.sin(angle)[:, None]).T
    square = energy**2 - momentum**2
    # A momentum that is negative is none: the sum of the angles was more than pi.
    square = np.where(momentum < 0, -(energy**2), square)
    mass = np.sign(square) * np.sqrt(np.abs(square))
    return np.stack([energy, np.arctan2(np.hypot(x, y), along), np.arctan2(y, x) % (2 * np.pi), mass], axis=1)


def _direction(theta: Floats, phi: Floats) -> Floats:
    return np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1)


def _across(axis: Floats, phi: Floats, up: Floats) -> Floats:
    """Return the unit vector at an azimuth around an axis."""
    first = np.cross(up, axis)
    length = np.linalg.norm(first, axis=1, keepdims=True)
    other = np.cross(np.array([1.0, 0.0, 0.0]), axis)
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(length < PARALLEL, other / np.linalg.norm(other, axis=1, keepdims=True), first / length)
    second = np.cross(axis, first)
    return first * np.cos(phi)[:, None] + second * np.sin(phi)[:, None]
