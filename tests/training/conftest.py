"""A small dataset, and the command line that trains on it."""

import json
import os
import signal
import subprocess
import sys

import pytest

from jetloom.data.building.build import build
from jetloom.data.dataset import Dataset
from jetloom.training.interruption import SIGNALS
from tiny_analysis import analysis, config, write_samples
from tree_files import tree_analysis, tree_config, write_tree_samples


@pytest.fixture(autouse=True)
def signals():
    """A training that a signal has stopped goes on catching signals; the tests after it do not."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    """About 650 jets to train on, some with a missing input."""
    directory = tmp_path_factory.mktemp("training")
    files = write_samples(directory / "hdf5")
    task = {"inputs": ["log(pt - 25)", "width", "ntrk"]}
    build(analysis(**task), "flavour", files, directory / "dataset")
    return Dataset.open(directory / "dataset")


@pytest.fixture(scope="session")
def trees(tmp_path_factory):
    """About 1,000 jets to train on, with their trees."""
    directory = tmp_path_factory.mktemp("training_on_trees")
    files = write_tree_samples(directory / "trees", rows=800)
    build(tree_analysis(), "flavour", files, directory / "dataset")
    return Dataset.open(directory / "dataset")


@pytest.fixture
def command(dataset, trees, tmp_path):
    """Return the command line of a training with some of the task's keys changed."""

    def function(output, **task):
        path = tmp_path / "config.json"
        on_trees = task.get("model", "dense") != "dense"
        content = tree_config(**task) if on_trees else config(inputs=["log(pt - 25)", "width", "ntrk"], **task)
        path.write_text(json.dumps(content))
        data = trees if on_trees else dataset
        given = {"config": path, "task": "flavour", "dataset": data.directory, "output": output}
        options = [text for name, value in given.items() for text in (f"--{name}", str(value))]
        return [sys.executable, "-m", "jetloom.cli.main", "train", *options]

    return function


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory):
    """Where the processes keep the compiled modules, so that each but the first starts fast wherever this runs."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return environment | {"PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("bytecode"))}


@pytest.fixture
def start(bytecode):
    """Start processes that are ended when the test is over."""
    started = []

    def function(arguments):
        process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env=bytecode)
        started.append(process)
        return process

    yield function
    for process in started:
        process.kill()
        process.wait()
        process.stderr.close()
