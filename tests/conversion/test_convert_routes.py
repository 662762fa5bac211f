"""The two routes give the same bytes, and what they give is what the contract says."""

import awkward as ak
import numpy as np
import pytest

import dxaod_files
from jetloom.config.conversion import Conversion
from jetloom.config.schema import find_schema
from jetloom.conversion.convert import to_hdf5, to_ntuple
from jetloom.conversion.task import Task
from jetloom.cutflow import CutFlow
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.root import dxaod
from jetloom.provenance import file_digest

CASES = {
    "plain": {},
    "slots": {"slots": {"constituents": 4}},
    "hardest": {"jets": "hardest", "select": {"jets": ["pt < 60"]}, "slots": {"constituents": 30}},
    "leading": {"jets": "leading", "slots": {"constituents": 30}, "compression": "gzip"},
    "cuts": {
        "select": {
            "events": ["mc_event_weight > 0"],
            "jets": ["pt > 20", "abs(eta) < 2.0", "event_number % 2 == 0"],
            "constituents": {"constituents": ["pt > 2", "abs(d0) < 0.9"]},
        },
        "slots": {"constituents": 5},
        "variables": {"jets": ["eta", "PartonTruthLabelID"], "constituents": ["charge", "d0"]},
        "compression": "zstd",
    },
}


def both(path, options, tmp_path, schema="simulated"):
    job = Task(path, find_schema(schema), Conversion(**options))
    to_hdf5(job, tmp_path / "direct.h5")
    to_ntuple(job, tmp_path / "ntuple.root")
    to_hdf5(Task(tmp_path / "ntuple.root", job.schema, job.conversion), tmp_path / "second.h5")
    return tmp_path / "direct.h5", tmp_path / "second.h5"


@pytest.mark.parametrize("case", CASES)
def test_routes_give_the_same_bytes(small_dxaod, tmp_path, case):
    direct, second = both(small_dxaod, CASES[case], tmp_path)
    assert direct.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("jets", ["hardest", "leading"])
def test_the_hardest_jet_is_chosen_before_the_cuts_and_the_leading_one_after(small_dxaod, tmp_path, jets):
    def table(name, **options):
        to_hdf5(Task(small_dxaod, find_schema("simulated"), Conversion(**options)), tmp_path / name)
        with TableReader(tmp_path / name) as reader:
            read = reader.read("jets")
        return [(int(row["event_number"]), float(row["pt"])) for row in read]

    everything = table("all.h5", select={"jets": []})
    cut, expected = float(np.median([pt for _, pt in everything])), {}
    for event, pt in everything:
        if jets == "hardest" or pt < cut:
            expected[event] = max(pt, expected.get(event, 0.0))
    found = table("one.h5", jets=jets, select={"jets": [f"pt < {cut!r}"]})
    assert sorted(found) == sorted((event, pt) for event, pt in expected.items() if pt < cut)
    assert 0 < len(found) < len({event for event, _ in everything})


def test_routes_agree_over_many_blocks_and_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(dxaod, "BLOCK_BYTES", 20_000)
    path = dxaod_files.write(tmp_path / "in.root", dxaod_files.content(6000, seed=3), steps=7)
    direct, second = both(path, {"slots": {"constituents": 20}}, tmp_path)
    assert direct.read_bytes() == second.read_bytes()


def test_routes_agree_on_real_files(data, tmp_path):
    direct, second = both(data / "PHYSLITE_example.root", {"slots": {"tracks": 4}}, tmp_path, "physlite")
    assert direct.read_bytes() == second.read_bytes()


def test_blocks_do_not_change_the_result(small_dxaod, tmp_path, monkeypatch):
    job = Task(small_dxaod, find_schema("simulated"), Conversion(slots={"constituents": 5}))
    one = to_hdf5(job, tmp_path / "one.h5")
    monkeypatch.setattr(dxaod.DxaodReader, "step", 3)
    many = to_hdf5(job, tmp_path / "many.h5")
    assert one.counts == many.counts
    with TableReader(tmp_path / "one.h5") as first, TableReader(tmp_path / "many.h5") as second:
        for table in first.rows:
            assert first.read(table).tobytes() == second.read(table).tobytes()


