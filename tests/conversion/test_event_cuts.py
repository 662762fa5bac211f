"""Cuts on events: good-runs lists, states of the detectors, the primary vertex, a limit on the events that are read."""

from contextlib import nullcontext

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxaod_files import JETS, PARTS, content, nested, replaced, write
from jetloom.config.conversion import Conversion
from jetloom.config.schema import find_schema
from jetloom.conversion.convert import to_hdf5
from jetloom.conversion.good_runs import GoodRuns, _joined, read_good_runs
from jetloom.conversion.task import Task
from jetloom.cutflow import CutFlow
from jetloom.errors import BadValueError, ConfigurationError, CorruptFileError, MissingFileError
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.root.events import Collection, EventBlock, Loss
from jetloom.io.root.values import Values, reduced
from jetloom.scan.preflight import check_analysis
from tiny_analysis import analysis

LIST = """<?xml version="1.0"?>
<LumiRangeCollection><NamedLumiRange>
<LumiBlockCollection><Run>300000</Run><LBRange Start="3" End="5"/><LBRange Start="5" End="9"/></LumiBlockCollection>
<LumiBlockCollection><Run>300001</Run><LBRange Start="1" End="1"/></LumiBlockCollection>
</NamedLumiRange></LumiRangeCollection>
"""


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 9), st.integers(0, 4))), st.data())
def test_ranges_against_a_loop(ranges, data):
    ranges = [(run, first, first + more) for run, first, more in ranges]
    events = data.draw(st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 15)), min_size=1))
    columns = np.array(_joined(sorted(ranges)), np.int64).reshape(-1, 3).T
    found = GoodRuns(*columns).contains(*np.array(events).T)
    assert found.tolist() == [any(run == r and f <= lb <= last for r, f, last in ranges) for run, lb in events]


def test_an_event_without_luminosity_block_is_on_no_list():
    found = GoodRuns(*(np.array([value]) for value in (3, 0, 9)))
    assert found.contains(np.array([3, 3], np.uint32), np.array([4.0, np.nan])).tolist() == [True, False]


def _file(path, **more):
    """40 events of one run with luminosity blocks 0 to 39, and flags of which some say that a detector failed."""
    values = content()
    jets = ak.num(values[JETS + "pt"]).to_numpy()
    total = int(jets.sum())
    vectors = np.arange(3 * total, dtype=np.float32) % 7
    added = {
        "EventInfoAuxDyn.lumiBlock": np.arange(40, dtype=np.uint32),
        "EventInfoAuxDyn.larFlags": np.where(np.arange(40) % 4 == 0, 2 << 28, 1 << 28).astype(np.uint32),
        "EventInfoAuxDyn.coreFlags": np.where(np.arange(40) < 2, 1 << 18, 5).astype(np.uint32),
        "PrimaryVerticesAuxDyn.vertexType": nested(np.tile(np.int16([1, 3]), 40), np.full(40, 2)),
    }
    values = {name: column for name, column in values.items() if "SumPtTrkPt500" not in name}
    write(path, values | added | more)
    return total, vectors


@pytest.fixture
def schema():
    """The schema of the simulation with what PHYSLITE knows of events."""
    simulated, physlite = find_schema("simulated"), find_schema("physlite")
    jets = {name: column for name, column in simulated.jets.fields.items() if name != "SumPtTrkPt500"}
    fields = physlite.events.fields
    return simulated.model_copy(
        update={
            "events": physlite.events.model_copy(update={"fields": fields}),
            "jets": simulated.jets.model_copy(update={"fields": jets}),
        }
    )


def _convert(tmp_path, schema, is_data=False, **conversion):
    source = tmp_path / "d.root"
    _file(source)
    settings = Conversion.model_validate({"select": {"jets": []}, **conversion})
    record = to_hdf5(Task(source, schema, settings, is_data), tmp_path / "d.h5")
    with TableReader(tmp_path / "d.h5") as reader:
        return record, reader.read("jets")


def _lost(record):
    flow = CutFlow(record.counts)
    return {entry["reason"]: entry["before"] - entry["after"] for entry in flow.as_json() if entry["level"] == "events"}


def test_a_good_runs_list_selects_data_only(tmp_path, schema):
    path = tmp_path / "good.xml"
    path.write_text(LIST)
    record, jets = _convert(tmp_path, schema, is_data=True, good_runs=str(path))
    assert _lost(record)["not in the good-runs list"] == 33
    assert set(jets["lumi_block"].tolist()) <= set(range(3, 10))
    record, _ = _convert(tmp_path, schema, good_runs=str(path))
    assert "not in the good-runs list" not in _lost(record)


