"""The record of generated events in files, the processes that are in them, and the table of events."""

import logging

import awkward as ak
import numpy as np
import pytest
import uproot

import dxaod_files
from jetloom.cli.main import main
from jetloom.config.conversion import Conversion
from jetloom.config.schema import Schema, find_schema
from jetloom.conversion.bookkeeping import _chosen, read_bookkeeping
from jetloom.conversion.convert import to_hdf5, to_ntuple
from jetloom.conversion.task import Task
from jetloom.errors import BadValueError, ConfigurationError
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.root import dxaod
from jetloom.samples.facts import read_facts

CHANNEL = "EventInfoAuxDyn.mcChannelNumber"


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("uproot-issue-123b.root", 73668.0625),
        ("uproot-physlite-rntuple_v1-0-0-0.root", 81567.26385498047),
        ("PHYSLITE_example.root", None),
        ("nanoAOD_2015_CMS_Open_Data_ttbar.root", None),
        ("short_divert_analysis_file.root", None),
    ],
)
def test_real_files(data, name, weights):
    expected = None if weights is None else {"events": 100, "sum_of_weights": weights}
    assert read_bookkeeping(data / name) == expected


def test_a_real_file_is_normalised_by_its_record(data, tmp_path):
    to_hdf5(
        Task(data / "uproot-issue-123b.root", find_schema("physlite"), Conversion(max_events=40)), tmp_path / "x.h5"
    )
    facts = read_facts(tmp_path / "x.h5")
    assert facts.bookkeeping == {"events": 100, "sum_of_weights": 73668.0625}
    assert (facts.entries, facts.events, facts.share) == (100, 40, 0.4)
    assert {channel: part[0] for channel, part in facts.channels.items()} == {"410470": 40}


ALL, OTHER = "AllExecutedEvents", "SumWeightsAlg"


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([(ALL, "StreamAOD", 0, 9, 9.5), (OTHER, "StreamAOD", 4, 1, 1.0)], (9, 9.5)),
        ([(ALL, "StreamAOD", 1, 5, 5.0), (ALL, "StreamAOD", 3, 7, 7.0), (ALL, "StreamAOD", 2, 6, 6.0)], (7, 7.0)),
        # The step after reads what the one before has left: a higher cycle, and not all that were generated.
        ([(ALL, "StreamDAOD_PHYS", 6, 2, 2.0), (ALL, "StreamAOD", 5, 7, 7.0)], (7, 7.0)),
        ([(ALL, "StreamEVGEN", 0, 7, 7.0), (ALL, "StreamDAOD_TRUTH", 1, 2, 2.0)], (7, 7.0)),
        ([(ALL, "StreamDAOD_PHYS", 6, 2, 2.0)], None),
        ([(ALL + "_NonNominalMCWeight_1", "StreamAOD", 9, 7, 1.0)], None),
        ([(ALL, "StreamAOD", 1, 7, 7.0), (ALL, "StreamAOD", 1, 7, 7.0)], (7, 7.0)),
        ([(ALL, "StreamAOD", 1, 7, 7.0), (ALL, "StreamAOD", 1, 8, 8.0)], None),
        ([], None),
    ],
)
def test_which_record_counts_all_events(records, expected):
    assert _chosen(records) == expected


@pytest.mark.parametrize("end", ["", "_"])
def test_runs_of_nanoaod_are_added(tmp_path, end):
    """Version 6 has underscores."""
    sums, events = np.array([1.5, -0.25]), np.array([3, 2], np.int64)
    with uproot.recreate(tmp_path / "nano.root") as file:
        file["Runs"] = {f"genEventSumw{end}": sums, f"genEventCount{end}": events}
    assert read_bookkeeping(tmp_path / "nano.root") == {"events": 5, "sum_of_weights": 1.25}
    with uproot.recreate(tmp_path / "data.root") as file:
        file["Runs"] = {"run": np.array([1, 2])}
    assert read_bookkeeping(tmp_path / "data.root") is None
    with uproot.recreate(tmp_path / "bad.root") as file:
        file["Runs"] = {"genEventSumw": np.array([np.nan]), "genEventCount": np.array([3], np.int64)}
    with pytest.raises(BadValueError, match="record of generated events"):
        read_bookkeeping(tmp_path / "bad.root")


def _mixed(path):
    values = dxaod_files.content()
    values[CHANNEL] = np.where(np.arange(40) < 30, 42, 43).astype(np.uint32)
    return dxaod_files.write(path, values)


