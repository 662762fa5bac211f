"""A collected scan with all that is stored of it, and the command lines of the verbs that read it."""

import json

import pytest

from jetloom import paths
from jetloom.cli.main import main
from jetloom.config.load import load_merged
from jetloom.models.registry import find_model
from jetloom.scan.points.space import points
from stored_files import write_dataset, write_result
from tiny_analysis import config


def write_stored(directory):
    """Write a scan of two points with all that is stored of it."""
    content = config(scan={"units": [8, 16]})
    content["data"] = str(directory)
    content["samples"] = {name: sample | {"files": ["x.root"]} for name, sample in content["samples"].items()}
    (directory / "x.root").touch()
    (directory / "my.json").write_text(json.dumps(content))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        analysis = load_merged(content)
        write_dataset(paths.dataset(analysis, "flavour"))
        scan = paths.scan(analysis, "flavour")
        for point in points(analysis.tasks["flavour"]):
            run = scan / point.name / "r0"
            run.mkdir(parents=True)
            (run / "history.csv").write_text("epoch,loss\n1,0.5\n")
            write_result(run, ["history.csv"], metrics=dict.fromkeys(find_model("dense").point_metrics(), 0.5))
        assert main(["collect", "-q", "--config", "my.json", "--task", "flavour"]) == 0
    return directory


def options(verb, directory):
    """The command line of a verb."""
    analysis = load_merged(json.loads((directory / "my.json").read_text()))
    given = [verb, "--config", "my.json"]
    if verb in ("collect", "deploy", "evaluate", "train"):
        given += ["--task", "flavour"]
    if verb == "train":
        given += ["--point", points(analysis.tasks["flavour"])[0].name, "--output", "out/train"]
    return given + (["--scan", str(paths.scan(analysis, "flavour")), "--output", "out"] if verb == "plot_scan" else [])


def files_below(directory):
    return {path: path.stat().st_mtime_ns for path in directory.rglob("*") if path.is_file()}
