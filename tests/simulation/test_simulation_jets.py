"""Jets against FastJet's own objects, and the ownership of things around them."""

import awkward as ak
import numpy as np
import pytest

from jetloom.simulation.geometry import cartesian
from jetloom.simulation.jets import LOWEST_PT, RADIUS, belonging, cluster, nearest


def events(counts=(120, 0, 3, 200), seed=5):
    rng = np.random.default_rng(seed)
    total = sum(counts)
    fields = {
        "pt": rng.exponential(6.0, total) + 0.5,
        "eta": rng.uniform(-2.5, 2.5, total),
        "phi": rng.uniform(-np.pi, np.pi, total),
        "m": np.where(rng.random(total) < 0.5, 0.13957, 0.0),
    }
    return ak.unflatten(ak.zip(fields), counts)


def fastjet_reference(event):
    import fastjet

    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, RADIUS)
    momenta = zip(*cartesian(*(np.asarray(event[name]) for name in ("pt", "eta", "phi", "m"))), strict=True)
    # The sequence must outlive its jets.
    sequence = fastjet.ClusterSequence([fastjet.PseudoJet(*map(float, one)) for one in momenta], definition)
    jets = fastjet.sorted_by_pt(sequence.inclusive_jets(LOWEST_PT))
    return [(jet.pt(), jet.eta(), jet.phi_std(), jet.m(), len(jet.constituents())) for jet in jets]


def test_same_jets_as_fastjet():
    inputs = events()
    jets = cluster(inputs)
    for event, found in zip(inputs, jets, strict=True):
        counts = ak.num(found.constituents.pt) if len(found) else []
        values = [(jet.pt, jet.eta, jet.phi, jet.m, count) for jet, count in zip(found, counts, strict=True)]
        expected = fastjet_reference(event) if len(event) else []
        assert len(values) == len(expected)
        for one, other in zip(values, expected, strict=True):
            assert one == pytest.approx(other, rel=1e-6, abs=1e-6)
    assert ak.sum(ak.num(jets)) > 20


def test_hardest_first():
    jets = cluster(events())
    assert ak.all(jets.pt[:, :-1] >= jets.pt[:, 1:])
    assert ak.all(jets.constituents.pt[:, :, :-1] >= jets.constituents.pt[:, :, 1:])


def test_events_without_jets():
    jets = cluster(events((2, 0, 1), seed=1)[:, :0])
    assert ak.num(jets.pt).to_list() == [0, 0, 0]
    assert belonging(events((2, 0, 1)), jets, 0.4).to_list() == [[], [], []]


def test_things_belong_to_the_nearest_jet_within_the_radius():
    jets = ak.Array(
        [
            [{"eta": 0.0, "phi": 3.1}, {"eta": 0.5, "phi": 3.1}, {"eta": 2.0, "phi": 0.0}],
            [],
            [{"eta": 0.0, "phi": 0.0}],
        ]
    )
    things = ak.Array(
        [
            [
                {"pt": 1.0, "eta": 0.3, "phi": 3.1},
                {"pt": 2.0, "eta": 0.0, "phi": -3.1},
                {"pt": 9.0, "eta": -2.0, "phi": 0},
            ],
            [{"pt": 5.0, "eta": 0.0, "phi": 0.0}],
            [{"pt": 1.0, "eta": 0.1, "phi": 0.0}, {"pt": 2.0, "eta": 0.2, "phi": 0.0}],
        ]
    )
    assert nearest(things, jets, 0.4).to_list() == [[1, 0, None], [None], [0, 0]]
    owned = belonging(things, jets, 0.4)
    assert owned.pt.to_list() == [[[2.0], [1.0], []], [], [[2.0, 1.0]]]
    assert owned.dr[2].to_list() == [pytest.approx([0.2, 0.1])]
