"""The documentation's model of two collections: trained, torn apart, gone on with, predicted and evaluated."""

import json
import signal
import sys

import numpy as np
import pytest
from torn import history, wait_for, weights

from jetloom.data.block import BRANCHINGS
from jetloom.data.building.build import build
from jetloom.data.dataset import Dataset
from jetloom.data.streams.batches import BUFFER_ROWS
from jetloom.errors import ConfigurationError
from jetloom.evaluation.statistics.bootstrap import Draws
from jetloom.inference.prediction import load_model, predict
from jetloom.io.hdf5.tables import TableReader
from jetloom.models.registry import find_model
from jetloom.report.classifier.measure import evaluate
from jetloom.report.subject import Subject
from jetloom.training.feed import BUFFER_BYTES, LEAST_BUFFER_ROWS, Feed
from slot_files import COLLECTIONS, documented_sums, slot_analysis, slot_config, write_slot_samples

EPOCHS = 40
PARAMETERS = {"epochs": EPOCHS, "batch_size": 32, "entry_units": 8, "units": 8}


@pytest.fixture(scope="module")
def slots(tmp_path_factory):
    """About 900 jets to train on, with two collections."""
    directory = tmp_path_factory.mktemp("training_on_slots")
    files = write_slot_samples(directory / "hdf5", rows=800)
    build(slot_analysis(), "flavour", files, directory / "dataset")
    (directory / "sums.py").write_text(documented_sums())
    return Dataset.open(directory / "dataset"), f"{directory / 'sums.py'}:Sums"


@pytest.fixture
def train(slots, tmp_path):
    """Return the command line of a training."""
    dataset, model = slots

    def function(output, backend):
        path = tmp_path / "config.json"
        training = {"backend": backend, "checkpoint_steps": 4, "select": {"monitor": "val_loss"}}
        path.write_text(json.dumps(slot_config(model=model, parameters=PARAMETERS, training=training)))
        given = {"config": path, "task": "flavour", "dataset": dataset.directory, "output": output}
        options = [text for name, value in given.items() for text in (f"--{name}", str(value))]
        return [sys.executable, "-m", "jetloom.cli.main", "train", *options]

    return function


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_torn_training_on_two_collections_ends_with_the_same_bits(slots, train, start, tmp_path, backend):
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
    assert len(one) >= 8
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)
    result = json.loads((torn / "result.json").read_text())
    assert result["metrics"]["eval_auc"] > 0.8
    if backend == "tensorflow":
        _evaluated(slots, torn, tmp_path / "best")


def _evaluated(slots, directory, output):
    """The best point of a task of such a model is predicted and evaluated as any other."""
    dataset, name = slots
    model, network = find_model(name), load_model(directory / "model.keras")
    facts = {"point": "p", "run": "r0", "fold": None, "ranked_by": "val_auc", "warnings": []}
    found = evaluate(Subject(network, model, dataset, dataset.classes, facts, Draws(1, 20)), output)
    stored = json.loads((directory / "result.json").read_text())
    assert found["metrics"]["auc"]["value"] == pytest.approx(stored["metrics"]["eval_auc"], abs=1e-6)
    with TableReader(output / "predictions.h5") as reader:
        rows = reader.read("jets")
    predicted = np.concatenate([scores for _, scores in predict(network, model, dataset.view(), "test")])
    np.testing.assert_array_equal(rows["score_gluon"], predicted[:, 0])
    assert len(rows) == dataset.view().rows("test") > 200


def test_what_fills_up_and_the_order_of_entries_do_not_matter(slots):
    dataset, name = slots
    model, view = find_model(name), dataset.view()
    network = model.build(model.parameters.model_validate(PARAMETERS), view.facts, 3, {})
    features = model.features(next(view.blocks("test")), view.facts)
    before = np.asarray(network(features))
    other = dict(features)
    for collection in COLLECTIONS:
        values, valid = features[collection].copy(), features[f"{collection}_valid"]
        assert not values[~valid].any()
        values[~valid] = 1e6
        other[collection], other[f"{collection}_valid"] = values[:, ::-1], valid[:, ::-1]
    np.testing.assert_allclose(np.asarray(network(other)), before, atol=1e-5)
    other["charged_valid"] = np.zeros_like(other["charged_valid"])
    assert np.abs(np.asarray(network(other)) - before).max() > 0.01


def test_a_model_is_told_what_the_dataset_has_not(slots):
    dataset, name = slots
    model = find_model(name)
    model.reads = frozenset({"charge", "neutral"})
    task = slot_analysis(model=name).tasks["flavour"]
    with pytest.raises(ConfigurationError, match=r"dataset: the model '.*' reads 'charge', .* did you mean 'charged'"):
        Feed(task, model, dataset, None)
    model.reads = frozenset({BRANCHINGS})
    Feed(task, model, dataset, None)


def test_buffers_are_bounded_in_bytes(slots):
    dataset, name = slots
    feed = Feed(slot_analysis(model=name).tasks["flavour"], find_model(name), dataset, None)
    assert feed.training(32, 1).buffer_rows == BUFFER_ROWS
    for slots_of_each, rows in ((200, BUFFER_BYTES // (200 * 13 + 5 * 5)), (10_000, LEAST_BUFFER_ROWS)):
        object.__setattr__(feed.facts.collections["charged"], "slots", slots_of_each)
        assert feed.training(32, 1).buffer_rows == rows


def test_a_training_reads_the_collections_of_its_model_alone(slots, monkeypatch):
    dataset, _ = slots
    tables, read = set(), TableReader.read

    def recorded(reader, table, *rows):
        tables.add(table)
        return read(reader, table, *rows)

    monkeypatch.setattr(TableReader, "read", recorded)
    model = find_model("dense")
    for reads in (frozenset(), frozenset({"neutral"})):
        model.reads = reads
        feed = Feed(slot_analysis().tasks["flavour"], model, dataset, None)
        tables.clear()
        assert sum(len(batch) for batch in feed.training(32, 1).epoch(0)) == feed.jets("train")
        assert sum(len(batch) for batch in feed.blocks("validation")) == feed.jets("validation")
        assert tables == {"jets", *reads}
