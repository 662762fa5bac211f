"""The detector on hand-made particles."""

import awkward as ak
import numpy as np
import pytest

from jetloom.simulation import detector
from jetloom.simulation.geometry import cartesian
from jetloom.simulation.pileup import soft_particles


def beam(pdg_id, charge, pt, eta=0.5, phi=0.7, vertex=(0.0, 0.0, 0.0), count=4000):
    px, py, pz, energy = cartesian(pt, eta, phi, 0.13957)
    values = {"pdg_id": pdg_id, "charge": float(charge), "px": px, "py": py, "pz": pz, "e": energy}
    values |= dict(zip("xyz", vertex, strict=True))
    return ak.unflatten(ak.zip({name: np.full(count, value) for name, value in values.items()}), [count])


def reconstruct(particles, average=0.0):
    rng = np.random.default_rng(2)
    return detector.reconstruct(particles, soft_particles(np.array([average]), rng), rng)


def test_displaced_track_has_the_impact_parameters_of_its_line():
    phi, eta, flight = 0.7, 0.5, 3.0
    # made 3 mm off the beam, at right angles to its own direction
    vertex = (-flight * np.sin(phi), flight * np.cos(phi), 1.5)
    tracks, _ = reconstruct(beam(211, 1, 20.0, eta, phi, vertex))
    assert ak.mean(tracks.d0) == pytest.approx(flight, abs=0.005)
    assert ak.mean(tracks.z0) == pytest.approx(1.5, abs=0.01)
    assert ak.std(tracks.d0) == pytest.approx(np.hypot(0.012, 0.085 * np.sqrt(np.cosh(eta)) / 20), rel=0.1)


def test_track_that_points_back_has_none():
    phi, eta = 0.7, 0.5
    vertex = (3 * np.cos(phi), 3 * np.sin(phi), 3 * np.sinh(eta))
    tracks, _ = reconstruct(beam(-211, -1, 20.0, eta, phi, vertex))
    assert ak.mean(tracks.d0) == pytest.approx(0.0, abs=0.005)
    assert ak.mean(tracks.z0) == pytest.approx(0.0, abs=0.01)


def test_momentum_resolution_grows_and_the_efficiency_is_high():
    soft, _ = reconstruct(beam(211, 1, 5.0))
    hard, _ = reconstruct(beam(211, 1, 100.0))
    assert ak.std(soft.pt) / 5 == pytest.approx(0.010, rel=0.1)
    assert ak.std(hard.pt) / 100 == pytest.approx(np.hypot(0.01, 0.05), rel=0.1)
    assert 0.9 < ak.num(hard.pt)[0] / 4000 < 1.0


def test_lost_tracks_become_clusters_and_nothing_is_lost():
    tracks, constituents = reconstruct(beam(211, 1, 20.0))
    assert ak.num(constituents.pt)[0] == 4000
    assert ak.sum(constituents.charge) == ak.num(tracks.pt)[0]
    neutral = constituents[constituents.charge == 0]
    assert ak.all((neutral.m == 0) & (neutral.d0 == 0) & (neutral.z0 == 0))


def test_calorimeter_resolution():
    energy = 20.0 * np.cosh(0.5)
    for pdg_id, expected in ((22, np.hypot(0.1 / np.sqrt(energy), 0.01)), (130, np.hypot(0.5 / np.sqrt(energy), 0.03))):
        tracks, constituents = reconstruct(beam(pdg_id, 0, 20.0))
        assert ak.num(tracks.pt).to_list() == [0]
        spread = ak.std(constituents.pt * np.cosh(constituents.eta)) / energy
        assert spread == pytest.approx(expected, rel=0.1)
    assert ak.all(reconstruct(beam(22, 0, 20.0))[1].em == 1)


def test_muons_are_tracks_only_and_the_far_forward_is_not_seen():
    tracks, constituents = reconstruct(beam(13, -1, 20.0))
    assert ak.num(tracks.pt)[0] > 3000
    assert ak.num(constituents.pt).to_list() == [0]
    tracks, constituents = reconstruct(beam(211, 1, 20.0, eta=4.8))
    assert ak.num(tracks.pt).to_list() == ak.num(constituents.pt).to_list() == [0]


def test_tracks_of_other_vertices_are_no_constituents():
    tracks, constituents = reconstruct(beam(22, 0, 20.0, count=1), average=1000.0)
    others = tracks[~tracks.primary]
    assert ak.num(others.pt)[0] > 500
    assert ak.std(others.z0) == pytest.approx(np.sqrt(2) * 35, rel=0.1)
    assert ak.all(abs(constituents.z0 / np.cosh(constituents.eta)) < detector.VERTEX_WINDOW)
