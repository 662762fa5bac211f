"""What the calorimeter says of a jet: times, quality of pulses, moments of clusters, active area.

With :mod:`jetloom.simulation.moments` these are the 27 numbers that triggers of ATLAS keep of a jet, under their names
in DxAODs. Shapes and sizes follow what the public definitions lead to (ATLAS-CONF-2015-029, arXiv:1603.02934 for
moments of clusters); nothing is tuned to data. Rare jets are pathological, as they are in data: bursts of noise in the
liquid argon, spikes in the hadronic endcap, jets of other bunch crossings.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetloom.simulation.geometry import wrap

NOISE_BURSTS, SPIKES, OUT_OF_TIME = 0.003, 0.002, 0.002
"""Shares of jets."""
LATE_CLUSTERS = 0.03
"""Share of soft clusters that belong to other bunch crossings, which are 25 ns apart."""
BUNCHES = 25.0
BEAM_SPOT = 42.0
"""Width of the collisions along the beam, in mm."""
BARREL_RADIUS, ENDCAP_Z = 1500.0, 3700.0
"""Where the calorimeter begins, in mm."""
ENDCAP, ENDCAP_END = 1.5, 3.2
"""The hadronic endcap, in pseudorapidity."""
FULL_SCALE = 65535.0
"""The largest quality of a pulse, which is an integer of 16 bits."""

Floats = NDArray[np.float64]


def calorimeter_moments(jets: Any, rng: np.random.Generator) -> dict[str, Any]:
    """Return what the calorimeter says of jets.

    Parameters
    ----------
    jets : awkward.Array
        A list an event, with ``pt``, ``eta``, ``phi`` and ``constituents`` (``pt``, ``eta``, ``phi``, ``em``), hardest
        first, at least one a jet (GeV).
    rng : numpy.random.Generator
        Source of all random numbers.

    Returns
    -------
    dict of str to awkward.Array
        A list an event each. ``NegativeE`` and ``LeadingClusterPt`` in GeV; lengths in mm, squares in mm^2; ``Timing``
        in ns; the rest has no unit. ``ActiveArea`` has steps of 0.01, that of a ghost; so has real data.
    """
    import awkward as ak

    per_event = ak.num(jets.pt)
    clusters = _Clusters(jets)
    jet = {name: ak.to_numpy(ak.flatten(jets[name])) for name in ("pt", "eta", "phi")}
    vertex = np.repeat(rng.normal(0.0, BEAM_SPOT, len(jets)), ak.to_numpy(per_event))
    odd = rng.random(len(jet["pt"]))
    burst = odd < NOISE_BURSTS
    in_endcap = (np.abs(jet["eta"]) > ENDCAP) & (np.abs(jet["eta"]) < ENDCAP_END)
    spike = in_endcap & (odd > 1 - 4 * SPIKES)
    late = (odd >= NOISE_BURSTS) & (odd < NOISE_BURSTS + OUT_OF_TIME)
    found = {
        **_times(clusters, late, rng),
        **_qualities(clusters, jet, (burst, spike, in_endcap), rng),
        **_leading_cluster(clusters, rng),
        **_areas(jet, rng),
        "WidthPhi": clusters.mean(clusters.pt, np.abs(wrap(clusters.phi - jet["phi"][clusters.owner]))),
        "CentroidR": _centroid(clusters, jet["eta"], vertex, rng),
        "DetectorEta": _seen_from_the_middle(jet["eta"], vertex),
    }
    return {name: ak.unflatten(values, per_event) for name, values in found.items()}


class _Clusters:
    """The constituents of jets, one after the other, and sums over those of a jet."""

    def __init__(self, jets: Any) -> None:
        import awkward as ak

        counts = ak.to_numpy(ak.flatten(ak.num(jets.constituents.pt, axis=2)))
        parts = {name: ak.to_numpy(ak.flatten(jets.constituents[name], axis=None)) for name in ("pt", "eta", "phi")}
        self.pt, self.eta, self.phi = parts["pt"], parts["eta"], parts["phi"]
        self.em = ak.to_numpy(ak.flatten(jets.constituents.em, axis=None))
        self.energy = self.pt * np.cosh(self.eta)
        self.owner = np.repeat(np.arange(len(counts)), counts)
        self.first = np.cumsum(counts) - counts
        self.jets = len(counts)

    def sum(self, values: Floats) -> Floats:
        return np.bincount(self.owner, values, self.jets).astype(np.float64)

    def mean(self, weights: Floats, values: Floats) -> Floats:
        return self.sum(weights * values) / self.sum(weights)


def _times(clusters: _Clusters, late: NDArray[np.bool_], rng: np.random.Generator) -> dict[str, Floats]:
    """Return the time of jets, and the shares of energy that come more than 5 and 10 ns off."""
    size = len(clusters.energy)
    time = rng.normal(size=size) * np.hypot(0.6, 5.0 / np.sqrt(clusters.energy + 1.0))
    other = (clusters.pt < 5.0) & (rng.random(size) < LATE_CLUSTERS)
    time += other * BUNCHES * rng.choice([-2.0, -1.0, 1.0, 2.0], size)
    time += np.where(late, rng.uniform(-60.0, 60.0, clusters.jets), 0.0)[clusters.owner]
    return {
        "Timing": clusters.mean(clusters.energy**2, time),
        "OotFracClusters5": clusters.mean(clusters.energy, (np.abs(time) > 5.0) * 1.0),
        "OotFracClusters10": clusters.mean(clusters.energy, (np.abs(time) > 10.0) * 1.0),
    }


def _qualities(
    clusters: _Clusters, jet: dict[str, Floats], odd: tuple[Any, Any, Any], rng: np.random.Generator
) -> dict[str, Floats]:
    """Return how badly pulses have their shape, and the energy of cells that is below zero."""
    burst, spike, in_endcap = odd
    count = clusters.jets
    share = clusters.mean(clusters.energy, clusters.em)
    poor = rng.exponential(0.015, count)
    quality = np.exp(rng.normal(4.2, 0.9, count) + 20 * poor) * (0.4 + share)
    hadronic = np.where(in_endcap, (1 - share) * rng.beta(3.0, 1.5, count), 0.0)
    hadronic[spike] = rng.uniform(0.55, 0.98, int(spike.sum()))
    endcap = np.where(hadronic > 0, rng.exponential(0.02, count) - 0.005, 0.0)
    endcap[spike] = rng.uniform(0.5, 1.2, int(spike.sum()))
    below = -rng.gamma(1.5, 0.4 + 0.01 * np.abs(jet["eta"]) * jet["pt"] ** 0.7)
    below[burst | spike] *= rng.uniform(5.0, 40.0, int((burst | spike).sum()))
    poor[burst] = rng.uniform(0.5, 1.1, int(burst.sum()))
    quality[burst] = rng.uniform(5000.0, FULL_SCALE, int(burst.sum()))
    return {
        "LArQuality": poor,
        "AverageLArQF": np.minimum(quality, FULL_SCALE),
        "HECFrac": hadronic,
        "HECQuality": endcap,
        "NegativeE": below,
    }


def _leading_cluster(clusters: _Clusters, rng: np.random.Generator) -> dict[str, Floats]:
    """Return the moments of the hardest cluster: hadronic ones lie deeper and are wider."""
    em, count = clusters.em[clusters.first], clusters.jets
    wide = np.exp(rng.normal(0.0, 0.5, count))
    return {
        "LeadingClusterPt": clusters.pt[clusters.first],
        "LeadingClusterCenterLambda": (130.0 * em + 650.0 * (1 - em)) * np.exp(rng.normal(0.0, 0.35, count)),
        "LeadingClusterSecondLambda": (3500.0 * em + 70000.0 * (1 - em)) * wide * np.exp(rng.normal(0.0, 0.4, count)),
        "LeadingClusterSecondR": (1800.0 * em + 16000.0 * (1 - em)) * wide * np.exp(rng.normal(0.0, 0.3, count)),
    }


def _areas(jet: dict[str, Floats], rng: np.random.Generator) -> dict[str, Any]:
    """Return the active area of anti-kt jets, about pi R^2, counted in ghosts, and its four-vector."""
    count = len(jet["pt"])
    ghosts = np.rint(rng.normal(50.0, 2.0, count) + rng.exponential(1.5, count) - rng.exponential(1.0, count))
    area = np.clip(ghosts, 5, None) * 0.01
    return {
        "ActiveArea": area,
        "ActiveArea4vec_pt": area * (0.98 + 0.004 * rng.normal(size=count)),
        "ActiveArea4vec_eta": jet["eta"] + rng.normal(0.0, 0.012, count),
        "ActiveArea4vec_phi": wrap(jet["phi"] + rng.normal(0.0, 0.012, count)),
        "ActiveArea4vec_m": area**1.5 * (0.4 + 0.015 * rng.normal(size=count)),
    }


def _centroid(clusters: _Clusters, eta: Floats, vertex: Floats, rng: np.random.Generator) -> Floats:
    """Return the distance of the centre of a jet's energy from the middle of the detector, in mm."""
    slope = np.sinh(eta) + vertex / BARREL_RADIUS
    front = np.minimum(
        BARREL_RADIUS * np.hypot(1.0, slope), ENDCAP_Z * np.hypot(1.0, 1.0 / np.maximum(abs(slope), 0.1))
    )
    share = clusters.mean(clusters.energy, clusters.em)
    return front + (150.0 + 700.0 * (1 - share)) * np.exp(rng.normal(0.0, 0.15, clusters.jets))


def _seen_from_the_middle(eta: Floats, vertex: Floats) -> Floats:
    """Return the pseudorapidity of where jets hit the calorimeter, as seen from the middle of the detector."""
    slope = np.sinh(eta)
    # A ray meets the cylinder, or the endcap when it is steeper than the corner.
    radius = np.minimum(BARREL_RADIUS, (ENDCAP_Z - np.sign(slope) * vertex) / np.maximum(np.abs(slope), 1e-9))
    return np.arcsinh(slope + vertex / radius)
