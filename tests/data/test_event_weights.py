"""Weights of events: luminosity and cross-section by era, groups, conditions, repetition."""

import json

import numpy as np
import pytest
import uproot

from event_files import SCHEMA, make_events, write_events
from jetloom.config.conversion import Conversion
from jetloom.config.load import load_merged
from jetloom.config.schema import Schema
from jetloom.conversion.convert import to_hdf5
from jetloom.conversion.task import Task
from jetloom.data.building.build import build
from jetloom.data.dataset import Dataset
from jetloom.errors import ConfigurationError, JetloomError
from jetloom.models.registry import find_model
from jetloom.plots.dataset.bookkeeping import composition
from jetloom.training.feed import Feed
from tiny_analysis import merged

ROWS = 400
SAMPLES = {"hh_300": (1, 2017), "hh_500": (1, 2018), "tt": (0, 2017), "dy": (0, 2018)}


@pytest.fixture(scope="session")
def converted(tmp_path_factory):
    """Converted files by sample; each has its own events."""
    directory, files = tmp_path_factory.mktemp("weighed"), {}
    for place, (name, (signal, era)) in enumerate(SAMPLES.items()):
        rows = ROWS if name != "hh_500" else ROWS // 2
        path = write_events(directory / f"{name}.root", make_events(rows, place + 1, signal, place * ROWS, era))
        files[name] = [directory / f"{name}.h5"]
        to_hdf5(Task(path, Schema.model_validate(SCHEMA), Conversion()), files[name][0])
    return files


CONFIG = {
    "analysis": "weighed",
    "luminosity": {"2017": 1000.0, "2018": 3000.0},
    "samples": {
        "hh_300": {"files": ["x"], "era": 2017, "cross_section": None},
        "hh_500": {"files": ["x"], "era": "2018", "cross_section": None},
        "tt": {"files": ["x"], "era": "2017", "cross_section": 800.0},
        "dy": {"files": ["x"], "era": "2018", "cross_section": 2000.0},
    },
    "tasks": {
        "search": {
            "rows": "events",
            "labels": {
                "hh": {"samples": ["hh_300", "hh_500"]}, "tt": {"samples": ["tt"]}, "dy": {"samples": ["dy"]},
            },
            "inputs": ["ht", "met", "n_jets"],
        }
    },
}  # fmt: skip
MASSES = {"conditions": {"mass": {"hh_300": 300, "hh_500": 500}}, "inputs": ["ht", "met", "mass"]}


def built(files, directory, content=CONFIG, **task):
    build(load_merged(merged(content, {"tasks": {"search": task}})), "search", files, directory)
    return Dataset.open(directory)


def rows_of(view, *roles):
    return np.concatenate([rows for role in roles for rows in view.jet_rows(role)])


