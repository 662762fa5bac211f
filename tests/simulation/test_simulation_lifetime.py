import awkward as ak
import numpy as np
import pytest

from jetloom.simulation.lifetime import d0_error, lifetime_moments, log_ratio, with_errors


def _moments(phi, d0, **more):
    """The moments of one jet along x with these tracks."""
    count = len(phi)
    fields = {"pt": [5.0] * count, "eta": [0.0] * count, "phi": phi, "d0": d0, "primary": [True] * count} | more
    row = fields if count else {key: [True] if key == "primary" else [1.0] for key in fields}
    tracks = ak.Array([[[{key: row[key][place] for key in row} for place in range(max(count, 1))]]])
    tracks = with_errors(tracks)[:, :, :count]
    found = lifetime_moments(ak.Array([[{"phi": 0.0}]]), tracks)
    return {name: float(values[0][0]) for name, values in found.items()}


def test_tracks_that_cross_the_axis_ahead_make_a_vertex():
    # A vertex 4 mm along x: the track at angle phi passes the origin at d0 = -4 sin(phi).
    phi = np.array([0.3, -0.2, 0.1])
    found = _moments(phi.tolist(), (-4.0 * np.sin(phi)).tolist())
    error = float(d0_error(5.0, 0.0)) / np.abs(np.sin(phi))
    assert found["sv_significance"] == pytest.approx(4.0 * np.sqrt((1 / error**2).sum()), rel=1e-6)
    assert found["ip_log_ratio"] > 3
    behind = _moments(phi.tolist(), (4.0 * np.sin(phi)).tolist())
    assert np.isnan(behind["sv_significance"])
    assert behind["ip_log_ratio"] < 0


def test_what_is_missing_is_nan():
    assert np.isnan(_moments([], [])["ip_log_ratio"])
    assert np.isnan(_moments([0.3], [-4 * np.sin(0.3)])["sv_significance"])
    assert np.isnan(_moments([0.3, 0.2], [-15.0, -15.0])["ip_log_ratio"])  # of K-short, or of material
    assert np.isnan(_moments([0.3, 0.2], [-1.0, -1.0], primary=[False, False])["ip_log_ratio"])


def test_the_ratio_is_one_of_two_densities():
    s = np.linspace(-300, 300, 2_000_001)
    core = 0.96 * np.exp(-0.5 * (s / 1.1) ** 2) / (1.1 * np.sqrt(2 * np.pi)) + 0.04 * np.exp(-np.abs(s) / 5) / 10
    assert np.trapezoid(core, s) == pytest.approx(1.0, abs=1e-4)
    assert np.trapezoid(np.exp(log_ratio(s)) * core, s) == pytest.approx(1.0, abs=1e-3)
