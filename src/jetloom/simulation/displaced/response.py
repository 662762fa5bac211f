"""What the detector makes of particles: clusters with layers and times, tracks, segments of muons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.simulation.displaced.calorimeter import EDGES, LAYERS, LIGHT, SHOWER, entry, layer_shares, smeared
from jetloom.simulation.geometry import impact_parameters, polar

if TYPE_CHECKING:
    from jetloom.config.samples import Response

Flat = dict[str, np.ndarray]

CELL = 0.1
"""Energy within so much of eta and phi becomes one cluster."""

LEAST_CLUSTER = 0.5
TRACKER_RADIUS, TRACKER_LENGTH, TRACK_PT, TRACK_ETA = 300.0, 1000.0, 0.5, 2.5
"""GeV; mm: particles that are made further out leave no track."""


TRACK_VARIABLES = (
    "pt", "eta", "phi", "d0", "z0", "chiSquared", "vertex_nParticles", "PixelShared", "PixelHoles", "PixelHits",
    "SCTShared", "SCTHoles", "SCTHits",
)  # fmt: skip


def clusters(particles: Any, response: Response, rng: np.random.Generator) -> Any:
    """Return the clusters of a batch of events, a list an event, hardest first.

    Parameters
    ----------
    particles : awkward.Array
        As of :func:`jetloom.simulation.displaced.truth.condensed`.
    response : Response
        How the detector differs from the nominal one, as data do from simulation.
    rng : numpy.random.Generator

    Returns
    -------
    awkward.Array
        With ``pt``, ``eta``, ``phi``, ``m`` (GeV; 0), ``time`` (ns) and the energy (GeV) in each of
        :data:`jetloom.simulation.displaced.calorimeter.LAYERS`.
    """
    flat, event = flattened(particles)
    identity = np.abs(flat["pdg_id"])
    kept = identity != 13
    flat, event = {name: values[kept] for name, values in flat.items()}, event[kept]
    em = np.isin(identity[kept], (11, 22, 111))
    point, depth, path = entry(_vector(flat, "x", "y", "z"), _vector(flat, "px", "py", "pz"))
    start = depth + np.where(em, 0.0, rng.exponential(0.12, len(em)))
    shares = layer_shares(start, np.where(em, SHOWER["em"], SHOWER["hadron"]) * rng.uniform(0.8, 1.25, len(em)))
    energy = smeared(flat["e"], em, rng) * response.energy
    layers = shares * energy[:, None]
    layers[:, 4:] *= response.hadronic
    distance = np.linalg.norm(point, axis=1)
    time = (flat["t"] + path - distance) / LIGHT + response.time + rng.normal(0, 0.3, len(em))
    return _merged(event, len(particles), point, layers, time)


def tracks(particles: Any, response: Response, rng: np.random.Generator) -> Any:
    """Return the tracks of charged particles that are made inside of the tracker, a list an event, with their hits."""
    flat, event = flattened(particles)
    pt, eta, phi = polar(flat["px"], flat["py"], flat["pz"])
    radius = np.hypot(flat["x"], flat["y"])
    kept = (flat["charge"] != 0) & (pt > TRACK_PT) & (np.abs(eta) < TRACK_ETA)
    kept &= (radius < TRACKER_RADIUS) & (np.abs(flat["z"]) < TRACKER_LENGTH)
    kept &= rng.random(len(pt)) < 0.92 * response.tracks * (1 - radius / (2 * TRACKER_RADIUS))
    count = int(kept.sum())
    x, y, z = (flat[name][kept] for name in ("x", "y", "z"))
    d0, z0 = impact_parameters(x, y, z, eta[kept], phi[kept])
    inner = radius[kept] < 30
    found = {
        "pt": pt[kept] * (1 + 0.02 * rng.normal(size=count)), "eta": eta[kept], "phi": phi[kept],
        "d0": d0 + rng.normal(0, 0.03, count), "z0": z0 + rng.normal(0, 0.1, count),
        "chiSquared": rng.chisquare(20, count), "vertex_nParticles": rng.poisson(20, count) * inner + 0.0,
        "PixelShared": rng.poisson(0.1, count), "PixelHoles": rng.poisson(0.1, count),
        "PixelHits": np.where(inner, 4, rng.integers(0, 3, count)), "SCTShared": rng.poisson(0.2, count),
        "SCTHoles": rng.poisson(0.2, count), "SCTHits": rng.binomial(8, 0.98, count),
    }  # fmt: skip
    return by_event(found, event[kept], len(particles))


def segments(particles: Any, rng: np.random.Generator) -> Any:
    """Return the segments of muons, and of showers that begin so deep that they leave the calorimeter."""
    flat, event = flattened(particles)
    point, depth, path = entry(_vector(flat, "x", "y", "z"), _vector(flat, "px", "py", "pz"))
    muon = (np.abs(flat["pdg_id"]) == 13) & (flat["e"] > 3)
    leak = np.exp(-np.maximum(EDGES[-1] - depth, 0) / SHOWER["hadron"]) * flat["e"] / 8
    number = np.where(muon, 3, np.where(depth > 0, rng.poisson(np.minimum(leak, 20)), 0))
    which = np.repeat(np.arange(len(number)), number)
    _, eta, phi = polar(*point[which].T)
    _, direction, turn = polar(flat["px"][which], flat["py"][which], flat["pz"][which])
    time = (flat["t"] + path - np.linalg.norm(point, axis=1)) / LIGHT
    count = len(which)
    found = {
        "etaPos": eta + rng.normal(0, 0.05, count), "phiPos": phi + rng.normal(0, 0.05, count),
        "etaDir": direction + rng.normal(0, 0.1, count), "phiDir": turn + rng.normal(0, 0.05, count),
        "t0": time[which] + rng.normal(0, 1, count), "chiSquared": rng.chisquare(8, count),
    }  # fmt: skip
    return by_event(found, event[which], len(particles))


def flattened(things: Any) -> tuple[Flat, np.ndarray]:
    """Return the fields of lists one behind the other, and the event of each."""
    import awkward as ak

    counts = ak.to_numpy(ak.num(things[things.fields[0]]))
    flat = {name: ak.to_numpy(ak.flatten(things[name])).astype(np.float64) for name in things.fields}
    return flat, np.repeat(np.arange(len(counts)), counts)


def by_event(flat: Flat, event: np.ndarray, events: int) -> Any:
    """Return things one behind the other as lists, one an event."""
    import awkward as ak

    return ak.unflatten(ak.zip(flat), np.bincount(event, minlength=events))


def _vector(flat: Flat, *names: str) -> np.ndarray:
    return np.stack([flat[name] for name in names], axis=1)


def _merged(event: np.ndarray, events: int, point: np.ndarray, layers: np.ndarray, time: np.ndarray) -> Any:
    """Return clusters: the energies within cells of eta and phi, each in the mean direction and time of its energy."""
    energy = layers.sum(axis=1)
    norm = np.maximum(np.linalg.norm(point, axis=1, keepdims=True), 1e-9)
    _, eta, phi = polar(*point.T)
    cell = np.stack([event, np.floor(eta / CELL), np.floor(phi / CELL)], axis=1).astype(np.int64)
    cells, which = np.unique(cell, axis=0, return_inverse=True)
    which = which.reshape(-1)

    def summed(values: np.ndarray) -> np.ndarray:
        return np.bincount(which, values, minlength=len(cells))

    total = np.maximum(summed(energy), 1e-9)
    axis = np.stack([summed(energy * one) for one in (point / norm).T], axis=1)
    _, eta, phi = polar(*axis.T)
    found = {
        "pt": total / np.cosh(eta),
        "eta": eta,
        "phi": phi,
        "m": np.zeros(len(cells)),
        "time": summed(energy * time),
    }
    found["time"] /= total
    found |= {name: summed(layers[:, place]) for place, name in enumerate(LAYERS)}
    kept = (total > LEAST_CLUSTER) & (np.abs(eta) < 4.5)
    order = np.flatnonzero(kept)[np.lexsort((-found["pt"][kept], cells[kept, 0]))]
    return by_event({name: values[order] for name, values in found.items()}, cells[order, 0], events)
