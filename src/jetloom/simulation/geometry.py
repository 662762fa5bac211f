"""Angles and momenta of arrays of particles (numpy or awkward, any shape; GeV and radians)."""

from __future__ import annotations

from typing import Any

import numpy as np


def wrap(angle: Any) -> Any:
    """Bring azimuthal angles into [-pi, pi)."""
    return (angle + np.pi) % (2 * np.pi) - np.pi


def delta_r(one: Any, other: Any) -> Any:
    """Give the distance sqrt(deta^2 + dphi^2) of things that have fields ``eta`` and ``phi``."""
    return np.hypot(one["eta"] - other["eta"], wrap(one["phi"] - other["phi"]))


def polar(px: Any, py: Any, pz: Any) -> tuple[Any, Any, Any]:
    """Turn momenta into transverse momentum, pseudorapidity and azimuth.

    A particle along the beam gets a very large but finite pseudorapidity.
    """
    pt = np.hypot(px, py)
    return pt, np.arcsinh(pz / np.maximum(pt, 1e-12)), np.arctan2(py, px)


def cartesian(pt: Any, eta: Any, phi: Any, mass: Any) -> tuple[Any, Any, Any, Any]:
    """Turn (pt, eta, phi, m) into (px, py, pz, E)."""
    energy = np.sqrt((pt * np.cosh(eta)) ** 2 + mass**2)
    return pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), energy
