"""The tagger with an adversary of the documentation: two networks trained in turn."""

import json
import re
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from torn import history, wait_for, weights

from jetloom.config.load import load_merged
from jetloom.data.building.build import build
from jetloom.data.streams.batch import Batch
from jetloom.data.view import Columns, DataFacts
from jetloom.models.registry import find_model
from jetloom.scan.compatibility import check_models
from jetloom.statistics.classification import auc
from jetloom.training import checkpoint
from jetloom.training.backends.backend import use_backend
from tiny_analysis import CONFIG, merged, write_samples

HOWTO = Path(__file__).parents[2] / "docs" / "howto.md"
SECTION = re.search(r"## Train a tagger against an adversary\n(.*?)\n## ", HOWTO.read_text(), re.S)[1]
INPUTS = ["log(pt - 25)", "width", "ntrk"]
EPOCHS = 8


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """The documentation's file, and the datasets of a task and of its control region, which has fewer jets."""
    found = tmp_path_factory.mktemp("adversary")
    (found / "adversary.py").write_text(re.search(r"```python\n(.*?)```", SECTION, re.S)[1])
    files = write_samples(found / "hdf5")
    for task in ("flavour", "region"):
        build(load_merged(_config(found)), task, files, found / task)
    return found


def _config(directory, backend="tensorflow"):
    sizes = {"batch_size": 64, "hidden_layers": 1, "units": 8, "adversary_units": 4}
    noise = {"dropout": 0.2, "batch_normalization": True, "l2": 1e-4}
    tasks = {
        "flavour": {
            "inputs": INPUTS,
            "model": f"{directory}/adversary.py:Adversary",
            "control": "region",
            "parameters": {"epochs": EPOCHS, "optimizer": "nadam", "adversary_rate": 0.7, **sizes, **noise},
            "training": {
                "backend": backend,
                "checkpoint_steps": 4,
                "early_stopping": None,
                "reduce_learning_rate": {"patience": 1, "min_delta": 0.2},
            },
        },
        "region": {
            "samples": ["ttbar"],
            "labels": {"backward": {"when": "eta < 0"}, "forward": {"when": "eta >= 0"}},
            "inputs": INPUTS,
            "split": {"train": 0.6, "validation": 0.2, "test": 0.2},
        },
    }
    return merged(CONFIG, {"tasks": tasks})


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_one_that_is_killed_goes_on_and_ends_with_the_same_bits(directory, start, tmp_path, backend):
    alone, torn = tmp_path / "alone", tmp_path / "torn"
    (tmp_path / "c.json").write_text(json.dumps(_config(directory, backend)))

    def command(output):
        given = {"config": tmp_path / "c.json", "task": "flavour", "output": output}
        given |= {"dataset": directory / "flavour", "control": directory / "region"}
        options = [text for name, value in given.items() for text in (f"--{name}", str(value))]
        return [sys.executable, "-m", "jetloom.cli.main", "train", *options]

    process = start(command(alone))
    assert process.wait(240) == 0, process.communicate()[1]
    process = start(command(torn))
    before = wait_for(torn / "checkpoint.npz", 1, process)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert before.epoch < EPOCHS
    assert not (torn / "result.json").exists()
    process = start(command(torn))
    assert process.wait(240) == 0, process.communicate()[1]
    rows = history(torn)
    assert rows == history(alone)
    assert len({row["learning_rate"] for row in rows}) > 1
    assert len({row["loss_adversary"] for row in rows}) == len({row["loss_tagger"] for row in rows}) == EPOCHS
    for part, count in (("model", 12), ("tagger", 8)):
        one, other = weights(alone, part), weights(torn, part)
        assert len(one) == len(other) == count
        for name, array in one.items():
            np.testing.assert_array_equal(array, other[name], err_msg=name)
    assert checkpoint.load(torn / "checkpoint.npz")[0].attempts == 2
    for one, other in zip(*(checkpoint.load(path / "checkpoint.npz")[1] for path in (alone, torn)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_documented_configuration_is_accepted(directory, monkeypatch):
    monkeypatch.chdir(directory)
    tasks = yaml.safe_load(re.search(r"```yaml\n(.*?)```", SECTION, re.S)[1])["tasks"]
    samples = {name: {"files": ["a.root"]} for name in ("signal", "background", "data")}
    analysis = load_merged({"samples": samples, "tasks": tasks})
    check_models(analysis)
    assert analysis.tasks["tagger"].control == "region"


def _toy(seed, rows=4000):
    """Two classes that both variables tell apart; in the control region the second one differs in data."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, rows).astype(np.int32)
    main = rng.normal(size=(rows, 2)) + labels[:, None] * [0.9, 1.2]
    region = rng.normal(size=(rows, 2)) + labels[:, None] * [0.0, 0.8]
    ones = np.ones(rows, np.float32)
    return tuple(Batch.of(x.astype(np.float32), labels, ones) for x in (main, region))


def test_the_adversary_takes_what_data_and_simulation_do_not_have_in_common(directory):
    use_backend("tensorflow", 1)
    from jetloom.training.steppers.choice import make_stepper

    model, (main, region), test = find_model(f"{directory}/adversary.py:Adversary"), _toy(1), _toy(2)
    facts = DataFacts(Columns(["a", "b"], np.zeros(2), np.ones(2), None), ["x", "y"])
    areas = {}
    for weight in (0.0, 10.0):
        settings = model.parameters(adversary_weight=weight, units=8, learning_rate=0.003, adversary_rate=5.0)
        stepper = make_stepper(model.build(settings, facts, 1, {}), model, settings)
        for epoch in range(12):
            order = np.random.default_rng(epoch).permutation(4000)
            for start in range(0, 4000, 200):
                rows = order[start : start + 200]
                stepper.train({"main": main.take(rows), "control": region.take(rows)})
        said = [model.predictions(stepper.predict(part.features)) for part in test]
        areas[weight] = [auc(part.target, one, part.weights) for part, one in zip(test, said, strict=True)]
    # Both variables tell the classes apart with an area of 0.855, the first one alone with 0.738.
    assert areas[0.0][0] > 0.84
    assert areas[0.0][1] > 0.65
    assert abs(areas[10.0][1] - 0.5) < 0.08
    assert areas[10.0][0] > 0.74
