"""Scaling of momenta and branchings to [0, 1], and bins of branchings, as JUNIPR (arXiv:1804.09720) defines them.

A variable has two limits. With the scaling ``log`` they are the edges, ``x' = (ln x - ln low) / (ln high - ln low)``.
With ``log1p``, that of the ATLAS quark/gluon system, they are ``a`` and ``limit`` in ``x' = log(1 + a x) / log(1 + a
limit)``. Either clips x to [1e-8, 1e8] before; a signed mass may be negative. The azimuth ``phi`` is always linear
between its limits. Scaled values are not clipped; bins are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Limits = dict[str, dict[str, list[float]]]
"""Limits by group (``momentum`` or ``branching``) and variable."""

SMALLEST, LARGEST = 1e-8, 1e8
"""Values are clipped to these before the logarithm."""


def scale(values: npt.ArrayLike, variable: str, limits: Sequence[float], scaling: str) -> Floats:
    """Scale values of a variable so that its range becomes [0, 1].

    Parameters
    ----------
    values : array_like
        Energies and masses in GeV, angles in radians, or z.
    variable : str
        Name of the variable; ``phi`` is linear.
    limits : two floats
        Its limits, see the module.
    scaling : str
        ``log`` or ``log1p``.

    Returns
    -------
    float64 array, of the shape of ``values``
    """
    low, high = limits
    values = np.asarray(values, np.float64)
    if variable == "phi":
        return (values - low) / (high - low)
    clipped = np.clip(values, SMALLEST, LARGEST)
    if scaling == "log":
        return (np.log(clipped) - math.log(low)) / (math.log(high) - math.log(low))
    return np.log1p(low * clipped) / math.log1p(low * high)


def floored(scaled: npt.ArrayLike, variable: str, floor: float | None) -> Floats:
    """Lift scaled values below a floor onto it; the azimuth has none, and without a floor all stay."""
    scaled = np.asarray(scaled, np.float64)
    return scaled if floor is None or variable == "phi" else np.maximum(scaled, floor)


def unscale(scaled: npt.ArrayLike, variable: str, limits: Sequence[float], scaling: str) -> Floats:
    """Return the values that :func:`scale` maps to some scaled ones."""
    low, high = limits
    scaled = np.asarray(scaled, np.float64)
    if variable == "phi":
        return low + scaled * (high - low)
    if scaling == "log":
        return np.exp(math.log(low) + scaled * (math.log(high) - math.log(low)))
    return np.expm1(scaled * math.log1p(low * high)) / low


def bins(
    values: npt.ArrayLike, variable: str, limits: Sequence[float], scaling: str, granularity: int
) -> npt.NDArray[np.int64]:
    """Return the bins of values, 0 to ``granularity`` - 1; what lies beyond a limit is in the bin beside it."""
    scaled = scale(values, variable, limits, scaling)
    return np.clip(granularity * scaled, 0, granularity - 1).astype(np.int64)


def edges(variable: str, limits: Sequence[float], scaling: str, granularity: int) -> Floats:
    """Return the edges of the bins in the units of the variable, shape (granularity + 1,)."""
    return unscale(np.linspace(0.0, 1.0, granularity + 1), variable, limits, scaling)


def junipr_limits(e_jet: float, e_sub: float, r_jet: float, r_sub: float) -> Limits:
    """Return the limits of the JUNIPR paper for the scaling ``log``: jets and subjets of these energies and radii."""
    azimuth = [0.0, 2 * math.pi]
    smallest = e_sub * r_sub / e_jet
    return {
        "momentum": {"e": [e_sub, e_jet], "theta": [smallest, r_jet], "phi": azimuth, "m": [e_sub, e_jet]},
        "branching": {
            "z": [e_sub / e_jet, 0.5],
            "theta": [r_sub / 2, r_jet],
            "phi": list(azimuth),
            "delta": [smallest, r_jet / 2],
        },
    }


ATLAS_LIMITS: Limits = {
    "momentum": {"e": [0.1, 700.0], "theta": [50.0, math.pi], "phi": [0.0, 2 * math.pi], "m": [0.2, 50.0]},
    "branching": {
        "z": [2.0, 0.5],
        "theta": [50.0, math.pi],
        "phi": [0.0, 2 * math.pi],
        "delta": [5000.0, math.pi],
    },
}
"""``a`` and ``limit`` of the ATLAS quark/gluon system, for the scaling ``log1p``."""
