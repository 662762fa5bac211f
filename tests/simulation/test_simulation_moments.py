"""Moments of hand-made jets against values calculated by hand."""

import math

import awkward as ak
import pytest

from jetloom.simulation.moments import constituent_moments, track_moments


def test_constituent_moments_by_hand():
    parts = [
        {"pt": 60.0, "eta": 0.0, "phi": 0.1, "m": 0.0, "em": 1.0},
        {"pt": 30.0, "eta": 0.0, "phi": -0.2, "m": 0.0, "em": 0.0},
        {"pt": 10.0, "eta": 0.0, "phi": 0.0, "m": 0.0, "em": 0.5},
    ]
    even = [{"pt": 10.0, "eta": 1.0, "phi": 3.1, "m": 0.0, "em": 0.2}] * 10
    jets = ak.Array(
        [[{"eta": 0.0, "phi": 0.0, "constituents": parts}], [], [{"eta": 1.0, "phi": -3.1, "constituents": even}]]
    )
    found = {name: values.to_list() for name, values in constituent_moments(jets).items()}
    across = 2 * math.pi - 6.2  # over the edge of the azimuth
    assert found["Width"][0] == pytest.approx([(60 * 0.1 + 30 * 0.2) / 100])
    assert found["Width"][2] == pytest.approx([across])
    assert found["EMFrac"][0] == pytest.approx([0.65])
    assert found["EMFrac"][2] == pytest.approx([0.2])
    assert found["N90Constituents"] == [[2], [], [9]]


def test_n90_follows_energy_not_transverse_momentum():
    parts = [
        {"pt": 50.0, "eta": 0.0, "phi": 0.0, "m": 0.0, "em": 0.0},
        {"pt": 10.0, "eta": 4.0, "phi": 0.0, "m": 0.0, "em": 0.0},
    ]
    jets = ak.Array([[{"eta": 0.0, "phi": 0.0, "constituents": parts}]])
    # 10 cosh(4) = 273 of 323 GeV is 85 %
    assert constituent_moments(jets)["N90Constituents"].to_list() == [[2]]


def track(pt, phi, primary):
    return {"pt": pt, "eta": 0.0, "phi": phi, "dr": abs(phi), "primary": primary}


def test_track_moments_by_hand():
    tracks = ak.Array(
        [
            [[track(4.0, 0.1, True), track(2.0, -0.2, True), track(0.6, 0.3, True), track(3.0, 0.0, False)], []],
            [],
            [[track(1.5, 0.0, False)]],
        ]
    )
    found = {name: values.to_list() for name, values in track_moments(tracks, [50, 3, 0]).items()}
    assert found["NumTrkPt500"] == [[3, 0], [], [0]]
    assert found["SumPtTrkPt500"][0] == pytest.approx([6.6, 0.0])
    assert found["TrackWidthPt1000"][0] == pytest.approx([(0.4 + 0.4) / 6, -1.0])
    assert found["DFCommonJets_QGTagger_NTracks"] == found["NumTrkPt500"]
    assert found["DFCommonJets_QGTagger_TracksWidth"][0] == pytest.approx([(0.4 + 0.4 + 0.18) / 6.6, -1.0])
    pairs = 8 * 0.3**0.2 + 2.4 * 0.2**0.2 + 1.2 * 0.5**0.2
    assert found["DFCommonJets_QGTagger_TracksC1"][0] == pytest.approx([pairs / 6.6**2, -1.0])
    # 3 GeV from other vertices, spread over 50 such tracks in the event
    assert found["Jvt"][0] == pytest.approx([6.6 / (6.6 + 3.0 / (0.01 * 50)), -1.0])
    assert found["Jvt"][1:] == [[], [0.0]]
