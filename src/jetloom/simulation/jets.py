"""Anti-kt jets of the constituents of events, and what belongs to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from jetloom.simulation.geometry import cartesian, delta_r, polar

RADIUS = 0.4
LOWEST_PT = 15.0


def cluster(constituents: Any) -> Any:
    """Cluster constituents with anti-kt, R = 0.4, E-scheme (Cacciari, Salam, Soyez, JHEP 04 (2008) 063).

    Parameters
    ----------
    constituents : awkward.Array
        A list an event, with ``pt``, ``eta``, ``phi``, ``m`` (GeV) and anything else.

    Returns
    -------
    awkward.Array
        A list of jets an event, hardest first, pT > 15 GeV, with ``pt``, ``eta``, ``phi``, ``m`` (GeV) and
        ``constituents``: a list a jet, hardest first.
    """
    import awkward as ak
    import fastjet

    names = ("px", "py", "pz", "E")
    momenta = cartesian(constituents.pt, constituents.eta, constituents.phi, constituents.m)
    # FastJet reads the buffers themselves, so they must be packed.
    inputs = ak.to_packed(ak.zip(dict(zip(names, momenta, strict=True)), with_name="Momentum4D"))
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, RADIUS)
    members = fastjet.ClusterSequence(inputs, definition).constituent_index(min_pt=LOWEST_PT)
    jets = _jets(inputs, constituents, members)
    return jets[ak.argsort(jets.pt, axis=1, ascending=False, stable=True)]


def _jets(momenta: Any, constituents: Any, members: Any) -> Any:
    import awkward as ak

    inside = _picked(constituents, members)
    inside = inside[ak.argsort(inside.pt, axis=2, ascending=False, stable=True)]
    px, py, pz, energy = (ak.sum(_picked(momenta[name], members), axis=2) for name in ("px", "py", "pz", "E"))
    pt, eta, phi = polar(px, py, pz)
    mass = np.sqrt(np.maximum(energy**2 - px**2 - py**2 - pz**2, 0.0))
    return ak.zip({"pt": pt, "eta": eta, "phi": phi, "m": mass, "constituents": inside}, depth_limit=2)


def _picked(values: Any, members: Any) -> Any:
    """Pick from a list an event with a list of lists of positions in it."""
    import awkward as ak

    picked = ak.flatten(values[ak.flatten(members, axis=2)])
    return _nested(picked, ak.flatten(ak.num(members, axis=2)), ak.num(members, axis=1))


def _nested(flat: Any, per_jet: Any, jets_per_event: Any) -> Any:
    """Turn a flat array into lists of jets of lists. In one step, empty jets at the edge of events would be lost."""
    import awkward as ak

    return ak.unflatten(ak.unflatten(flat, per_jet), jets_per_event)


def nearest(things: Any, jets: Any, radius: float) -> Any:
    """Return the position of the nearest jet of each thing, or None if none is within the radius.

    Parameters
    ----------
    things, jets : awkward.Array
        A list an event each, with ``eta`` and ``phi``.
    radius : float
        Largest distance.

    Returns
    -------
    awkward.Array
        A list an event, as long as that of the things, of int or None.
    """
    import awkward as ak

    one, other = ak.unzip(ak.cartesian([_direction(things), _direction(jets)], nested=True))
    distance = delta_r(one, other)
    return ak.mask(ak.argmin(distance, axis=2), ak.fill_none(ak.min(distance, axis=2) < radius, False))


def belonging(things: Any, jets: Any, radius: float) -> Any:
    """Return each jet the things that are nearer to it than to any other jet and within the radius.

    Returns
    -------
    awkward.Array
        A list of lists an event: the things of each jet, hardest first, and ``dr``, their distance to it.
    """
    import awkward as ak

    owner = nearest(things, jets, radius)
    found = ~ak.is_none(owner, axis=1)
    things, owner = things[found], ak.values_astype(ak.drop_none(owner, axis=1), np.int64)
    things = ak.with_field(things, delta_r(things, _direction(jets)[owner]), "dr")
    order = ak.argsort(things.pt, axis=1, ascending=False, stable=True)
    things, owner = things[order], owner[order]
    order = ak.argsort(owner, axis=1, stable=True)
    things, owner = things[order], owner[order]
    jets_per_event = ak.to_numpy(ak.num(jets.eta))
    first_jet = np.cumsum(jets_per_event) - jets_per_event
    counts = np.bincount(ak.to_numpy(ak.flatten(owner + first_jet)), minlength=jets_per_event.sum())
    return _nested(ak.flatten(things), counts, jets_per_event)


def _direction(things: Any) -> Any:
    import awkward as ak

    return ak.zip({"eta": things.eta, "phi": things.phi})
