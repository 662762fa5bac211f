"""Models of the user's own are tried with made-up rows: what is wrong is told with file and line, before any job."""

import json
import re
from pathlib import Path

import pytest

from jetloom.cli.main import main
from jetloom.errors import ConfigurationError
from jetloom.training.rehearsal import ROWS, rehearse
from tiny_analysis import analysis, config

HOWTO = (Path(__file__).parents[2] / "docs" / "howto.md").read_text()
HEAD = """from keras import ops, layers, Model as Network
from jetloom.models.dense import Dense
from jetloom.models.updates import Update


class Mine(Dense):
"""
METHODS = {
    "loss": "def loss(self, batch, outputs, parameters):",
    "features": "def features(self, jets, data):",
    "predictions": "def predictions(self, outputs):",
    "batch_loss": "def batch_loss(self, batch, outputs, parameters):",
    "updates": "def updates(self, parameters):",
    "submodels": "def submodels(self, network):",
    "build": "def build(self, parameters, data, seed, start):",
}


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Write a model with one method of its own, and try it."""
    monkeypatch.chdir(tmp_path)

    def function(method, body):
        (tmp_path / "mine.py").write_text(f"{HEAD}    {METHODS[method]}\n        {body}\n")
        rehearse(analysis(model="mine.py:Mine"))

    return function


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("loss", "return ops.sum(ops.square(outputs), axis=1)"),
        ("batch_loss", "return ops.mean(outputs)"),
        ("updates", "return [Update(), Update('more', loss=lambda network, batches: ops.sum(network.weights[0]))]"),
        ("submodels", "return {'body': network}"),
    ],
)
def test_one_that_is_right(mine, method, body):
    mine(method, body)


@pytest.mark.parametrize(
    ("method", "body", "words"),
    [
        (
            "loss",
            "return ops.square(ops.cast(batch.target, 'float32')[:, None] - batch.weights)",
            rf"line 7, Mine: loss: gives the shape \({ROWS}, {ROWS}\) for {ROWS} rows, not \({ROWS},\)$",
        ),
        ("loss", "return ops.mean(outputs)", rf"line 7, Mine: loss: gives the shape \(\) for {ROWS} rows"),
        ("loss", "return outputs + batch.label", r"line 8, Mine: loss failed \(AttributeError: .*'label'"),
        ("predictions", "return outputs[:, 0]", rf"line 7, Mine: predictions: gives the shape \({ROWS},\) .* 2\)$"),
        ("features", "return jets['width'][None]", rf"line 7, .* of 'jets' the shape \(1, {ROWS}\) .*\({ROWS}, 3\)$"),
        (
            "features",
            "return {'jet': jets['width']}",
            "line 7, Mine: features: gives no 'jets', which",
        ),
        ("features", "return jets['wide']", r"line 8, Mine: features failed \(ValueError: no field of name wide\)"),
        ("features", "return jets.rows['width'][:, None]", rf"of 'jets' the shape \({ROWS}, 1\) .*\({ROWS}, 3\)$"),
        ("batch_loss", "return outputs[:, 0]", rf"line 7, Mine: batch_loss: gives the shape \({ROWS},\) .* not \(\)$"),
        ("updates", "return [Update(repeat=0)]", r"line 8, Mine: updates failed \(ValueError: repeat is a whole"),
        (
            "updates",
            "return [Update(variables=lambda network: [])]",
            "line 7, Mine: updates: the update 'main' changes no variable",
        ),
        (
            "updates",
            "return [Update(loss=lambda network, batches: network(batches['main'].features))]",
            rf"line 7, Mine: updates: gives as the loss of 'main' the shape \({ROWS}, 2\)",
        ),
        (
            "updates",
            "return [Update(loss=lambda network, batches: ops.sum(network.weights[0]))]",
            r"updates: no update returns the network's outputs .*; let the loss of one return both",
        ),
        (
            "updates",
            "return [Update(loss=lambda network, batches: ops.sum(batches['control'].weights))]",
            r"line 8, Mine: updates failed \(KeyError: 'control'\)",
        ),
        ("submodels", "return {'model': network}", "line 7, Mine: submodels: gives 'model': Functional, where names"),
        ("submodels", "return {'body': network.layers[1].name}", "line 7, Mine: submodels: gives 'body': str"),
        ("build", "return layers.Dense(3, units=4)", r"line 8, Mine: build failed \(TypeError"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(mine, method, body, words):
    with pytest.raises(ConfigurationError, match=r"mine\.py: .*") as caught:
        mine(method, body)
    assert re.search(words, str(caught.value)), caught.value


OBJECTIVE = """from jetloom.models.dense import Dense
from jetloom.models.objectives.classification import Classification


class Own(Classification):
    def {method}:
        {body}


class Mine(Dense):
    objective = Own()
"""


@pytest.mark.parametrize(
    ("method", "body", "words"),
    [
        (
            "row_metrics(self, batch, outputs)",
            "return {}",
            "line 6, Own: row_metrics: gives no 'accuracy', which",
        ),
        (
            "row_metrics(self, batch, outputs)",
            "return {'accuracy': outputs}",
            rf"line 6, Own: row_metrics: gives of 'accuracy' the shape \({ROWS}, 2\) for {ROWS} rows, not \({ROWS},\)$",
        ),
        ("part_metrics(self, target, predicted, weights)", "return {}", "line 6, Own: part_metrics: gives no 'auc'"),
        ("part_metrics(self, target, predicted, weights)", "1 / 0", "line 7, Own: part_metrics failed .ZeroDivisionE"),
        ("target(self, jets, features, data)", "return jets['mass']", "line 7, Own: target failed .ValueError: no fi"),
    ],
)
def test_what_is_wrong_with_an_objective_is_told_with_its_line(tmp_path, monkeypatch, method, body, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(OBJECTIVE.format(method=method, body=body))
    with pytest.raises(ConfigurationError, match=rf"mine\.py: {words}"):
        rehearse(analysis(model="mine.py:Mine"))


def test_the_documented_models_are_right(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    codes = re.findall(r"```python\n(.*?)```", HOWTO, re.DOTALL)
    tracks = {"of": "tracks", "inputs": ["log(pt)", "eta"], "slots": 4}
    for name in ("Residual", "Adversary", "Sums"):
        (code,) = (one for one in codes if f"class {name}(" in one)
        (tmp_path / "mine.py").write_text(code)
        collections = {"charged": tracks, "neutral": {**tracks, "slots": 3}} if name == "Sums" else {}
        rehearse(analysis(model=f"mine.py:{name}", collections=collections))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return ops.mean(outputs)", "mine.py: line 7, Mine: loss: gives the shape ()"),
        ("return ops.sum(outputs, axis=1)", ""),
    ],
)
def test_jetloom_check_tries_it(tmp_path, monkeypatch, capsys, body, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(f"{HEAD}    {METHODS['loss']}\n        {body}\n")
    (tmp_path / "config.json").write_text(json.dumps(config(model="mine.py:Mine")))
    with pytest.MonkeyPatch.context() as patch:  # there are no samples
        patch.setattr("jetloom.scan.preflight.check_analysis", lambda analysis: None)
        patch.setattr("jetloom.paths.source_files", lambda analysis, sample: {})
        assert main(["check", str(tmp_path / "config.json")]) == (2 if words else 0)
    assert words in capsys.readouterr().err