def test_weights_are_xsec_times_luminosity_times_w_over_the_sum(converted, tmp_path):
    rows = rows_of(built(converted, tmp_path).view(), "train", "validation", "test")
    scale = {"hh_300": 1000.0, "hh_500": 3000.0, "tt": 800.0 * 1000, "dy": 2000.0 * 3000}
    for place, (name, (signal, era)) in enumerate(SAMPLES.items()):
        made = make_events(ROWS if name != "hh_500" else ROWS // 2, place + 1, signal, place * ROWS, era)
        found = np.sort(rows[rows["sample"] == place], order="event_number")
        weights = made["weight(nominal)"].astype(float)
        np.testing.assert_allclose(found["event_weight"], weights * scale[name] / weights.sum(), rtol=1e-6)


@pytest.mark.parametrize("rule", ["keep", "absolute", "drop"])
def test_negative_weights_three_ways(converted, tmp_path, rule):
    dataset = built(converted, tmp_path, weights={"negative": rule})
    weights = rows_of(dataset.view(), "train", "validation", "test")["event_weight"]
    dropped = [one for one in dataset.description["counts"] if one["reason"] == "weight not positive"]
    assert (weights < 0).any() == (rule == "keep")
    assert bool(dropped) == (rule == "drop")
    if dropped:
        assert dropped[0]["before"] - dropped[0]["after"] == 3 * ROWS + ROWS // 2 - len(weights) > 0


def test_groups_of_classes_have_their_shares_and_keep_their_yields(converted, tmp_path):
    groups = {"signal": {"classes": ["hh"], "share": 1}, "rest": {"classes": ["tt", "dy"], "share": 3}}
    view = built(converted, tmp_path, weights={"groups": groups}).view()
    rows = rows_of(view, "train")
    sums = np.bincount(rows["label"], rows[view.weight].astype(float))
    assert sums.sum() / len(rows) == pytest.approx(1, abs=1e-6)
    assert sums[0] / sums.sum() == pytest.approx(0.25, abs=1e-6)
    before = np.bincount(rows["label"], rows["event_weight"].astype(float))
    assert sums[1] / sums[2] == pytest.approx(before[1] / before[2], rel=1e-6)


@pytest.mark.parametrize("grouped", [False, True])
def test_each_mass_has_the_same_sum_and_backgrounds_draw_it_by_their_hash(converted, tmp_path, grouped):
    groups = {"s": {"classes": ["hh"]}, "b": {"classes": ["tt", "dy"]}} if grouped else {}
    dataset = built(converted, tmp_path, **MASSES, weights={"groups": groups})
    rows = rows_of(dataset.view(), "train")
    assert set(rows["mass"][rows["sample"] == 0]) == {300}
    assert set(rows["mass"][rows["sample"] == 1]) == {500}
    background = rows["label"] > 0
    assert (rows["mass"][background] == 300).mean() == pytest.approx(2 / 3, abs=0.06)
    for members in ([0], [1, 2]) if grouped else ([0], [1], [2]):
        chosen = rows[np.isin(rows["label"], members)]
        sums = [chosen["weight"][chosen["mass"] == mass].sum(dtype=float) for mass in (300, 500)]
        assert sums[0] == pytest.approx(sums[1], rel=1e-6)
    again = rows_of(built(converted, tmp_path / "again", **MASSES).view(), "train")
    assert np.array_equal(again["mass"], rows["mass"])


def test_rows_of_high_weight_train_several_times_with_the_same_sum(converted, tmp_path):
    dataset = built(converted, tmp_path, weights={"negative": "absolute", "repeat_above": 0.6, "equalise": False})
    view, task = dataset.view(), load_merged(CONFIG).tasks["search"]
    stored = rows_of(view, "train")
    feed = Feed(task, find_model("dense"), dataset, None)
    stream = feed.training(64, 1)
    weights = np.concatenate([batch.weights for batch in stream.epoch(0)])
    assert len(weights) == stream.rows() == len(stored) + sum(view.extra.values()) > len(stored)
    assert weights.sum(dtype=float) == pytest.approx(stored[view.weight].sum(dtype=float), rel=1e-6)
    assert weights.max() < 2 * view.limit
    assert built(converted, tmp_path / "other", weights={"negative": "absolute", "equalise": False}).fingerprint != (
        dataset.fingerprint
    )


@pytest.mark.parametrize(("given", "unseen"), [([], 0), ([2, 3, 4], None)])
def test_kinds_have_their_categories_and_unseen_ones_are_counted(converted, tmp_path, given, unseen):
    dataset = built(converted, tmp_path, operations={"n_jets": {"op": "onehot", "categories": given}})
    rows, training = rows_of(dataset.view(), "train", "validation", "test"), rows_of(dataset.view(), "train")
    known = dataset.view().facts.categories["n_jets"]
    assert known == (given or np.unique(training["n_jets"]).tolist())
    expected = int((~np.isin(rows["n_jets"], known)).sum())
    assert dataset.description["views"][0]["unseen"] == {"n_jets": expected}
    assert unseen is None or expected < 10
    with pytest.raises(ConfigurationError, match="operations: no input column 'njets'; did you mean 'n_jets'"):
        built(converted, tmp_path, operations={"njets": {"op": "onehot"}})


def test_the_composition_of_batches_is_a_table(converted, tmp_path):
    text = composition(built(converted, tmp_path).description, {"hh": "Signal"}, [100])
    assert "Signal" in text
    assert "33.3 %" in text


def test_numbers_may_lie_in_a_file_by_era(tmp_path):
    path = tmp_path / "xsec_{era}.json"
    (tmp_path / "xsec_2017.json").write_text(json.dumps({"tt": {"cross_section": 88.3, "sum_of_weights": 1000.0}}))
    (tmp_path / "xsec_2018.json").write_text(json.dumps({"2018": {"dy": {"cross_section": 6000.0}}}))
    samples = {name: {"files": ["x"], "era": era, "numbers": str(path)} for name, era in (("tt", 2017), ("dy", 2018))}
    content = {"luminosity": CONFIG["luminosity"], "samples": samples}
    found = load_merged(content)
    assert (found.samples["tt"].cross_section, found.samples["tt"].sum_of_weights) == (88.3, 1000.0)
    assert found.scale_of("dy") == 6000.0 * 3000
    assert found.samples["tt"].numbers is None  # a stored copy holds what was meant
    samples["ttt"] = samples.pop("tt")
    with pytest.raises(ConfigurationError, match="has no sample 'ttt'; did you mean 'tt'"):
        load_merged(content)


@pytest.mark.parametrize("where", [{"object": "cuts/sumw", "bin": 1}, {"object": "Runs", "branch": "sumw"}])
def test_the_sum_may_lie_in_a_histogram_or_a_tree_of_the_file(converted, tmp_path, where):
    events = make_events(ROWS, 1, 1)
    path = write_events(tmp_path / "x.root", events)
    with uproot.update(path) as file:
        file["cuts/sumw"] = np.histogram([0.5] * 7, bins=[0, 1, 2], weights=[1000.0] * 7)
        file.mktree("Runs", {"sumw": "f8"}).extend({"sumw": np.array([3000.0, 4000.0])})
    schema = Schema.model_validate({**SCHEMA, "bookkeeping": where})
    to_hdf5(Task(path, schema, Conversion()), tmp_path / "x.h5")
    rows = rows_of(built({**converted, "tt": [tmp_path / "x.h5"]}, tmp_path / "set").view(), "train")
    top = rows[rows["sample"] == 2]
    np.testing.assert_allclose(np.abs(top["event_weight"]), 2 * 800.0 * 1000 / 7000, rtol=1e-6)
    where = {**where, "object": "cuts/sum"} if "bin" in where else {**where, "object": "Run"}
    with pytest.raises(JetloomError, match="has no such histogram or tree"):
        to_hdf5(Task(path, Schema.model_validate({**SCHEMA, "bookkeeping": where}), Conversion()), tmp_path / "none.h5")
    assert not (tmp_path / "none.h5").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"samples": {"tt": {"era": 2016}}}, r"samples\.tt\.era: no luminosity of '2016'; did you mean"),
        ({"samples": {"tt": {"era": None}}}, r"samples\.tt\.era: is missing; luminosity has 2017, 2018"),
        (
            {"tasks": {"search": {"conditions": {"mass": {"hh_400": 400}}}}},
            r"conditions\.mass: no sample 'hh_400'; did",
        ),
        (
            {"tasks": {"search": {"conditions": {"mass": {"hh_300": 300}}}}},
            r"conditions: other samples of 'hh' have a value, and 'hh_500' has none",
        ),
        (
            {"tasks": {"search": {"weights": {"groups": {"s": {"classes": ["hh"]}, "b": {"classes": ["tt"]}}}}}},
            r"weights\.groups: 'dy' is in 0 groups",
        ),
        ({"tasks": {"search": {"weights": {"groups": {"s": {"classes": ["h"]}}}}}}, r"weights\.groups: no class 'h'"),
    ],
)
def test_settings_that_do_not_fit_are_one_line(change, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_merged(merged(CONFIG, change))
    assert "\n" not in caught.value.line()


def test_a_sum_of_weights_of_zero_is_refused(converted, tmp_path):
    events = make_events(ROWS, 1, 1)
    events["weight(nominal)"] = np.where(np.arange(ROWS) % 2, 1.0, -1.0).astype("f4")
    path = write_events(tmp_path / "x.root", events)
    to_hdf5(Task(path, Schema.model_validate(SCHEMA), Conversion()), tmp_path / "x.h5")
    with pytest.raises(JetloomError, match=r"sample 'tt': its generator weights sum to 0"):
        built({**converted, "tt": [tmp_path / "x.h5"]}, tmp_path / "set")
    assert not (tmp_path / "set" / "dataset.json").exists()


def test_a_class_without_events_in_one_fold_is_refused(converted, tmp_path):
    with pytest.raises(JetloomError, match=r"class 'tt': has no jet in the \w+ part"):
        built(converted, tmp_path, select=["!(n_jets >= 0) || event_number > 1190 || event_number < 800"],
              split={"folds": 5})  # fmt: skip


def test_events_that_come_again_are_counted_and_told(converted, tmp_path, caplog):
    dataset = built({**converted, "tt": [converted["tt"][0], *_again(converted["tt"][0], tmp_path)]}, tmp_path / "set")
    assert dataset.description["samples"]["tt"]["repeated_events"] == 100
    assert "100 of 500 events are there already" in caplog.text


def _again(path, directory):
    events = {name: column[:100] for name, column in make_events(ROWS, 3, 0, 2 * ROWS, 2017).items()}
    root = write_events(directory / "again.root", events)
    to_hdf5(Task(root, Schema.model_validate(SCHEMA), Conversion()), directory / "again.h5")
    return [directory / "again.h5"]