def test_processes_are_told_with_their_shares_and_refused_unless_meant(tmp_path):
    path, schema = _mixed(tmp_path / "x.root"), find_schema("simulated")
    for convert, output in ((to_hdf5, "x.h5"), (to_ntuple, "n.root")):
        lenient = Conversion(budget={"files": 1.0})  # it is no damage, so no budget passes over it
        with pytest.raises(ConfigurationError, match=r"x\.root: .*2 processes: channel 42 \(75 % of the events"):
            convert(Task(path, schema, lenient), tmp_path / output)
        assert not (tmp_path / output).exists()
        record = convert(Task(path, schema, Conversion(), channels=[42, 43]), tmp_path / output)
        assert {channel: part[0] for channel, part in record.channels.items()} == {"42": 30, "43": 10}
        assert sum(part[1] for part in record.channels.values()) == pytest.approx(record.sum_of_weights)
    with pytest.raises(ConfigurationError, match="2 processes"):
        to_hdf5(Task(tmp_path / "n.root", None, Conversion()), tmp_path / "other.h5")
    to_hdf5(Task(path, schema, Conversion(), is_data=True), tmp_path / "data.h5")


def test_the_option_of_the_verb(tmp_path, capsys):
    path = _mixed(tmp_path / "x.root")
    arguments = ["hdf5", str(path), "--schema", "simulated", "-o", str(tmp_path / "x.h5")]
    assert main([*arguments, "-q"]) == 2
    assert "mc_channel_number: holds 2 processes" in capsys.readouterr().err
    assert main([*arguments, "-q", "--channels", "42,43"]) == 0
    assert main([*arguments, "-q", "--channels", "any"]) == 0


@pytest.mark.parametrize("name", ["mc_channel_number", "channel", "DSID", "mcChannelNumber"])
def test_the_variable_is_known_by_its_name_or_branch(name):
    content = find_schema("simulated").model_dump(by_alias=True)
    field = content["events"]["fields"].pop("mc_channel_number")
    assert Schema.model_validate(content).channel is None
    content["events"]["fields"][name] = field | {"branch": []}
    assert Schema.model_validate(content).channel == name
    content["events"]["fields"] |= {name: field | {"branch": ["x"]}, "y": field}
    assert Schema.model_validate(content).channel in (name, "y")


def test_each_event_that_passed_the_cuts_is_in_the_table_with_or_without_jets(tmp_path, caplog):
    values = dxaod_files.content()
    values["EventInfoAux.eventNumber"][5] = values["EventInfoAux.eventNumber"][4]
    values["EventInfoAux.eventNumber"][0] = np.uint64(2**64 - 1)
    path = dxaod_files.write(tmp_path / "x.root", values)
    job = Task(path, find_schema("simulated"), Conversion(select={"events": ["event_number != 1099511627779"]}))
    with caplog.at_level(logging.WARNING):
        to_hdf5(job, tmp_path / "x.h5")
    assert "1 of 39 events are there already" in caplog.text
    with TableReader(tmp_path / "x.h5") as reader:
        events = reader.read("events")
    expected = np.delete(values["EventInfoAux.eventNumber"], 3)
    assert events["event_number"].tolist() == expected.tolist()
    assert set(events["channel"].tolist()) == {42}
    assert ak.any(ak.num(values[dxaod_files.JETS + "pt"]) == 0)


def test_equal_events_have_equal_content_whatever_the_file_and_its_blocks(tmp_path, monkeypatch):
    schema, values = find_schema("simulated"), dxaod_files.content()
    for name, steps, compression in (("a", 1, None), ("b", 7, uproot.ZLIB(1)), ("c", 1, None)):
        if name == "c":
            values = dxaod_files.content(seed=2)
        path = dxaod_files.write(tmp_path / f"{name}.root", values, steps, compression)
        monkeypatch.setattr(dxaod.DxaodReader, "step", 11 * steps)
        to_hdf5(Task(path, schema, Conversion()), tmp_path / f"{name}.h5")
    a, b, c = (read_facts(tmp_path / f"{name}.h5") for name in "abc")
    assert a.source != b.source
    assert a.content == b.content != c.content


@pytest.mark.filterwarnings("error")
def test_events_whose_channel_is_missing_have_none(tmp_path):
    content = find_schema("simulated").model_dump(by_alias=True)
    content["events"]["fields"]["mc_channel_number"]["missing"] = [43]
    to_hdf5(Task(_mixed(tmp_path / "x.root"), Schema.model_validate(content), Conversion()), tmp_path / "x.h5")
    with TableReader(tmp_path / "x.h5") as reader:
        assert reader.read("events")["channel"].tolist() == [42] * 30 + [-1] * 10
    facts = read_facts(tmp_path / "x.h5")
    assert (facts.events, facts.channels["42"][0]) == (40, 30)
