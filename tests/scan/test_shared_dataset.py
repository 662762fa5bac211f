"""A task that uses another's dataset, from its training to its evaluation, with jets of no class in the dataset."""

import json
from contextlib import chdir

import numpy as np
import pytest
import yaml

from jetloom.cli.main import main
from jetloom.config.load import load_analysis
from jetloom.io.hdf5.tables import TableReader
from jetloom.scan.points.space import points
from tiny_analysis import merged
from tree_files import TREE_CONFIG, write_tree_samples

SHARED = merged(
    TREE_CONFIG,
    {
        "conversion": {"slots": {"constituents": 40}},
        "tasks": {
            "flavour": {"unlabelled": "keep"},
            "borrower": {"title": "Borrower", "dataset": "flavour", "parameters": {"epochs": 1, "units": 4}},
        },
    },
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """A working directory in which the owner's dataset is built and the borrower is trained and evaluated."""
    found = tmp_path_factory.mktemp("shared")
    with chdir(found):
        files = write_tree_samples(found / "trees")
        (found / "c.yaml").write_text(yaml.safe_dump(SHARED, sort_keys=False))
        given = [f"{sample}={path}" for sample, paths in files.items() for path in paths]
        options = ["--config", "c.yaml", "--task"]
        assert main(["dataset", *options, "flavour", *(x for one in given for x in ("--hdf5", one))]) == 0
        (point,) = points(load_analysis(found / "c.yaml").tasks["borrower"])
        assert main(["train", *options, "borrower", "--point", point.name, "--run-name", "r0"]) == 0
        for verb in ("collect", "evaluate", "deploy"):
            assert main([verb, *options, "borrower"]) == 0
    return found / "results" / "tiny"


def test_the_results_are_the_borrowers_and_the_dataset_the_owners(directory):
    assert {path.name for path in (directory / "datasets").iterdir()} == {"flavour"}
    assert {path.name for path in (directory / "scans").iterdir()} == {"borrower"}
    assert json.loads((directory / "best" / "borrower" / "metrics.json").read_text())["task"] == "borrower"
    fingerprint = (directory / "datasets" / "flavour" / "fingerprint.txt").read_text().strip()
    assert json.loads((directory / "scans" / "borrower" / "scan.json").read_text())["dataset"] == fingerprint
    assert (directory / "scans" / "borrower" / "best.zip").is_file()


def test_jets_of_no_class_are_applied_to_and_neither_trained_nor_measured(directory):
    with TableReader(directory / "best" / "borrower" / "predictions.h5") as reader:
        rows = reader.read("jets")
    with TableReader(directory / "datasets" / "flavour" / "parts" / "test.h5") as reader:
        np.testing.assert_array_equal(rows["event_number"], reader.read("jets")["event_number"])
    unlabelled = rows["true_label"] == -1
    assert 0 < unlabelled.sum() < len(rows)
    np.testing.assert_allclose(rows["score_gluon"] + rows["score_quark"], 1.0, rtol=1e-5)
    metrics = json.loads((directory / "best" / "borrower" / "metrics.json").read_text())
    assert metrics["jets"] == (~unlabelled).sum()
    (result,) = directory.glob("scans/borrower/p*/r0/result.json")
    assert np.isfinite(list(json.loads(result.read_text())["metrics"].values())).all()
