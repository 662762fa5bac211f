"""Jets at particle level: what stands in the place of a detector where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np

from jetloom.simulation.detector import TRACK_PT, TRACKER_ETA
from jetloom.simulation.geometry import impact_parameters, polar

_ELECTROMAGNETIC = (11, 22)


def visible(particles: Any) -> tuple[Any, Any]:
    """Return what a perfect detector would see: every particle as it is.

    Parameters
    ----------
    particles : awkward.Array
        A list an event, as of :func:`jetloom.simulation.generate.batches`.

    Returns
    -------
    tracks : awkward.Array
        A list an event: charged particles with |eta| < 2.5 and pT > 0.5 GeV, with ``pt``, ``eta``, ``phi``, ``m``
        (GeV), ``charge``, ``d0``, ``z0`` (mm) and ``primary`` (all True).
    constituents : awkward.Array
        A list an event: all particles, with the same fields but ``primary``, and ``em`` (1 for electrons and photons,
        else 0). Impact parameters of neutral ones are 0.
    """
    import awkward as ak

    counts = ak.num(particles.px)
    flat = {name: ak.to_numpy(ak.flatten(particles[name])) for name in particles.fields}
    pt, eta, phi = polar(flat["px"], flat["py"], flat["pz"])
    mass = np.sqrt(np.maximum(flat["e"] ** 2 - flat["px"] ** 2 - flat["py"] ** 2 - flat["pz"] ** 2, 0.0))
    charged = flat["charge"] != 0
    d0, z0 = (
        np.where(charged, distance, 0.0) for distance in impact_parameters(flat["x"], flat["y"], flat["z"], eta, phi)
    )
    fields = {"pt": pt, "eta": eta, "phi": phi, "m": mass, "charge": flat["charge"], "d0": d0, "z0": z0}
    em = np.isin(np.abs(flat["pdg_id"]), _ELECTROMAGNETIC).astype(np.float64)
    constituents = ak.unflatten(ak.zip({**fields, "em": em}), counts)
    tracked = ak.unflatten(charged & (np.abs(eta) < TRACKER_ETA) & (pt > TRACK_PT), counts)
    tracks = ak.unflatten(ak.zip({**fields, "primary": np.ones(len(pt), bool)}), counts)[tracked]
    return tracks, constituents
