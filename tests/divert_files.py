"""Displaced-jet ntuples as the experiment writes them, of events that are spelled out."""

from pathlib import Path

import awkward as ak
import numpy as np
import uproot

JET = ("pT", "eta", "phi", "E")
LLP = ("pT", "eta", "phi", "Lxy", "Lz")
CLUSTER = ("pt", "eta", "phi", "time", "l1ecal", "l2ecal", "l3ecal", "l4ecal", "l1hcal", "l2hcal", "l3hcal", "l4hcal")
TRACK = (
    "pT", "eta", "phi", "chiSquared", "d0", "z0", "PixelShared", "PixelHoles", "PixelHits", "SCTHits", "SCTHoles",
    "SCTShared", "vertex_nParticles",
)  # fmt: skip
SEGMENT = ("etaPos", "phiPos", "etaDir", "phiDir", "t0", "chiSquared")
INTEGERS = {"PixelShared", "PixelHoles", "PixelHits", "SCTHits", "SCTHoles", "SCTShared", "isBIB"}


def _vectors(names, events, key):
    """Return a branch a variable: a vector an event; what is not said is 0."""
    found = {}
    for name in names:
        values = [[one.get(name, 0) for one in event.get(key, [])] for event in events]
        kind = "int32" if name in INTEGERS else "float64"
        found[name] = ak.values_astype(ak.Array([*values, [0]])[:-1], kind)
    return found


def write_divert(path: Path, events: list[dict], llp: bool = True, bib: bool = False, without=()) -> Path:
    """Write events, each a dict of lists of dicts: ``jets``, ``llp``, ``hlt``, ``clusters``, ``tracks``, ``segments``.

    Jets and tracks are in GeV, clusters in MeV; ``jet`` of a constituent is the index of its jet.
    """
    branches = {
        "runNumber": np.full(len(events), 284500, "u4"),
        "eventNumber": np.array([event.get("number", place) for place, event in enumerate(events)], "u8"),
        "mcEventWeight": np.array([event.get("weight", 1) for event in events], "f4"),
    }
    groups = {
        "jet": (JET, "jets"),
        "clus": (CLUSTER, "clusters"),
        "track": (TRACK, "tracks"),
        "MSeg": (SEGMENT, "segments"),
    }
    groups |= {"llp": (LLP, "llp")} if llp else {}
    groups |= {"HLT_jet": (("pT", "eta", "phi", "isBIB"), "hlt")} if bib else {}
    for prefix, (names, key) in groups.items():
        branches |= {f"{prefix}_{name}": one for name, one in _vectors(names, events, key).items()}
    for name, key in (("cluster", "clusters"), ("track", "tracks"), ("MSeg", "segments")):
        branches[f"{name}_jetIndex"] = _indices(events, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    with uproot.recreate(path) as file:
        file["trees_DV_"] = {name: column for name, column in branches.items() if name not in without}
    return path


def _indices(events, key):
    values = [[one.get("jet", 0) for one in event.get(key, [])] for event in events]
    return ak.values_astype(ak.Array([*values, [0]])[:-1], "int32")
