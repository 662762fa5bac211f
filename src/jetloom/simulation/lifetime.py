"""What lifetimes leave in a jet: impact parameters in units of their errors, and a secondary vertex along the axis.

Both are simple on purpose: a likelihood ratio of the tracks' significances with fixed shapes, and the mean crossing of
displaced tracks with the axis of the jet. They tell b jets from others as taggers of experiments do, only less well.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DISPLACED = 2.5
"""Significance above which a track may be one of a secondary vertex."""
LOWEST_PT = 1.0
FARTHEST = 10.0
"""Impact parameters beyond this, in mm, are of K-short and Lambda, and of material."""
_CORE, _TAIL, _TAIL_WIDTH = 1.1, 0.04, 5.0
_LONG_LIVED, _LIFE_WIDTH = 0.35, 7.0


def d0_error(pt: Any, eta: Any) -> Any:
    """Return the error of d0 in mm that the simulation smears with: that of its detector at this momentum."""
    return np.hypot(0.012, 0.085 * np.sqrt(np.cosh(eta)) / pt)


def z0_error(pt: Any, eta: Any) -> Any:
    """Return the error of z0 in mm, as :func:`d0_error`."""
    return np.hypot(0.060, 0.110 * np.sqrt(np.cosh(eta)) * np.cosh(eta) / pt)


def with_errors(tracks: Any) -> Any:
    """Return tracks with ``d0_error`` and ``z0_error`` in mm."""
    import awkward as ak

    tracks = ak.with_field(tracks, d0_error(tracks.pt, tracks.eta), "d0_error")
    return ak.with_field(tracks, z0_error(tracks.pt, tracks.eta), "z0_error")


def lifetime_moments(jets: Any, tracks: Any) -> dict[str, Any]:
    """Return the variables of lifetimes of jets.

    Parameters
    ----------
    jets : awkward.Array
        A list an event, with ``phi``.
    tracks : awkward.Array
        A list of lists an event: the tracks of each jet, with ``pt``, ``phi``, ``d0``, ``primary`` and ``d0_error``.

    Returns
    -------
    dict of str to awkward.Array
        A list an event each. ``ip_log_ratio``: the sum over tracks of log(p_b / p_light) of the signed significance of
        d0, NaN without tracks. ``sv_significance``: mean distance of the crossings of displaced tracks with the axis
        over its error, in the transverse plane, NaN where fewer than two tracks are displaced.
    """
    import awkward as ak

    good = tracks[tracks.primary & (tracks.pt > LOWEST_PT) & (abs(tracks.d0) < FARTHEST)]
    angle = np.sin(ak.broadcast_arrays(jets.phi, good.phi)[0] - good.phi)
    # The point of closest approach is d0 (-sin phi, cos phi): it lies ahead where d0 sin(phi_jet - phi) is positive.
    significance = np.sign(good.d0 * angle) * abs(good.d0) / good.d0_error
    ratio = ak.sum(log_ratio(significance), axis=2)
    far = (significance > DISPLACED) & (abs(angle) > 1e-3)
    distance, error = (abs(value[far] / angle[far]) for value in (good.d0, good.d0_error))
    weight = ak.sum(1.0 / error**2, axis=2)
    enough = ak.num(distance, axis=2) > 1
    safe = ak.where(enough, weight, 1.0)
    flight = ak.sum(distance / error**2, axis=2) / np.sqrt(safe)
    return {
        "ip_log_ratio": ak.where(ak.num(good, axis=2) > 0, ratio, np.nan),
        "sv_significance": ak.where(enough, flight, np.nan),
    }


def log_ratio(significance: Any) -> Any:
    """Return log(p_b / p_light) of a significance: prompt tracks, with a tail, against some that lived."""
    core = np.exp(-0.5 * (significance / _CORE) ** 2) / (_CORE * np.sqrt(2 * np.pi))
    prompt = (1 - _TAIL) * core + _TAIL * np.exp(-abs(significance) / _TAIL_WIDTH) / (2 * _TAIL_WIDTH)
    ahead = (significance > 0) * np.exp(-abs(significance) / _LIFE_WIDTH) / _LIFE_WIDTH
    return np.log((1 - _LONG_LIVED) + _LONG_LIVED * ahead / prompt)
