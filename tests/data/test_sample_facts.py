"""What a dataset says of its samples: yields, processes, events that come again, equal files."""

import numpy as np
import pytest
import yaml

from jetloom.cli.main import main
from jetloom.config.load import load_merged
from jetloom.data.building.build import build
from jetloom.data.dataset import Dataset
from jetloom.errors import ConfigurationError
from tiny_analysis import CONFIG, JETS, make_events, make_jets, merged, write_jets


def _build(files, directory, task=None, **dijet):
    changes = {"samples": {"dijet": dijet}, "tasks": {"flavour": task or {}}}
    build(load_merged(merged(CONFIG, changes)), "flavour", files, directory)
    return Dataset.open(directory)


def test_a_limit_on_events_changes_no_yield(converted, tmp_path):
    """Files of 3000 events each of which 200 were read, with a sum that is given for all of them."""
    jets = [make_jets(400, seed, 0.3, first_event=1000 * seed) for seed in (1, 2)]
    for rows in jets:
        rows["mc_event_weight"] = 2.0
    facts = {"entries": 3000, "events": 200, "sum_of_weights": 400.0}
    dijet = [write_jets(tmp_path / f"d{n}.h5", rows, **facts) for n, rows in enumerate(jets)]
    yields = []
    for name, settings in {"given": {"sum_of_weights": 12_000}, "events": {}}.items():
        found = _build({**converted, "dijet": dijet}, tmp_path / name, **settings).description["samples"]["dijet"]
        assert found["normalisation"]["source"] == name
        assert (found["normalisation"]["expected"], found["normalisation"]["found"]) == (10.0, pytest.approx(10.0))
        assert found["sum_of_weights"] == pytest.approx(800.0)
        yields.append(found["yield"])
    labelled = sum(int((rows["truth"] > 0).sum()) for rows in jets)
    assert yields == pytest.approx([10.0 * labelled * 2.0 / 800.0] * 2, rel=1e-6)


def test_events_that_come_again_are_told_and_stay_on_one_side(converted, tmp_path, caplog):
    events = np.unique(make_jets(400, 1)["event_number"])
    dijet = [write_jets(tmp_path / f"d{n}.h5", make_jets(400, n, 0.3), table=make_events(events)) for n in (1, 2)]
    dataset = _build({**converted, "dijet": dijet}, tmp_path / "dataset")
    facts = dataset.description["samples"]["dijet"]
    assert facts["repeated_events"] == len(events) == 200
    assert "200 of 400 events are there already" in facts["warnings"][0]
    assert "sample 'dijet': 200 of 400 events" in caplog.text
    parts = {}
    for role in ("train", "validation", "test"):
        rows = np.concatenate([block.rows for block in dataset.view().blocks(role)])
        parts[role] = set(rows["event_number"][rows["sample"] == 0].tolist())
    assert sum(map(len, parts.values())) == len(set.union(*parts.values()))


def test_equal_content_is_refused_in_a_sample_and_told_of_two(converted, tmp_path, caplog):
    jets = make_jets(400, 1, 0.3)
    one, two = (write_jets(tmp_path / f"{name}.h5", jets, content="c") for name in ("one", "two"))
    with pytest.raises(ConfigurationError, match=r"samples\.dijet\.files: 'one' and 'two' have equal content"):
        _build({**converted, "dijet": [one, two]}, tmp_path / "refused")
    found = _build({"dijet": [one], "ttbar": [two]}, tmp_path / "told").description["samples"]
    assert found["ttbar"]["warnings"] == ["'two' has the content of 'one' of sample 'dijet'"]
    assert "sample 'ttbar': 'two' has the content of 'one' of sample 'dijet'" in caplog.text


def test_processes_of_several_files_are_refused_unless_meant(converted, tmp_path):
    dijet = [
        write_jets(tmp_path / f"d{n}.h5", make_jets(400, n, first_event=1000 * n), channels={str(n): [200, 400.0]})
        for n in (1, 2)
    ]
    with pytest.raises(ConfigurationError, match=r"sample 'dijet': holds 2 processes: channel 1 \(50 %"):
        _build({**converted, "dijet": dijet}, tmp_path / "refused")
    found = _build({**converted, "dijet": dijet}, tmp_path / "meant", channels=[1, 2]).description["samples"]["dijet"]
    assert found["channels"] == {"1": [200, 400.0], "2": [200, 400.0]}


