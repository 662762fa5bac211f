"""Constituents by a table of pairs of indices, as PFNano and newer NanoAOD files have them."""

import awkward as ak
import numpy as np
import pytest
import uproot

from jetloom.config.conversion import Conversion
from jetloom.config.schema import find_schema
from jetloom.conversion.convert import to_hdf5, to_ntuple
from jetloom.conversion.task import Task
from jetloom.errors import BadValueError
from jetloom.io.hdf5.tables import TableReader

ALL = {"jets": []}
SLOTS = 6
NAMES = {
    "nanoaod": ("Jet", "JetPFCands_jetIdx", "JetPFCands_pFCandsIdx", "PFCands"),
    "nanoaod_fatjets": ("FatJet", "FatJetPFCand_jetIdx", "FatJetPFCand_pfCandIdx", "PFCand"),
}


def content(schema, events=60, seed=3):
    """Jets, candidates in no order, and pairs in no order: some candidates are of two jets, some of none."""
    random = np.random.default_rng(seed)
    jets, cands, pairs = random.integers(0, 4, events), random.integers(0, 9, events), []
    for n_jets, n_cands in zip(jets, cands, strict=True):
        each = [(jet, row) for jet in range(-1, n_jets) for row in range(n_cands) if random.random() < 0.4]
        pairs.append([each[place] for place in random.permutation(len(each))])

    def column(counts, low, high):
        return ak.unflatten(random.uniform(low, high, counts.sum()).astype("f4"), counts)

    jet, jet_index, row_index, cand = NAMES[schema]
    lists = [ak.values_astype(ak.Array([[pair[part] for pair in each] for each in pairs]), "int32") for part in (0, 1)]
    values = {
        "run": np.full(events, 1, np.uint32),
        "event": np.arange(events, dtype=np.uint64),
        "genWeight": np.ones(events, "f4"),
    }
    values |= {f"{jet}_pt": column(jets, 20, 300), f"{jet}_eta": column(jets, -2, 2), f"{jet}_phi": column(jets, -3, 3)}
    values |= {f"{jet}_mass": column(jets, 1, 20), jet_index: lists[0], row_index: lists[1]}
    values |= {f"{cand}_{name}": column(cands, 0.5, 30) for name in ("pt", "eta", "phi", "mass")}
    return values | {"PFCands_d0": column(cands, -1, 1)}


def write(path, values, rntuple):
    with uproot.recreate(path) as file:
        (file.mkrntuple if rntuple else file.mktree)("Events", values)
    return path


def task(path, schema, **options):
    return Task(path, find_schema(schema), Conversion(select=ALL, slots={"constituents": SLOTS}, **options))


def by_hand(values, schema):
    """The constituents of each jet, hardest first, by a plain loop."""
    jet, jet_index, row_index, cand = NAMES[schema]
    lists = {name: ak.to_list(column) for name, column in values.items()}
    for event in range(len(lists["event"])):
        for place in range(len(lists[f"{jet}_pt"][event])):
            pairs = zip(lists[jet_index][event], lists[row_index][event], strict=True)
            rows = [row for number, row in pairs if number == place]
            found = [(lists[f"{cand}_pt"][event][row], lists["PFCands_d0"][event][row]) for row in rows]
            yield sorted(found, key=lambda one: -one[0])


@pytest.mark.parametrize("rntuple", [False, True])
@pytest.mark.parametrize("schema", NAMES)
def test_the_constituents_of_each_jet_by_both_routes(tmp_path, schema, rntuple):
    values = content(schema)
    job = task(write(tmp_path / "f.root", values, rntuple), schema)
    record = to_hdf5(job, tmp_path / "x.h5")
    to_ntuple(job, tmp_path / "n.root")
    to_hdf5(Task(tmp_path / "n.root", job.schema, job.conversion), tmp_path / "y.h5")
    assert (tmp_path / "x.h5").read_bytes() == (tmp_path / "y.h5").read_bytes()
    expected = list(by_hand(values, schema))
    assert sum(map(len, expected)) > 60
    with TableReader(tmp_path / "x.h5") as reader:
        rows, found = reader.read("jets"), reader.read("constituents")
    assert list(rows["n_constituents"]) == [len(one) for one in expected]
    for one, places in zip(expected, found, strict=True):
        held = places[places["valid"]]
        np.testing.assert_allclose(held["pt"], [pt for pt, _ in one][:SLOTS], rtol=1e-6)
        np.testing.assert_allclose(held["d0"], [10 * d0 for _, d0 in one][:SLOTS], rtol=1e-5)
    lost = {entry["reason"]: entry["before"] - entry["after"] for entry in record.counts if entry["stage"] == "read"}
    assert lost["belongs to no jet"] == ak.sum(values[NAMES[schema][1]] < 0)


def test_pairs_out_of_range_are_losses_held_against_the_budget(tmp_path):
    values = content("nanoaod")
    broken, jets = ak.to_list(values["JetPFCands_pFCandsIdx"]), ak.to_list(values["JetPFCands_jetIdx"])
    event, pair = next((event, pair) for event, each in enumerate(jets) for pair, jet in enumerate(each) if jet >= 0)
    broken[event][pair] = 99
    values["JetPFCands_pFCandsIdx"] = ak.values_astype(ak.Array(broken), "int32")
    path = write(tmp_path / "f.root", values, rntuple=False)
    with pytest.raises(
        BadValueError, match=r"constituents: 1 of \d+ have impossible values \(link index out of range: 1\)"
    ):
        to_hdf5(task(path, "nanoaod"), tmp_path / "x.h5")
    record = to_hdf5(task(path, "nanoaod", budget={"constituents": 0.9}), tmp_path / "x.h5")
    lost = {entry["reason"]: entry["before"] - entry["after"] for entry in record.counts}
    assert lost["link index out of range"] == 1


def test_a_link_by_pairs_needs_both_indices(tmp_path):
    from jetloom.config.schema import Link

    with pytest.raises(ValueError, match="'target' belongs to links of kind 'index_pairs', and they need it"):
        Link(kind="index_pairs", branch="a")
    with pytest.raises(ValueError, match="'target' belongs to"):
        Link(kind="jet_index", branch="a", target="b")
