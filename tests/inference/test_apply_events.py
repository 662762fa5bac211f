"""Models of events, parametrised in a mass, applied to flat trees."""

import json

import numpy as np
import pytest
import uproot
from applied_analysis import inside

from event_files import make_events, write_events, write_schema
from jetloom.cli.main import main
from jetloom.io.hdf5.tables import TableReader

SAMPLES = {"hh300": 0, "hh500": 1000, "tt": 2000, "other": 5000}
OPTIONS = ["--config", "my.json", "--task", "search"]


@pytest.fixture(scope="session")
def events(tmp_path_factory):
    """A trained model of events."""
    directory = tmp_path_factory.mktemp("events_applied")
    content = {
        "analysis": "e",
        "samples": {name: {"files": [f"{name}.root"], "schema": "flat.yaml", "cross_section": 1.0} for name in SAMPLES},
        "conversion": {"route": "direct", "select": {"jets": []}},
        "diagnostics": 0,
        "tasks": {
            "search": {
                "rows": "events",
                "samples": ["hh300", "hh500", "tt"],
                "labels": {"hh": {"when": "1", "samples": ["hh300", "hh500"]}, "tt": {"when": "1", "samples": ["tt"]}},
                "inputs": ["ht", "met", "n_jets", "mass"],
                "select": ["ht > 220"],
                "conditions": {"mass": {"hh300": 300, "hh500": 500}},
                "weights": {"negative": "absolute"},
                "parameters": {"epochs": 2, "batch_size": 64, "units": 8},
                "training": {"early_stopping": None, "reduce_learning_rate": None},
            }
        },
    }
    with inside(directory):
        write_schema(directory / "flat.yaml")
        (directory / "my.json").write_text(json.dumps(content))
        for place, (name, first) in enumerate(SAMPLES.items()):
            write_events(directory / f"{name}.root", make_events(500, place + 1, name.startswith("hh"), first))
            output = f"results/e/hdf5/{name}/{name}.h5"
            assert main(["hdf5", "-q", f"{name}.root", "--config", "my.json", "--sample", name, "-o", output]) == 0
        assert main(["dataset", "-q", *OPTIONS]) == 0
        assert main(["train", "-q", *OPTIONS]) == 0
        assert main(["collect", "-q", *OPTIONS]) == 0
    return directory


def apply(directory, *options):
    with inside(directory):
        return main(["apply", "-q", *OPTIONS, *options])


def test_events_get_the_outputs_at_the_mass_that_is_asked_for(events, capsys):
    assert apply(events, "--samples", "other", "-o", "no") == 2
    assert "the model is parametrised in 'mass', and sample 'other' has no value of it" in capsys.readouterr().err
    found = {}
    for mass in ("300", "500"):
        assert apply(events, "other.root", "--condition", f"mass={mass}", "-o", mass) == 0
        with uproot.open(events / mass / "other.root") as file:
            found[mass] = file["Nominal"].arrays(library="np")
    with inside(events), TableReader("results/e/hdf5/other/other.h5") as reader:
        rows = reader.read("jets")
    rows = rows[rows["ht"] > 220]
    for name in rows.dtype.names:
        np.testing.assert_array_equal(found["300"][name], rows[name])
        assert found["300"][name].dtype == rows[name].dtype
    np.testing.assert_allclose(found["300"]["output_hh"] + found["300"]["output_tt"], 1.0, rtol=1e-5)
    assert (found["300"]["output_hh"] != found["500"]["output_hh"]).any()
    assert apply(events, "--samples", "other", "--condition", "mass=300", "--format", "hdf5", "-o", "flat") == 0
    with TableReader(events / "flat" / "other.h5") as reader:
        np.testing.assert_array_equal(reader.read("jets")["output_hh"], found["300"]["output_hh"])
    assert apply(events, "--samples", "other", "--condition", "maas=1", "-o", "no") == 2
    assert "the task has no condition 'maas'; did you mean 'mass'" in capsys.readouterr().err


def test_events_that_trained_are_refused_and_the_test_part_is_not(events, capsys):
    assert apply(events, "--samples", "hh300", "-o", "no") == 3
    assert "took part in the training" in capsys.readouterr().err
    assert apply(events, "--samples", "hh300", "hh500", "--part", "test", "--by", "class", "-o", "test") == 0
    with uproot.open(events / "test" / "hh.root") as file:
        arrays = file["events"].arrays(library="np")
    assert set(arrays["output_part"].tolist()) == {2}
    assert 20 < len(arrays["ht"]) < 300


def test_a_friend_of_a_tree_of_events_is_flat(events):
    assert apply(events, "other.root", "--condition", "mass=300", "--friend", "-o", "friend") == 0
    with uproot.open(events / "friend" / "other_friend.root") as file, uproot.open(events / "other.root") as own:
        friend, ht = file["Nominal"].arrays(library="np"), own["analysis/Nominal"]["h-t"].array(library="np")
    assert len(friend["output_hh"]) == len(ht) == 500
    np.testing.assert_array_equal(np.isfinite(friend["output_hh"]), ht / 1000 > 220)