def test_files_without_channel_numbers_are_told_beside_one_that_has_them(converted, tmp_path, caplog):
    facts = [{"channels": {"7": [200, 400.0]}}, {}]
    dijet = [write_jets(tmp_path / f"d{n}.h5", make_jets(400, n + 1, first_event=1000 * n), **facts[n]) for n in (0, 1)]
    found = _build({**converted, "dijet": dijet}, tmp_path / "dataset").description["samples"]["dijet"]
    assert found["warnings"] == [
        "200 of 400 events have no channel number, the others are of 7: whether they are of one process is not known"
    ]
    assert "sample 'dijet': 200 of 400 events have no channel number" in caplog.text


def test_a_given_sum_is_of_all_files_and_not_of_those_named_by_hand(converted, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("dijet0.root", "dijet1.root"):
        (tmp_path / name).touch()
    config = tmp_path / "c.yaml"
    given = [f"--hdf5=dijet={path}" for path in converted["dijet"]] + [f"--hdf5=ttbar={converted['ttbar'][0]}"]
    verb = ["dataset", "-q", "--config", str(config), "--task", "flavour", "--output", str(tmp_path / "out")]
    config.write_text(yaml.safe_dump(merged(CONFIG, {"samples": {"dijet": {"sum_of_weights": 500.0}}})))
    assert main([*verb, *given[1:]]) == 2
    assert "names 1 of the 2 files of sample 'dijet', and its sum_of_weights is that of all" in capsys.readouterr().err
    assert main([*verb, *given]) == 0
    config.write_text(yaml.safe_dump(CONFIG))
    assert main([*verb, *given[1:]]) == 0  # then the sum is that of the events that were read


@pytest.mark.parametrize("when", ["truth != 21", "not truth == 21", "not (20 < truth < 22)"])
def test_jets_of_a_class_whose_variable_is_missing_are_told(converted, tmp_path, caplog, when):
    jets = make_jets(400, 1, 0.3)
    jets = jets.astype([(name, "f8" if name == "truth" else kind) for name, kind in JETS.descr])
    unknown = jets["truth"] == -1
    jets["truth"][unknown] = np.nan
    files = {**converted, "dijet": [write_jets(tmp_path / "d.h5", jets)]}
    task = {"labels": {"gluon": {"when": "truth == 21"}, "quark": {"when": when}}}
    found = _build(files, tmp_path / "told", task).description["samples"]["dijet"]
    assert found["warnings"] == [
        f"{unknown.sum()} jets have the class 'quark' ({when}) although a variable of it is missing in them; say with "
        "isnan(...) what becomes of those"
    ]
    assert caplog.text.count("although a variable of it is missing") == 1
    task["labels"]["quark"]["when"] = f"({when}) and not isnan(truth)"
    found = _build(files, tmp_path / "meant", task).description["samples"]["dijet"]
    assert (found["warnings"], found["unlabelled"]) == ([], unknown.sum())


@pytest.mark.parametrize(("negative", "factor"), [("keep", 1.0), ("absolute", 100 / 40), ("drop", 70 / 40)])
def test_a_sample_that_counts_for_more_without_signs_is_told(converted, tmp_path, caplog, negative, factor):
    jets = make_jets(400, 1, 0.3)
    jets["mc_event_weight"] = np.where(np.arange(400) % 10 < 3, -2.0, 2.0)
    jets["truth"] = np.where(np.arange(400) % 20 < 10, 1, 21)
    files = {**converted, "dijet": [write_jets(tmp_path / "d.h5", jets)]}
    found = _build(files, tmp_path / "dataset", {"weights": {"negative": negative}}).description["samples"]["dijet"]
    assert found["yield"] == pytest.approx(10.0 * factor)
    said = (
        f"weights.negative is '{negative}': its jets count as {10 * factor:.3g} pb, and with their signs as 10 pb; "
        "beside other samples it counts for too much"
    )
    assert found["warnings"] == ([] if negative == "keep" else [said])
    assert (said in caplog.text) == (negative != "keep")
    assert "signed_yield" not in found