def test_states_of_detectors_and_the_vertex(tmp_path, schema):
    cuts = ["primary_vertex == 1", "lar_state < 2", "not incomplete"]
    record, _ = _convert(tmp_path, schema, select={"events": cuts, "jets": []})
    # Event 0 is lost to both; it counts for the first one.
    assert [_lost(record)[cut] for cut in cuts] == [0, 10, 1]


@pytest.mark.parametrize("most", [1, 17, 40, 1000])
def test_a_limit_on_the_events(tmp_path, schema, most):
    record, jets = _convert(tmp_path, schema, max_events=most)
    whole, all_jets = _convert(tmp_path, schema)
    assert record.events == min(most, 40)
    kept = all_jets[all_jets["lumi_block"] < most]
    assert jets.tobytes() == kept.tobytes()
    if most < 40:
        assert record.sum_of_weights != whole.sum_of_weights


@pytest.mark.parametrize("most", [1, 7, 20, 39, 40])
def test_losses_of_a_limited_read_are_those_of_its_events(tmp_path, most):
    """A link out of range counts if its event was read, and only then; whatever blocks the events come in."""
    values = content()
    links = ak.to_list(values[PARTS + "jetIndex"])
    damaged = [event for event in (2, 3, 15, 25, 39) if links[event]]
    for event in damaged:
        values = replaced(values, PARTS + "jetIndex", event, 0, 99)
    write(tmp_path / "d.root", values)
    settings = {"select": {"jets": []}, "slots": {"constituents": 3}, "budget": {"constituents": 0.9}}
    job = Task(tmp_path / "d.root", find_schema("simulated"), Conversion(**settings, max_events=most))
    flow = to_hdf5(job, tmp_path / "d.h5").counts
    counts = {entry["reason"]: entry for entry in flow if entry["level"] == "constituents"}
    lost = counts["link index out of range"]
    assert lost["before"] - lost["after"] == sum(event < most for event in damaged)
    assert counts["in the file"]["before"] == sum(len(event) for event in links[:most])
    with pytest.raises(BadValueError, match="link index out of range") if damaged[0] < most else nullcontext():
        strict = Conversion(**settings | {"budget": {}}, max_events=most)
        to_hdf5(Task(job.path, job.schema, strict), tmp_path / "s.h5")


def test_a_block_keeps_its_losses_whatever_is_taken_of_it():
    jets = Collection(np.array([0, 1, 3]), {"pt": np.arange(3.0)})
    block = EventBlock({"run": np.arange(2)}, jets, {}, [Loss("tracks", "x", 3, 2, damage=True)])
    assert block.keep_events(np.array([True, False])).losses == block.losses
    assert block.keep_jets(np.array([True, False, True])).losses == block.losses


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<a", "is not XML"),
        ("<a/>", "has no ranges"),
        (LIST.replace('"9"', '"x"'), "is not a good-runs list"),
        (LIST.replace('"9"', '"-9"'), "is not a good-runs list .'-9' is no number of a run or a block"),
        (LIST.replace('"9"', f'"{9**40}"'), "is not a good-runs list"),
        (LIST.replace('"9"', f'"{"9" * 5000}"'), "is not a good-runs list"),
        (LIST.replace(' End="9"', ""), "is not a good-runs list"),
        ('<?xml version="1.0" encoding="nonsense"?><a/>', "is not XML"),
        ('<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "' + "&b;" * 90 + '">]><a>' + "&d;" * 90_000 + "</a>", "is not XML"),
        ("\0", "is not XML"),
    ],
)
def test_what_is_no_good_runs_list(tmp_path, text, words):
    path = tmp_path / "good.xml"
    path.write_text(text)
    with pytest.raises(CorruptFileError, match=words):
        read_good_runs(path)


def test_a_good_runs_list_is_looked_for_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = {"conversion": {"good_runs": "missing.xml"}, "samples": {"a": {"is_data": True}}}
    with pytest.raises((MissingFileError, ConfigurationError), match=r"missing\.xml|lumi_block"):
        check_analysis(_with(analysis(), data))


def _with(found, changes):
    samples = {name: sample.model_copy(update={"is_data": True}) for name, sample in found.samples.items()}
    conversion = found.conversion.model_copy(update=changes["conversion"])
    return found.model_copy(update={"samples": samples, "conversion": conversion})


@pytest.mark.parametrize(
    ("reduce", "expected"), [("max", [5, None, 7]), ("min", [2, None, 7]), ("sum", [10, 0, 7]), ("count", [3, 0, 1])]
)
def test_one_number_of_each_vector(reduce, expected):
    for kind in (np.int32, np.float32):
        found = reduced(np.array([0, 3, 3, 4]), Values(np.array([3, 5, 2, 7], kind)), reduce)
        unknown = np.zeros(3, bool) if found.unknown is None else found.unknown
        assert [None if gone else value for value, gone in zip(found.values, unknown, strict=True)] == expected
