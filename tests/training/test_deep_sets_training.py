"""Deep sets from slots to a file for C++: trained, exported, compared on real rows with missing values."""

import json

import pytest

from jetloom.cli.main import main
from jetloom.data.building.build import build
from jetloom.data.dataset import Dataset
from jetloom.export.formats import find_format
from jetloom.inference.prediction import load_model
from jetloom.models.registry import find_model
from jetloom.report.exported.measure import best_names, export_all, rows_of_test_part, subjects_of
from jetloom.training.backends.backend import use_backend
from slot_files import write_slot_samples
from tiny_analysis import analysis, config

SETS = {
    "collections": {"constituents": {"inputs": ["log(pt / jets.pt)", "eta - jets.eta", "d0"], "slots": 8}},
    "inputs": ["log(pt)"],
    "model": "deep_sets",
    "parameters": {"preset": "btag", "epochs": 30, "batch_size": 32, "learning_rate": 0.003},
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A dataset with constituents in slots, and the directory of a training on it."""
    directory = tmp_path_factory.mktemp("deep_sets")
    use_backend("tensorflow", 1)
    build(analysis(**SETS), "flavour", write_slot_samples(directory / "hdf5", rows=800), directory / "dataset")
    (directory / "config.json").write_text(json.dumps(config(**SETS)))
    given = ["--config", "config.json", "--task", "flavour", "--dataset", "dataset", "--output", "run"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        assert main(["train", "-q", *given]) == 0
    return directory


def test_a_network_of_a_set_learns_from_what_belongs_to_the_jets(trained):
    metrics = json.loads((trained / "run" / "result.json").read_text())["metrics"]
    assert metrics["eval_auc"] > 0.75  # gluons have more constituents


def test_its_files_say_what_it_says_of_real_rows(trained, tmp_path):
    dataset, model = Dataset.open(trained / "dataset"), find_model("deep_sets")
    network, view = load_model(trained / "run" / "model.keras"), dataset.view()
    subjects = subjects_of(network, {}, best_names(network, view))
    formats = [find_format(name) for name in ("onnx", "lwtnn", "frugally_deep")]
    record = export_all(subjects, formats, rows_of_test_part(network, model, view), tmp_path)
    assert [file["format"] for file in record["files"]] == ["onnx", "lwtnn", "frugally_deep"]
    assert all(file["comparisons"][1]["rows"] > 200 for file in record["files"])
    variables = json.loads((tmp_path / "network.lwtnn.json").read_text())["input_sequences"][0]["variables"]
    assert [one["name"] for one in variables] == ["log_pt_jets_pt", "eta_jets_eta", "d0"]
    assert "default" in variables[2]
