"""A parametric detector: a tracker inside |eta| < 2.5 and a calorimeter inside |eta| < 4.5.

The resolutions of momentum and energy are the design values of the ATLAS detector (JINST 3 (2008) S08003, table 1.1),
rounded; those of the impact parameters have its form and size. Nothing is tuned to data.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetloom.simulation.geometry import impact_parameters, polar, wrap
from jetloom.simulation.pileup import beam_spot_offsets

TRACKER_ETA = 2.5
TRACK_PT = 0.5
CALORIMETER_ETA = 4.5
CALORIMETER_ENERGY = 0.5
PION_MASS = 0.13957
# Tracks whose |z0 sin(theta)| in mm is below this belong to the primary vertex.
VERTEX_WINDOW = 2.0

Floats = NDArray[np.float64]


def reconstruct(particles: Any, pileup: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Turn true particles into tracks and the constituents of jets.

    Charged particles inside the tracker become tracks. All others, and the charged ones whose track is lost, become
    neutral constituents. Tracks from other vertices are not constituents (charged-hadron subtraction); nor are muons,
    which leave the calorimeter.

    Parameters
    ----------
    particles, pileup : awkward.Array
        Particles of the hard collision and of the others, as of :func:`jetloom.simulation.generate.batches`.
    rng : numpy.random.Generator
        Source of all random numbers.

    Returns
    -------
    tracks : awkward.Array
        A list an event, with ``pt``, ``eta``, ``phi``, ``m`` (GeV), ``charge``, ``d0``, ``z0`` (mm, relative to the
        primary vertex) and ``primary`` (bool: is it of the primary vertex).
    constituents : awkward.Array
        A list an event, with the same fields but ``primary``, and ``em`` (share of electromagnetic energy).
    """
    import awkward as ak

    everything = ak.concatenate([particles, _displaced(pileup, rng)], axis=1)
    counts = ak.to_numpy(ak.num(everything.px))
    flat = {name: ak.to_numpy(ak.flatten(everything[name])) for name in everything.fields}
    identity = np.abs(flat["pdg_id"])
    pt, eta, _ = polar(flat["px"], flat["py"], flat["pz"])
    tracked = (flat["charge"] != 0) & (np.abs(eta) < TRACKER_ETA) & (pt > TRACK_PT)
    tracked &= rng.random(pt.size) < _efficiency(pt, eta)
    electromagnetic = _electromagnetic_share(identity, rng)

    tracks, track_counts = _tracks(_masked(flat, tracked), rng), _counted(tracked, counts)
    clusters, kept = _clusters(flat, ~tracked & (identity != 13), electromagnetic, rng)
    clustered = tracks["primary"] & (identity[tracked] != 13)
    charged = {**_masked(tracks, clustered), "em": electromagnetic[tracked][clustered]}
    del charged["primary"]
    return (
        ak.unflatten(ak.zip(tracks), track_counts),
        ak.concatenate(
            [
                ak.unflatten(ak.zip(charged), _counted(clustered, track_counts)),
                ak.unflatten(ak.zip(clusters), _counted(kept, counts)),
            ],
            axis=1,
        ),
    )


def _displaced(pileup: Any, rng: np.random.Generator) -> Any:
    """Put each pile-up particle on a vertex of its own, somewhere along the beam."""
    import awkward as ak

    counts = ak.num(pileup.px)
    return ak.with_field(pileup, ak.unflatten(beam_spot_offsets(int(ak.sum(counts)), rng), counts), "z")


def _masked(fields: dict[str, Any], mask: NDArray[np.bool_]) -> dict[str, Any]:
    return {name: values[mask] for name, values in fields.items()}


def _counted(mask: NDArray[np.bool_], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count what is left of each event, for a mask over the particles of all events."""
    running = np.concatenate([[0], np.cumsum(mask)])
    edges = np.concatenate([[0], np.cumsum(counts)])
    return np.diff(running[edges])


def _efficiency(pt: Floats, eta: Floats) -> Floats:
    """Return the chance to find a track: less for soft ones (nuclear interactions) and forward ones (more material)."""
    return 0.97 - 0.08 * np.exp(-(pt - TRACK_PT) / 0.5) - 0.08 * (np.abs(eta) / TRACKER_ETA) ** 2


def _electromagnetic_share(identity: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Return the electromagnetic share of energy: all for photons and electrons, none for muons, some for hadrons."""
    share = rng.beta(1.5, 2.5, identity.size)
    share[np.isin(identity, (11, 22))] = 1.0
    share[identity == 13] = 0.0
    return share


def _tracks(flat: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    pt, eta, phi = polar(flat["px"], flat["py"], flat["pz"])
    d0, z0 = impact_parameters(flat["x"], flat["y"], flat["z"], eta, phi)
    # Multiple scattering goes as 1 / (pT sqrt(sin(theta))) across the track; along the beam it is longer by cosh(eta).
    scattering = np.sqrt(np.cosh(eta)) / pt
    d0 = d0 + rng.normal(size=pt.size) * np.hypot(0.012, 0.085 * scattering)
    z0 = z0 + rng.normal(size=pt.size) * np.hypot(0.060, 0.110 * scattering * np.cosh(eta))
    # The curvature q/pT is what is measured, so the smearing of 1/pT is Gaussian; kept from changing sign.
    curvature = 1 + rng.normal(size=pt.size) * np.hypot(0.01, 0.0005 * pt)
    fields = {
        "pt": pt / np.clip(curvature, 0.2, 5.0),
        "eta": eta + rng.normal(size=pt.size) * 0.0005,
        "phi": wrap(phi + rng.normal(size=pt.size) * 0.0005),
        "m": np.full(pt.size, PION_MASS),
        "charge": flat["charge"],
        "d0": d0,
        "z0": z0,
    }
    return {**fields, "primary": np.abs(z0 / np.cosh(eta)) < VERTEX_WINDOW}


def _clusters(
    flat: dict[str, Any], mask: NDArray[np.bool_], share: Floats, rng: np.random.Generator
) -> tuple[dict[str, Any], NDArray[np.bool_]]:
    """Smear what the calorimeter sees; give the clusters and the mask of the particles they come from."""
    seen, em = _masked(flat, mask), share[mask]
    _, eta, phi = polar(seen["px"], seen["py"], seen["pz"])
    hadronic = em < 1.0
    root = np.sqrt(seen["e"])
    resolution = np.where(hadronic, np.hypot(0.5 / root, 0.03), np.hypot(0.1 / root, 0.01))
    energy = seen["e"] * np.maximum(1 + rng.normal(size=root.size) * resolution, 0.0)
    cell = np.where(hadronic, 0.1, 0.025)
    eta = eta + (rng.random(root.size) - 0.5) * cell
    phi = wrap(phi + (rng.random(root.size) - 0.5) * cell)
    good = (energy > CALORIMETER_ENERGY) & (np.abs(eta) < CALORIMETER_ETA)
    zeros = np.zeros(root.size)
    fields = {"pt": energy / np.cosh(eta), "eta": eta, "phi": phi, "m": zeros, "charge": zeros, "d0": zeros}
    kept = mask.copy()
    kept[mask] = good
    return _masked({**fields, "z0": zeros, "em": em}, good), kept
