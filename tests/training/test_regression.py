"""The documentation's regression: trained, torn apart, gone on with, predicted."""

import json
import re
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from torn import history, wait_for, weights

from jetloom.config.load import load_merged
from jetloom.data.building.build import build
from jetloom.data.dataset import Dataset
from jetloom.data.streams.batch import Batch
from jetloom.errors import ConfigurationError
from jetloom.inference.prediction import load_model, predict
from jetloom.models.registry import find_model
from jetloom.scan.compatibility import check_models
from jetloom.scan.table.columns import check_columns
from jetloom.statistics.regression import bias, resolution
from tiny_analysis import analysis, config, make_jets, write_jets

HOWTO = Path(__file__).parents[2] / "docs" / "howto.md"
EPOCHS = 40
LEARNT = "1000 * width + 3 * ntrk"
TASK = {
    "target": LEARNT,
    "inputs": ["width", "ntrk", "log(pt)"],
    "parameters": {"epochs": EPOCHS, "batch_size": 32, "units": 8, "hidden_layers": 1, "learning_rate": 0.01},
}


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """About 800 jets to train on whose target follows from the inputs, up to a tenth of them without one."""
    directory = tmp_path_factory.mktemp("regression")
    files = {}
    for seed, (name, first) in enumerate({"dijet": 0, "ttbar": 20_000}.items()):
        jets = make_jets(800, seed, 0.5, first)
        jets["width"][::10] = np.nan
        files[name] = [write_jets(directory / "hdf5" / f"{name}.h5", jets)]
    build(analysis(**TASK), "flavour", files, directory / "dataset")
    code = re.search(r"## Learn a variable.*?```python\n(.*?)```", HOWTO.read_text(), re.S)[1]
    (directory / "regression.py").write_text(code)
    return Dataset.open(directory / "dataset"), f"{directory / 'regression.py'}:DenseRegression"


@pytest.fixture
def train(learnt, tmp_path):
    """Return the command line of a training."""
    dataset, model = learnt

    def function(output, backend):
        path = tmp_path / "config.json"
        training = {"backend": backend, "checkpoint_steps": 4, "select": {"monitor": "val_resolution"}}
        path.write_text(json.dumps(config(**TASK, model=model, training=training)))
        given = {"config": path, "task": "flavour", "dataset": dataset.directory, "output": output}
        options = [text for name, value in given.items() for text in (f"--{name}", str(value))]
        return [sys.executable, "-m", "jetloom.cli.main", "train", *options]

    return function


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_torn_regression_ends_with_the_same_bits(learnt, train, start, tmp_path, backend):
    alone, torn = tmp_path / "alone", tmp_path / "torn"
    process = start(train(alone, backend))
    assert process.wait(300) == 0, process.communicate()[1]
    process = start(train(torn, backend))
    wait_for(torn / "checkpoint.npz", 2, process)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (torn / "result.json").exists()
    process = start(train(torn, backend))
    assert process.wait(300) == 0, process.communicate()[1]
    assert history(torn) == history(alone)
    assert len(history(torn)) == EPOCHS
    one, other = weights(alone), weights(torn)
    assert one.keys() == other.keys()
    assert len(one) >= 4
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)
    result = json.loads((torn / "result.json").read_text())
    _predicted(*learnt, torn, result["metrics"])


def _predicted(dataset, name, directory, metrics):
    """What is stored of the test part is what its predictions say, and it has learnt its target."""
    model, network, view = find_model(name), load_model(directory / "model.keras"), dataset.view()
    assert model.objective.columns(view.facts) == ["predicted"]
    parts = list(predict(network, model, view, "test"))
    rows, predicted = (np.concatenate(column) for column in zip(*parts, strict=True))
    assert predicted.shape == (len(rows), 1)
    residuals = predicted[:, 0].astype(float) - rows["target"]
    weight = rows["weight"]
    assert metrics["eval_bias"] == pytest.approx(abs(bias(residuals, weight)), rel=1e-3, abs=1e-3)
    assert metrics["eval_resolution"] == pytest.approx(resolution(residuals, weight), rel=1e-3)
    assert metrics["eval_deviation"] == pytest.approx(np.average(abs(residuals), weights=weight), rel=1e-3)
    spread = view.facts.target.std[0]
    assert metrics["eval_loss"] == pytest.approx(np.average((residuals / spread) ** 2, weights=weight), rel=1e-3)
    assert metrics["eval_resolution"] < 0.2 * spread


