"""Files of lwtnn from what Keras 3 cannot load: networks of Keras 1 and 2, and of scikit-learn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from jetloom.errors import ParityError, RefusedNetworkError
from jetloom.export.graphs.graph import INPUT, Graph, Node
from jetloom.export.lwtnn.document import Document, read_document, to_json
from jetloom.export.lwtnn.evaluator import Evaluator
from jetloom.export.lwtnn.variables import Variables
from jetloom.export.lwtnn.writer import write_document
from jetloom.io.atomic import publishing

LIMIT = 1e-5


def write_file(document: Document, path: Path) -> None:
    """Publish a document; it is read again and built before it gets its name."""
    with publishing(path, lambda part: Evaluator(read_document(part))) as part:
        part.write_text(json.dumps(to_json(document), indent=1, allow_nan=False) + "\n", encoding="utf-8")


def convert_old(graph: Graph, variables: Variables | None, path: Path) -> None:
    """Write a network of Keras 1 or 2; see :func:`jetloom.export.lwtnn.old_keras.read_old`."""
    write_file(write_document(graph, variables)[0], path)


def graph_of_mlp(mlp: Any) -> Graph:
    """Return the graph of a multi-layer perceptron of scikit-learn, a classifier or a regressor.

    Parameters
    ----------
    mlp : MLPClassifier or MLPRegressor
        Fitted.

    Raises
    ------
    RefusedNetworkError
        If it is something else, or was not fitted.
    """
    if not hasattr(mlp, "coefs_") or not hasattr(mlp, "out_activation_"):
        raise RefusedNetworkError(
            f"a {type(mlp).__name__} is no multi-layer perceptron that was fitted",
            where="scikit-learn",
            advice="fit an MLPClassifier or MLPRegressor; trees have formats of their own",
        )
    names = {"identity": "linear", "logistic": "sigmoid", "relu": "relu", "tanh": "tanh", "softmax": "softmax"}
    nodes = {"input": Node("input", INPUT, [], (len(mlp.coefs_[0]),))}
    last = len(mlp.coefs_) - 1
    for place, (kernel, bias) in enumerate(zip(mlp.coefs_, mlp.intercepts_, strict=True)):
        activation = names[mlp.out_activation_ if place == last else mlp.activation]
        name, source = f"layer_{place}", list(nodes)[-1]
        nodes[name] = Node(name, "Dense", [source], (len(bias),), {"activation": activation}, [kernel, bias])
    return Graph(nodes, ["input"], [f"layer_{last}"])


def convert_mlp(mlp: Any, variables: Variables | None, path: Path, rows: Any) -> float:
    """Write a multi-layer perceptron of scikit-learn; return the largest deviation on some rows.

    Parameters
    ----------
    mlp : MLPClassifier or MLPRegressor
        Fitted, on inputs as the network gets them: after offset and scale of the variables.
    variables : Variables, optional
        Names of inputs and outputs.
    path : Path
        The file.
    rows : array, shape (rows, inputs)
        As it was fitted on.

    Raises
    ------
    ParityError
        If the file says something else than scikit-learn; it is not written then.
    """
    document, _ = write_document(graph_of_mlp(mlp), variables)
    (found,) = Evaluator(document).arrays([np.asarray(rows, float)], []).values()
    expected = mlp.predict_proba(rows) if hasattr(mlp, "predict_proba") else mlp.predict(rows).reshape(len(rows), -1)
    expected = expected[:, -found.shape[1] :]  # of two classes the perceptron has one output
    far = float((np.abs(found - expected) / np.maximum(1.0, np.abs(expected))).max())
    if far > LIMIT:
        raise ParityError(f"differs from scikit-learn by up to {far:.2g}", path=path)
    write_file(document, path)
    return far
