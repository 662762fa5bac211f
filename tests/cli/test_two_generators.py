"""One class of jets from two generators, told apart by the numbers of their data sets: from HDF5 to the comparison."""

import json

import numpy as np
from numpy.lib.recfunctions import append_fields

from jetloom.cli.main import main
from jetloom.config.load import load_merged
from jetloom.plots import style
from jetloom.scan.points.space import points
from tiny_analysis import make_jets, write_jets

CONFIG = {
    "analysis": "generators",
    "samples": {
        "pythia": {"files": ["pythia.root"], "cross_section": 1.0},
        "herwig": {"files": ["herwig.root"], "cross_section": 1.0},
    },
    "tasks": {
        "trees": {
            "model": "bdt",
            "select": ["truth == 21"],
            "labels": {
                "pythia": {"when": "mc_channel_number == 1", "title": "Pythia"},
                "herwig": {"when": "mc_channel_number == 2", "title": "Herwig"},
            },
            "inputs": ["width", "ntrk"],
            "parameters": {"n_trees": 20, "leaf_jets": 5},
        },
        "stumps": {"dataset": "trees", "model": "bdt", "parameters": {"n_trees": 20, "depth": 1}},
    },
    "comparisons": {"generators": {"tasks": ["trees", "stumps"], "bins": 2}},
}


def sample(number, wider, rows=1500):
    jets = make_jets(rows, number, 0.3)
    jets["width"] += np.float32(wider)
    return append_fields(jets, "mc_channel_number", np.full(rows, number, "i4"), usemask=False)


def test_two_generators_of_one_class_are_compared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(style, "_save", lambda figure, path: None)  # how figures look is for other tests
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    files = [tmp_path / "results/generators/hdf5" / name / f"{name}.h5" for name in ("pythia", "herwig")]
    for path, number, wider in zip(files, (1, 2), (0.0, 0.04), strict=True):
        write_jets(path, sample(number, wider))
        (tmp_path / f"{path.stem}.root").touch()
    assert main(["dataset", "--config", "config.json", "--task", "trees"]) == 0
    for task, settings in load_merged(CONFIG).tasks.items():
        option = ["--config", "config.json", "--task", task]
        assert main(["train", *option, "--point", points(settings)[0].name]) == 0
        assert main(["collect", *option]) == 0
        assert main(["evaluate", *option]) == 0
    assert main(["compare", "--config", "config.json", "--comparison", "generators"]) == 0
    found = json.loads((tmp_path / "results/generators/comparisons/generators/comparison.json").read_text())
    assert (found["background"], found["signal"]) == ("pythia", "herwig")
    auc = found["labels"]["label"]["models"]["trees"]["auc"]
    assert 0.65 < auc["value"] < 0.9
    assert found["bins"]["jets"]
