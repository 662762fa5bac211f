"""An analysis of flat ROOT files with a trained, collected scan; and the same with folds."""

import json
import os
from contextlib import contextmanager
from pathlib import Path

import yaml

from flat_files import flat_schema, write_flat
from jetloom import paths
from jetloom.cli.main import main
from jetloom.config.load import load_merged

TASK = {
    "labels": {"gluon": {"when": "truth == 21"}, "quark": {"when": "truth == 1"}},
    "inputs": ["log(pt)", "width", "ntrk"],
    "select": ["pt > 35"],
    "parameters": {"epochs": 2, "batch_size": 64, "units": 4},
    "training": {"early_stopping": None, "reduce_learning_rate": None},
    "split": {"train": 0.6, "validation": 0.2, "test": 0.2},
}
SAMPLES = {"one": 0, "two": 1000, "other": 5000}
"""Samples and the number of their first event; the last one does not train."""


@contextmanager
def inside(directory):
    before = Path.cwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)


def make_analysis(directory, **task):
    """Convert, build, train and collect; return the configuration's content."""
    content = {
        "analysis": "a",
        "samples": {name: {"files": [f"{name}.root"], "schema": "flat.yaml", "cross_section": 1.0} for name in SAMPLES},
        "conversion": {"select": {"jets": ["pt > 32"]}, "route": "direct"},
        "diagnostics": 0,
        "tasks": {"flavour": TASK | {"samples": ["one", "two"]} | task},
    }
    with inside(directory):
        (directory / "flat.yaml").write_text(yaml.safe_dump(flat_schema().model_dump(mode="json")))
        for name, first in SAMPLES.items():
            write_flat(directory / f"{name}.root", events=300, first=first)
        (directory / "my.json").write_text(json.dumps(content))
        for name in SAMPLES:
            output = f"results/a/hdf5/{name}/{name}.h5"
            assert main(["hdf5", "-q", f"{name}.root", "--config", "my.json", "--sample", name, "-o", output]) == 0
        assert main(["dataset", "-q", "--config", "my.json", "--task", "flavour"]) == 0
        analysis = load_merged(content)
        from jetloom.scan.points.space import points, runs

        task = analysis.tasks["flavour"]
        for point in points(task):
            for run in runs(task):
                command = ["train", "-q", "--config", "my.json", "--task", "flavour", "--point", point.name]
                assert main([*command, "--run-name", run]) == 0
        assert main(["collect", "-q", "--config", "my.json", "--task", "flavour"]) == 0
    return content


def apply(directory, *options, output="out"):
    """Call the verb inside of a directory."""
    with inside(directory):
        words = [] if "--model" in options else ["--config", "my.json", "--task", "flavour"]
        return main(["apply", "-q", *words, *options, "--output", output])


def hdf5(name):
    """Where the converted file of a sample lies."""
    return f"results/a/hdf5/{name}/{name}.h5"


def scan_of(content):
    return paths.scan(load_merged(content), "flavour")
