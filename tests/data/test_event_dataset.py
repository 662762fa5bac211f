"""Datasets whose rows are events: the class by sample or by expression."""

import numpy as np
import pytest

from event_files import make_events, write_events, write_schema
from jetloom.config.conversion import Conversion
from jetloom.config.load import load_merged
from jetloom.config.schema import find_schema
from jetloom.conversion.convert import to_hdf5
from jetloom.conversion.task import Task
from jetloom.data.building.build import build
from jetloom.data.dataset import Dataset
from jetloom.errors import ConfigurationError
from jetloom.scan.preflight import check_analysis
from tiny_analysis import merged

ROWS = 600


@pytest.fixture(scope="session")
def events(tmp_path_factory):
    """Converted files of a signal and a background, and the configuration of their analysis."""
    directory = tmp_path_factory.mktemp("events")
    schema, files = write_schema(directory / "flat.yaml"), {}
    for place, name in enumerate(("hh", "tt")):
        made = make_events(ROWS, place + 1, name == "hh", first=place * ROWS)
        path = write_events(directory / f"{name}.root", made)
        files[name] = [directory / f"{name}.h5"]
        to_hdf5(Task(path, find_schema(schema), Conversion()), files[name][0])
    content = {
        "analysis": "events",
        "data": str(directory),
        "samples": {
            "hh": {"files": ["hh.root"], "schema": str(schema), "cross_section": 0.03},
            "tt": {"files": ["tt.root"], "schema": str(schema), "cross_section": 800.0},
        },
        "tasks": {
            "search": {
                "rows": "events",
                "labels": {"signal": {"samples": ["hh"]}, "top": {"samples": ["tt"]}},
                "inputs": ["log(ht)", "lep.pt/met", "TMath::Abs(n_jets - 4)"],
                "spectators": ["met"],
                "parameters": {"epochs": 2},
            }
        },
    }
    return content, files


def built(events, directory, **task):
    content, files = events
    analysis = load_merged(merged(content, {"tasks": {"search": task}}))
    check_analysis(analysis)
    build(analysis, "search", files, directory)
    return Dataset.open(directory)


def rows_of(dataset):
    return np.concatenate([np.concatenate(list(dataset.view().jet_rows(role))) for role in ("train", "test")])


def test_the_class_follows_from_the_sample(events, tmp_path):
    rows = rows_of(built(events, tmp_path))
    assert np.array_equal(rows["label"], rows["event_number"] >= ROWS)
    assert np.array_equal(rows["sample"], rows["label"])
    assert {"log_ht", "lep_pt_met", "TMath_Abs_n_jets_4", "met"} <= set(rows.dtype.names)


def test_a_sample_and_an_expression_may_both_say_it(events, tmp_path):
    labels = {"signal": {"samples": ["hh"], "when": "met > 80"}, "top": {"when": "met <= 80 || ht > 0"}}
    rows = rows_of(built(events, tmp_path, labels=labels))
    assert np.array_equal(rows["label"] == 0, (rows["event_number"] < ROWS) & (rows["met"] > 80))


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (
            {"rows": "jets"},
            r"tasks\.search\.rows: are jets, and a row of sample 'hh' is an event",
        ),
        ({"labels": {"top": {"samples": ["ttt"]}}}, r"labels\.top\.samples: no sample 'ttt'; did you mean 'tt'"),
        ({"samples": ["hh"]}, r"labels\.top\.samples: no sample 'tt'"),
        ({"labels": {"other": {"title": "Top"}}}, r"say by what it is known"),
        ({"inputs": ["log(hT)"]}, r"sample 'hh' has no variable 'hT'; did you mean 'ht'"),
        ({"inputs": ["Sum$(ht)"]}, r"'Sum\$' of ROOT is not known here"),
        ({"reads": "trees"}, r"events have neither trees nor collections"),
    ],
)
def test_what_does_not_fit_is_one_line(events, tmp_path, task, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        built(events, tmp_path, **task)
    assert "\n" not in caught.value.line()
    assert not (tmp_path / "dataset.json").exists()
