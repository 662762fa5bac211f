import json

import numpy as np
import pytest

from jetloom.cli.main import main
from jetloom.errors import ParityError, RefusedNetworkError
from jetloom.export.lwtnn.convert import convert_mlp
from jetloom.export.lwtnn.document import InputNode, Variable, read_document
from jetloom.export.lwtnn.evaluator import Evaluator
from jetloom.export.lwtnn.tools import TOOLS
from jetloom.export.lwtnn.variables import Variables

SIMPLE = {
    "architecture": "simplernn",
    "activation": "tanh",
    "components": {"h": {"weights": [0.5, -0.5, 1.0, 0.25], "U": [0.1, 0.2, 0.3, 0.4], "bias": [0.1, -0.1]}},
}
DENSE = {"architecture": "dense", "weights": [1.0, 2.0], "bias": [0.5], "activation": "sigmoid"}
VARIABLES = [
    {"name": "d0", "offset": 1.0, "scale": 2.0, "default": -1.0}, {"name": "z0", "offset": 0.0, "scale": 0.5}
]  # fmt: skip


@pytest.fixture
def sequential(tmp_path):
    """A file of the sequential dialect: a recurrent layer of two variables, then a dense one."""
    path = tmp_path / "network.json"
    content = {"inputs": VARIABLES, "layers": [SIMPLE, DENSE], "outputs": ["b"], "miscellaneous": {}}
    path.write_text(json.dumps(content))
    return path


def test_every_tool_prints(sequential, capsys):
    said = {}
    for tool in TOOLS:
        assert main(["lwtnn", tool, str(sequential)]) == 0
        said[tool] = capsys.readouterr().out
    assert "10  layer 0: simplernn" in said["count"]
    assert "13  in all" in said["count"]
    assert "d0: (x + 1) * 2, NaN becomes -1" in said["dump"]
    assert "output 'outputs': b (node 2)" in said["dump"]
    assert "10,000 rows at once" in said["benchmark"]
    given = json.loads(said["inputs"])
    evaluator = Evaluator(read_document(sequential))
    found = evaluator(given["inputs"], given["input_sequences"])
    assert json.loads(said["pattern"])["outputs"]["b"] == pytest.approx(found["outputs"]["b"][0], abs=1e-12)
    steps = np.array(given["input_sequences"]["node_0"]["z0"])
    assert len(steps) == 20
    assert steps[[0, -1]] * 0.5 == pytest.approx([-1.0, 1.0])  # the second ramp ends at 1, times that of the steps


def test_a_sequential_file_becomes_a_graph_that_says_the_same(sequential, tmp_path, capsys):
    path = tmp_path / "graph.json"
    assert main(["lwtnn", "graph", str(sequential), "--output", str(path)]) == 0
    said = []
    for file in (sequential, path):
        assert main(["lwtnn", "pattern", str(file)]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert not read_document(path).sequential


def test_a_cut_file_is_one_line(sequential, capsys):
    sequential.write_text(sequential.read_text()[:-20])
    assert main(["lwtnn", "dump", str(sequential)]) == 3
    assert "is not JSON: cut or damaged" in capsys.readouterr().err


@pytest.mark.parametrize("classes", [2, 3])
def test_a_perceptron_of_scikit_learn_closes(classes, tmp_path):
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    generator = np.random.default_rng(1)
    rows = generator.normal(size=(80, 2))
    labels = (rows[:, 0] > 0).astype(int) + (classes > 2) * (rows[:, 1] > 0)
    mlp = MLPClassifier(hidden_layer_sizes=(5, 4), activation="tanh", max_iter=5, random_state=1).fit(rows, labels)
    path = tmp_path / "mlp.json"
    names = [f"p{place}" for place in range(3 if classes > 2 else 1)]
    node = InputNode("jets", [Variable("pt", 0.0, 1.0), Variable("mass", 0.0, 1.0)])
    assert convert_mlp(mlp, Variables([node], [], {"flavour": names}), path, rows) < 1e-9
    found = Evaluator.open(path)({"jets": {"pt": rows[:, 0], "mass": rows[:, 1]}})["flavour"]
    assert found[names[-1]] == pytest.approx(mlp.predict_proba(rows)[:, -1], abs=1e-9)
    regressor = MLPRegressor(hidden_layer_sizes=(3,), activation="logistic", max_iter=5, random_state=1).fit(
        rows, rows[:, 0]
    )
    assert convert_mlp(regressor, None, tmp_path / "regressor.json", rows) < 1e-9


def test_what_is_no_perceptron_is_refused(tmp_path):
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPRegressor

    with pytest.raises(RefusedNetworkError, match="LogisticRegression is no multi-layer perceptron"):
        convert_mlp(LogisticRegression(), None, tmp_path / "x.json", [])
    rows = np.random.default_rng(1).normal(size=(20, 2))
    mlp = MLPRegressor(hidden_layer_sizes=(3,), max_iter=5, random_state=1).fit(rows, rows[:, 0])
    mlp.predict = lambda rows: np.zeros(len(rows))
    with pytest.raises(ParityError, match="differs from scikit-learn"):
        convert_mlp(mlp, None, tmp_path / "x.json", rows)
    assert not (tmp_path / "x.json").exists()
