"""Writes small files in the shape of DxAODs, with uproot alone."""

from pathlib import Path

import awkward as ak
import numpy as np
import uproot

JETS = "AnalysisJetsAuxDyn."
PARTS = "JetConstituentsAuxDyn."


def nested(values, *counts):
    """Lists of the given counts, innermost first."""
    for count in counts:
        values = ak.unflatten(values, count)
    return values


def content(events=40, seed=1):
    """Jets and constituents of random values; constituents are out of pt order."""
    random = np.random.default_rng(seed)
    jets = random.integers(0, 6, events)
    each = random.integers(0, 12, int(jets.sum()))
    per_event = np.array([part.sum() for part in np.split(each, np.cumsum(jets)[:-1])], int)
    position = np.concatenate([np.arange(count) for count in jets]).astype(int)
    total = int(each.sum())
    real = lambda size: random.random(size).astype(np.float32)  # noqa: E731
    values = {
        "EventInfoAux.runNumber": np.full(events, 300000, np.uint32),
        "EventInfoAux.eventNumber": np.arange(events, dtype=np.uint64) + np.uint64(2**40),
        "EventInfoAuxDyn.mcChannelNumber": np.full(events, 42, np.uint32),
        "EventInfoAuxDyn.mcEventWeights": nested(random.normal(1, 1, events).astype(np.float32), np.ones(events, int)),
        JETS + "pt": nested((5e3 + 60e3 * real(len(each))).astype(np.float32), jets),
        JETS + "eta": nested((6 * real(len(each)) - 3).astype(np.float32), jets),
        PARTS + "pt": nested(10e3 * real(total), per_event),
        PARTS + "charge": nested(random.integers(-1, 2, total, np.int32), per_event),
        PARTS + "jetIndex": nested(np.repeat(position, each).astype(np.int32), per_event),
    }
    for name in ("phi", "m", "Width", "EMFrac", "SumPtTrkPt500", "TrackWidthPt1000", "Jvt", "N90Constituents"):
        values[JETS + name] = nested(real(len(each)), jets)
    for name in ("NumTrkPt500", "PartonTruthLabelID", "HadronConeExclTruthLabelID"):
        values[JETS + name] = nested(random.integers(0, 22, len(each), np.int32), jets)
    for name in ("eta", "phi", "m", "d0", "z0"):
        values[PARTS + name] = nested(real(total), per_event)
    return values


def replaced(values, name, event, row, value):
    """The content with one value of one event replaced."""
    lists = ak.to_list(values[name])
    lists[event][row] = value
    kind = ak.flatten(values[name]).to_numpy().dtype
    return values | {name: ak.values_astype(ak.Array(lists), kind)}


def write(path: Path, values, steps=1, compression=None, tree="CollectionTree"):
    """Write content as a TTree, in some baskets a branch."""
    with uproot.recreate(path, compression=compression) as file:
        types = {
            key: value.dtype if isinstance(value, np.ndarray) else ak.type(value).content
            for key, value in values.items()
        }
        out = file.mktree(tree, types)
        size = len(values["EventInfoAux.runNumber"])
        step = -(-size // steps) if size else 1
        for start in range(0, size, step):
            out.extend({key: value[start : start + step] for key, value in values.items()})
    return path
