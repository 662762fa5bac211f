"""Models in a file of the user's own; the example is the one of the documentation."""

import re
from pathlib import Path

import numpy as np
import pytest

from jetloom.data.block import Block
from jetloom.data.streams.batch import Batch
from jetloom.data.view import Columns, DataFacts
from jetloom.errors import ConfigurationError, MissingFileError
from jetloom.models.registry import find_model, model_code, resolve_parameters
from jetloom.scan.points.space import points
from jetloom.scan.staleness import settings_digests
from tiny_analysis import analysis

HOWTO = Path(__file__).parents[2] / "docs" / "howto.md"


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The documentation's example, in the working directory."""
    monkeypatch.chdir(tmp_path)
    code = re.search(r"## Add a model.*?```python\n(.*?)```", HOWTO.read_text(), re.S)[1]
    path = tmp_path / "my_models.py"
    path.write_text(code)
    return path


def test_the_documented_model_is_found_and_gives_probabilities(own):
    model = find_model("my_models.py:Residual")
    parameters = model.parameters.model_validate(resolve_parameters(model, {"blocks": 2, "units": 8}))
    facts = DataFacts(Columns(["a", "b"], np.zeros(2), np.ones(2), np.zeros(2)), ["x", "y"])
    rows = np.zeros(5, [("a", "f4"), ("b", "f4")])
    rows["a"][0] = np.nan
    network = model.build(parameters, facts, 1, {})
    batch = Batch.of(model.features(Block(rows), facts), np.zeros(5, np.int32), np.ones(5, np.float32))
    outputs = np.asarray(network(batch.features))
    assert outputs.shape == (5, 2)
    assert np.allclose(outputs.sum(axis=1), 1)
    assert np.isfinite(np.asarray(model.loss(batch, outputs, parameters))).all()


def test_a_change_of_the_file_makes_its_trainings_stale(own):
    found = analysis(model="my_models.py:Residual")
    before = settings_digests(found)["train"]
    assert settings_digests(found)["train"] == before
    own.write_text(own.read_text() + "\n# another thought\n")
    assert settings_digests(found)["train"] != before
    assert model_code("dense") == model_code("dense") != model_code("bdt")


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("none.py:Residual", MissingFileError, r"none\.py: model: there is no such file"),
        ("my_models.py:Residuum", ConfigurationError, "has no model 'Residuum'.*did you mean 'Residual'"),
        ("my_models.py:Field", ConfigurationError, "has no model 'Field'"),
        ("my_models.py:OfTrees", ConfigurationError, r"'OfTrees' reads 'trees', which is no set of collections"),
        ("broken.py:Residual", ConfigurationError, r"broken\.py: cannot be imported \(ZeroDivisionError"),
    ],
)
def test_what_cannot_be_used(own, name, kind, words):
    own.write_text(own.read_text() + '\n\nclass OfTrees(Residual):\n    reads = "trees"\n')
    own.with_name("broken.py").write_text("1 / 0\n")
    with pytest.raises(kind, match=words):
        find_model(name)


def test_its_parameters_are_scanned(own):
    task = analysis(model="my_models.py:Residual", scan={"blocks": [1, 2]}, parameters={"units": 4}).tasks["flavour"]
    assert [point.parameters["blocks"] for point in points(task)] == [1, 2]
    with pytest.raises(ConfigurationError, match="no parameter 'block'; did you mean 'blocks'"):
        points(task.model_copy(update={"scan": {"block": [1]}}))


OWN = """from jetloom.models.dense import Dense


class Mine(Dense):
    x = 1

"""
LOSS = "    def loss(self, batch, outputs, parameters):\n        return outputs\n"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (LOSS.replace("loss", "los"), r"line 7, Mine: 'los' is no method of a model; did you mean 'loss'\?$"),
        (LOSS.replace("loss", "batchloss"), "line 7, Mine: 'batchloss' is no method .*'batch_loss'"),
        (
            LOSS.replace("outputs, parameters", "outputs"),
            r"line 7, Mine: loss takes other parameters \(.*; def loss\(",
        ),
        ("    read = set()\n", "line 4, Mine: 'read' is no attribute of a model; did you mean 'reads'"),
        ("    def __init__(self):\n        1 / 0\n", r"line 8, Mine: cannot be made \(ZeroDivisionError"),
        ("\nclass Other(Mine):\n    def updats(self, parameters):\n        pass\n", ""),
    ],
)
def test_methods_that_are_misspelt_are_told_with_their_line(own, body, words):
    own.with_name("mine.py").write_text(OWN + body)
    if not words:
        assert find_model("mine.py:Mine").x == 1
        with pytest.raises(ConfigurationError, match=r"mine\.py: line 9, Other: 'updats' is no method"):
            find_model("mine.py:Other")
        return
    with pytest.raises(ConfigurationError, match=rf"mine\.py: {words}"):
        find_model("mine.py:Mine")


def test_a_method_that_is_missing_is_told(own):
    own.with_name("mine.py").write_text(
        "from jetloom.models.base import Model\n\n\nclass Mine(Model):\n"
        "    def build(self, parameters, data, seed, start):\n        pass\n\n    def helper(self):\n        pass\n"
    )
    with pytest.raises(ConfigurationError, match=r"line 4, Mine: has no method 'features'; def features\(self, j"):
        find_model("mine.py:Mine")