def test_a_target_is_stored_where_it_is_known_and_scaled_by_the_training_part(learnt):
    dataset, _ = learnt
    view = dataset.view()
    counts = {entry["reason"]: entry["before"] - entry["after"] for entry in dataset.description["counts"]}
    assert counts[f"no target: {LEARNT}"] > 100
    rows = np.concatenate(list(view.jet_rows("train")))
    assert np.isfinite(rows["width"]).all()
    np.testing.assert_allclose(rows["target"], 1000 * rows["width"] + 3 * rows["ntrk"], rtol=1e-5)
    assert view.facts.target.mean[0] == pytest.approx(rows["target"].mean(dtype=float), rel=1e-9)
    assert view.facts.target.std[0] == pytest.approx(rows["target"].std(dtype=float), rel=1e-9)
    assert dataset.description["target"] == {"expression": LEARNT, "title": LEARNT}


def test_another_target_is_another_dataset_and_none_changes_nothing(tmp_path):
    files = {
        name: [write_jets(tmp_path / f"{name}.h5", make_jets(300, seed, 0.5, 1000 * seed))]
        for seed, name in enumerate(("dijet", "ttbar"))
    }
    found = {}
    for name, task in {"pt": {"target": "pt"}, "2 pt": {"target": "2 * pt"}, "none": {}}.items():
        build(analysis(**task), "flavour", files, tmp_path / name)
        found[name] = Dataset.open(tmp_path / name)
    assert len({dataset.fingerprint for dataset in found.values()}) == 3
    assert found["none"].view().facts.target is None
    assert "target" not in next(found["none"].view().jet_rows("test")).dtype.names


def test_jets_to_be_applied_to_need_no_target(tmp_path):
    jets = make_jets(400, 1, 0.5)
    jets["width"][jets["truth"] == -1] = np.nan
    files = {"dijet": [write_jets(tmp_path / "a.h5", jets)], "ttbar": [write_jets(tmp_path / "b.h5", jets)]}
    build(analysis(target="width", inputs=["pt"], unlabelled="keep"), "flavour", files, tmp_path / "dataset")
    rows = np.concatenate(list(Dataset.open(tmp_path / "dataset").view().jet_rows("train")))
    assert np.isnan(rows["target"][rows["label"] == -1]).all()
    assert np.isfinite(rows["target"][rows["label"] >= 0]).all()
    assert (rows["label"] == -1).any()


def test_residuals_and_metrics_of_rows(learnt):
    model = find_model(learnt[1])
    check_columns("flavour", model)
    target = {"value": np.array([1, 2], np.float32), "scale": np.full(2, 4, np.float32)}
    batch = Batch.of(np.zeros((2, 1), np.float32), target, np.ones(2, np.float32))
    outputs = np.array([[3], [1]], np.float32)
    loss, deviation = model.row_values(batch, outputs, model.parameters())
    assert np.asarray(loss).tolist() == [0.25, 0.0625]
    assert np.asarray(deviation).tolist() == [2, 1]
    assert batch.take(np.array([1])).target["value"].tolist() == [2]


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"target": None}, r"^tasks.flavour.target: the model '.*' learns a variable, and none is named"),
        ({"model": "dense"}, r"^tasks.flavour.target: no model of this dataset learns a variable; take it out"),
        ({"target": "jets.pt"}, r"target: 'jets.pt': 'jets.pt' is not allowed here"),
        ({"spectators": ["target"]}, r"spectators: 'target' is the name of the column of the"),
    ],
)
def test_a_target_and_its_model_belong_together(learnt, task, message):
    with pytest.raises(ConfigurationError, match=message):
        check_models(load_merged(config(**{"target": "width", "model": learnt[1], **task})))


def test_a_target_that_no_file_has(tmp_path):
    files = {"dijet": [write_jets(tmp_path / "a.h5", make_jets(40, 1))], "ttbar": []}
    with pytest.raises(ConfigurationError, match=r"'widht': no variable 'widht'; did you mean 'width'"):
        build(analysis(target="widht", samples=["dijet"]), "flavour", {"dijet": files["dijet"]}, tmp_path / "d")
