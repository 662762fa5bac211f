"""What the calorimeter says of jets: relations that hold whatever is drawn, and that odd jets are there."""

import awkward as ak
import numpy as np
import pytest

from jetloom.config.jet_variables import SETS
from jetloom.simulation.calorimeter import ENDCAP, ENDCAP_END, calorimeter_moments
from jetloom.simulation.geometry import delta_r
from jetloom.simulation.moments import constituent_moments


def jets(events, seed):
    rng = np.random.default_rng(seed)
    per_event = rng.integers(0, 5, events)
    count = int(per_event.sum())
    parts = rng.integers(1, 30, count)
    eta, phi = rng.uniform(-4, 4, count), rng.uniform(-np.pi, np.pi, count)
    total = int(parts.sum())
    fields = {
        "pt": rng.exponential(5, total) + 0.5,
        "eta": np.repeat(eta, parts) + rng.normal(0, 0.1, total),
        "phi": np.repeat(phi, parts) + rng.normal(0, 0.1, total),
        "m": np.zeros(total),
        "em": rng.random(total),
    }
    inside = ak.unflatten(ak.zip(fields), parts)
    inside = inside[ak.argsort(inside.pt, axis=1, ascending=False)]
    flat = ak.zip({"pt": ak.sum(inside.pt, axis=1), "eta": eta, "phi": phi, "constituents": inside}, depth_limit=1)
    return ak.unflatten(flat, per_event)


@pytest.fixture(scope="module")
def many():
    return jets(10000, 3)


@pytest.fixture(scope="module")
def moments(many):
    return calorimeter_moments(many, np.random.default_rng(5))


def flat(values):
    return ak.to_numpy(ak.flatten(values))


def test_together_with_the_other_moments_they_are_the_27(moments, many):
    assert {"pt", "eta", "phi", "m", *constituent_moments(many), *moments} == set(SETS["27"])
    assert all(ak.all(ak.num(values) == ak.num(many.pt)) for values in moments.values())


def test_moments_of_one_jet_agree_with_each_other(moments, many):
    assert (flat(moments["OotFracClusters10"]) <= flat(moments["OotFracClusters5"])).all()
    distance = ak.flatten(delta_r(many.constituents, many), axis=1)
    constituents_pt = ak.flatten(many.constituents.pt, axis=1)
    width = ak.sum(constituents_pt * distance, axis=1) / ak.sum(constituents_pt, axis=1)
    assert (flat(moments["WidthPhi"]) <= ak.to_numpy(width) + 1e-12).all()
    eta = flat(many.eta)
    outside = (np.abs(eta) < ENDCAP) | (np.abs(eta) > ENDCAP_END)
    hadronic = flat(moments["HECFrac"])
    assert (hadronic[outside] == 0).all()
    assert (hadronic[~outside] > 0).all()
    assert (flat(moments["LeadingClusterPt"]) == flat(ak.max(many.constituents.pt, axis=2))).all()
    assert np.corrcoef(flat(moments["DetectorEta"]), eta)[0, 1] > 0.99
    assert np.corrcoef(*(flat(moments[f"LeadingClusterSecond{name}"]) for name in ("R", "Lambda")))[0, 1] > 0.5


def test_area_is_counted_in_ghosts(moments):
    area = flat(moments["ActiveArea"])
    assert np.allclose(area * 100, np.rint(area * 100), atol=1e-9)
    assert 10 < len(np.unique(area)) < 60


def test_a_few_jets_are_odd(moments):
    burst = flat(moments["AverageLArQF"]) > 5000
    assert 0.001 < burst.mean() < 0.006
    quality = flat(moments["LArQuality"])
    assert np.median(quality[burst]) > 0.4 > 20 * np.median(quality[~burst])
    assert 0 < (flat(moments["HECQuality"]) > 0.5).mean() < 0.01
    assert 0 < (np.abs(flat(moments["Timing"])) > 30).mean() < 0.05


def test_jets_of_an_event_share_their_vertex(moments, many):
    central = ak.all(np.abs(many.eta) < 1, axis=1) & (ak.num(many.eta) > 1)
    shift = np.sinh(moments["DetectorEta"]) - np.sinh(many.eta)
    spread = ak.to_numpy(ak.max(shift[central], axis=1) - ak.min(shift[central], axis=1))
    assert spread.max() < 1e-6
