"""Angles and momenta of arrays of particles (numpy or awkward, any shape; GeV and radians)."""

from __future__ import annotations

from typing import Any

import numpy as np


def wrap(angle: Any) -> Any:
    """Bring azimuthal angles into [-pi, pi)."""
    return (angle + np.pi) % (2 * np.pi) - np.pi


def delta_r(one: Any, other: Any) -> Any:
    """Return the distance sqrt(deta^2 + dphi^2) of things that have fields ``eta`` and ``phi``."""
    return np.hypot(one["eta"] - other["eta"], wrap(one["phi"] - other["phi"]))


def polar(px: Any, py: Any, pz: Any) -> tuple[Any, Any, Any]:
    """Turn momenta into transverse momentum, pseudorapidity and azimuth.

    A particle along the beam gets a very large but finite pseudorapidity.
    """
    pt = np.hypot(px, py)
    return pt, np.arcsinh(pz / np.maximum(pt, 1e-12)), np.arctan2(py, px)


def impact_parameters(x: Any, y: Any, z: Any, eta: Any, phi: Any) -> tuple[Any, Any]:
    """Return d0 and z0 (mm) of straight lines through production vertices.

    A magnetic field changes them by far less than the resolution at these distances. d0 has the sign of the xAOD
    perigee: x = -d0 sin(phi), y = d0 cos(phi).
    """
    return y * np.cos(phi) - x * np.sin(phi), z - (x * np.cos(phi) + y * np.sin(phi)) * np.sinh(eta)


def cartesian(pt: Any, eta: Any, phi: Any, mass: Any) -> tuple[Any, Any, Any, Any]:
    """Turn (pt, eta, phi, m) into (px, py, pz, E)."""
    energy = np.sqrt((pt * np.cosh(eta)) ** 2 + mass**2)
    return pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), energy