def test_result(small_dxaod, tmp_path):
    values = dxaod_files.content()
    job = Task(small_dxaod, find_schema("simulated"), Conversion(slots={"constituents": 5}))
    to_hdf5(job, tmp_path / "x.h5")
    with TableReader(tmp_path / "x.h5") as reader:
        jets, parts, before = (reader.read(name) for name in ("jets", "constituents", "before"))
        assert reader.attribute("events") == 40
        assert reader.attribute("status") == "converted"
        assert reader.attribute("units")["jets"]["pt"] == "GeV"
        assert reader.attribute("titles")["constituents"]["d0"].startswith("Constituent")
        assert reader.attribute("origin")["inputs"] == {"small.root": file_digest(small_dxaod)}
        counts = reader.attribute("counts")
        total = reader.attribute("sum_of_weights")
    assert total == float(np.sum(ak.flatten(values["EventInfoAuxDyn.mcEventWeights"]).to_numpy(), dtype=np.float64))
    assert jets.dtype.names[:3] == ("run_number", "event_number", "mc_event_weight")
    assert [jets.dtype[i].name for i in range(3)] == ["uint32", "uint64", "float32"]
    assert before.dtype == jets.dtype
    pt = ak.flatten(values[dxaod_files.JETS + "pt"]).to_numpy() * np.float32(1e-3)
    eta = ak.flatten(values[dxaod_files.JETS + "eta"]).to_numpy()
    chosen = (pt > 20) & (np.abs(eta) < 2.5)
    np.testing.assert_array_equal(jets["pt"], pt[chosen])
    np.testing.assert_array_equal(before["pt"], pt)
    assert [entry["after"] for entry in counts if entry["stage"] == "select" and entry["level"] == "jets"][
        -1
    ] == chosen.sum()
    expected = []
    parts_pt = values[dxaod_files.PARTS + "pt"]
    for event, index in enumerate(ak.to_list(values[dxaod_files.PARTS + "jetIndex"])):
        for jet in range(len(values[dxaod_files.JETS + "pt"][event])):
            mine = parts_pt[event].to_numpy()[np.array(index, int) == jet]
            expected.append(np.sort(mine * np.float32(1e-3))[::-1])
    expected = [part for part, keep in zip(expected, chosen, strict=True) if keep]
    np.testing.assert_array_equal(jets["n_constituents"], [len(part) for part in expected])
    places = [entry for entry in counts if entry["stage"] == "slots"]
    sizes = [len(part) for part in expected]
    kept = sum(min(size, 5) for size in sizes)
    assert [(entry["before"], entry["after"]) for entry in places] == [(sum(sizes), kept)]
    for row, part in zip(parts, expected, strict=True):
        np.testing.assert_array_equal(row["pt"][row["valid"]], part[:5])
        assert (row["pt"][~row["valid"]] == 0).all()


def test_data_has_weight_one(small_dxaod, tmp_path):
    job = Task(small_dxaod, find_schema("simulated"), Conversion(), is_data=True)
    assert to_hdf5(job, tmp_path / "x.h5").sum_of_weights == 40.0


def test_variables_limit_what_is_read(small_dxaod, monkeypatch):
    from jetloom.io.root.branches import make_plan
    from jetloom.io.root.files import open_source

    conversion = Conversion(variables={"events": [], "jets": ["pt"]}, select={"jets": ["Jvt > 0"]})
    schema = find_schema("simulated")
    with open_source(small_dxaod, schema.trees) as source:
        branches = make_plan(source, schema, conversion).branches()
    jets = {name.removeprefix(dxaod_files.JETS) for name in branches if name.startswith(dxaod_files.JETS)}
    assert jets == {"pt", "eta", "phi", "m", "Jvt"}
    assert not [name for name in branches if "Constituents" in name]
    assert "EventInfoAuxDyn.mcChannelNumber" in branches  # one sample is one process: it is always looked at


def test_before_is_a_share_of_the_events(tmp_path):
    path = dxaod_files.write(tmp_path / "in.root", dxaod_files.content(20_000))
    record = to_hdf5(Task(path, find_schema("simulated"), Conversion()), tmp_path / "x.h5")
    assert record.before_share == 0.25
    with TableReader(tmp_path / "x.h5") as reader:
        events = len(np.unique(reader.read("before")["event_number"]))
    assert 3500 < events < 5000  # a sixth of the events have no jets


def test_cut_flow_adds_up():
    flow = CutFlow()
    for block in range(10):
        flow.saw("jets", 100)
        flow.add("select", "jets", "pt > 20", 100 - 2 * (block == 3), 90)
        if block == 3:  # only one block has the damage, and a later stage was counted before
            flow.add("validate", "jets", "pt is not finite", 100, 98)
    steps = [(entry["reason"], entry["before"], entry["after"]) for entry in flow.as_json()]
    assert steps == [("in the file", 1000, 1000), ("pt is not finite", 1000, 998), ("pt > 20", 998, 900)]
    assert (flow.found("jets"), flow.left("jets")) == (1000, 900)
    other = CutFlow(flow.as_json())
    other.merge([{"stage": "read", "level": "jets", "reason": "in the file", "before": 50, "after": 50}])
    assert [(entry["before"], entry["after"]) for entry in other.as_json()] == [(1050, 1050), (1050, 1048), (1048, 950)]
