"""A toy of beam-induced background: muons of the beam halo that shower in the calorimeter."""

from __future__ import annotations

from typing import Any

import numpy as np

from jetloom.simulation.displaced.calorimeter import LAYERS, LIGHT, OUTER_RADIUS, RADIUS, layer_shares
from jetloom.simulation.displaced.response import by_event

SHOWERS = (3, 9)
"""Clusters of a jet, at least and less than."""


def halo(events: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Return clusters and segments of events with one muon of the halo each, as the detector has them.

    The muon flies along the beam, nearly in the plane of the ring, and showers at some radius. Its energy lies in
    few layers, at one azimuth, and comes early by as much as a particle from the collision would have needed.
    """
    side = rng.choice([-1.0, 1.0], events)
    phi = rng.normal(0, 0.12, events) + np.pi * (rng.random(events) < 0.5)
    radius, z = rng.uniform(RADIUS, OUTER_RADIUS, events), rng.uniform(-3000, 3000, events)
    number = rng.integers(*SHOWERS, events)
    event = np.repeat(np.arange(events), number)
    count = len(event)
    place = z[event] + rng.normal(0, 250, count)
    energy = rng.exponential(60, events)[event] * rng.dirichlet(np.ones(2), count)[:, 0] + 12
    eta = np.arcsinh(place / radius[event])
    start = np.clip((radius[event] - RADIUS) / (OUTER_RADIUS - RADIUS), 0, 0.95)
    shares = layer_shares(start, np.full(count, 0.05))
    layers = energy[:, None] * shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-9)
    time = (side[event] * place - np.hypot(place, radius[event])) / LIGHT
    found = {
        "pt": energy / np.cosh(eta), "eta": eta, "phi": _wrapped(phi[event] + rng.normal(0, 0.02, count)),
        "m": np.zeros(count), "time": time + rng.normal(0, 0.3, count),
    }  # fmt: skip
    found |= {name: layers[:, k] for k, name in enumerate(LAYERS)}
    order = np.lexsort((-found["pt"], event))
    clusters = by_event({name: values[order] for name, values in found.items()}, event[order], events)
    return clusters, _segments(events, side, phi, radius, rng)


def _segments(events: int, side: np.ndarray, phi: np.ndarray, radius: np.ndarray, rng: np.random.Generator) -> Any:
    """Return the segments in the end-caps: in the direction of the beam, where it came in and where it goes out."""
    event = np.repeat(np.arange(events), rng.poisson(3, events))
    count = len(event)
    z = rng.choice([-7000.0, 7000.0], count)
    found = {
        "etaPos": np.arcsinh(z / radius[event]), "phiPos": _wrapped(phi[event] + rng.normal(0, 0.03, count)),
        "etaDir": side[event] * (4 + rng.normal(0, 0.3, count)), "phiDir": _wrapped(phi[event]),
        "t0": (side[event] * z - np.hypot(z, radius[event])) / LIGHT + rng.normal(0, 2, count),
        "chiSquared": rng.chisquare(8, count),
    }  # fmt: skip
    return by_event(found, event, events)


def _wrapped(angle: np.ndarray) -> np.ndarray:
    found: np.ndarray = (angle + np.pi) % (2 * np.pi) - np.pi
    return found
