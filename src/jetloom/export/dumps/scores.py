"""Scores of an exported network beside the jets, and the check that stored ones are those of a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import (
    ConfigurationError,
    CorruptFileError,
    MissingFileError,
    MissingObjectError,
    ParityError,
    near_misses,
)
from jetloom.export.dumps.plain import Rows
from jetloom.expressions import evaluate, names_in

Array = npt.NDArray[Any]
PREFIX = "nn_"
LIMIT = 1e-5
"""How far stored scores may be from those of a network."""
BLOCK = 100_000


@dataclass(frozen=True)
class Scorer:
    """A network that says something of rows with named columns.

    Attributes
    ----------
    inputs : list of str
        Names of its variables, in order.
    labels : list of str
        Names of what it gives.
    expressions : mapping of str to str
        How variables are made of the columns of a file that has no column of their name.
    compute : callable
        From values of shape (rows, inputs), NaN where missing, to shape (rows, labels).
    path : Path
        The file.
    """

    inputs: list[str]
    labels: list[str]
    expressions: Mapping[str, str]
    compute: Callable[[Array], Array]
    path: Path

    def __call__(self, rows: Rows) -> dict[str, Array]:
        """Return the scores of rows as float32, by ``nn_`` and label.

        Raises
        ------
        MissingObjectError
            If the rows lack a column that the network needs.
        """
        parts = []
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK]
            parts.append(self.compute(np.stack([self._column(block, name) for name in self.inputs], axis=1)))
        scores = np.concatenate(parts) if parts else np.zeros((0, len(self.labels)))
        return {f"{PREFIX}{label}": scores[:, place].astype(np.float32) for place, label in enumerate(self.labels)}

    def _column(self, rows: Rows, name: str) -> Array:
        known = rows.dtype.names or ()
        if name in known:
            return np.asarray(rows[name], np.float32)
        text = self.expressions.get(name)
        lacking = [name] if text is None else sorted(set(names_in(text)) - set(known))
        if text is None or lacking:
            raise MissingObjectError(
                f"the network '{self.path.name}' needs the column '{lacking[0]}', which the file has not",
                advice=near_misses(lacking[0], known),
            )
        with np.errstate(all="ignore"):
            values = evaluate(text, {one: rows[one] for one in names_in(text)})
        return np.asarray(np.broadcast_to(values, len(rows)), np.float32)


def open_scorer(path: Path) -> Scorer:
    """Open a network: a JSON of lwtnn, an ONNX file of jetloom, or the directory of architecture and weights.

    Raises
    ------
    MissingFileError, CorruptFileError, ConfigurationError
        If there is none, it is damaged, or it takes more than one vector of variables.
    """
    if not path.exists():
        raise MissingFileError("there is no such file", path=path)
    if path.is_dir():
        return _of_keras(path)
    return _of_onnx(path) if path.suffix == ".onnx" else _of_lwtnn(path)


def _one_vector(schema: Mapping[str, Any], path: Path) -> tuple[list[str], list[str]]:
    """Return names of variables and labels of a network of one vector and one output."""
    try:
        nodes, outputs = schema["inputs"], schema["outputs"]
        if len(nodes) != 1 or schema["input_sequences"] or len(outputs) != 1:
            raise ConfigurationError(
                "takes more than one vector of variables, or gives more than one output", path=path,
                advice="apply it with jetloom apply",
            )  # fmt: skip
        return [one["name"] for one in nodes[0]["variables"]], list(outputs[0]["labels"])
    except (KeyError, TypeError) as error:
        raise CorruptFileError(f"does not say what its inputs are ({error})", path=path) from None


def _of_lwtnn(path: Path) -> Scorer:
    from jetloom.export.lwtnn.evaluator import Evaluator, preprocessed

    evaluator = Evaluator.open(path)
    document = evaluator.document
    if len(document.inputs) != 1 or document.sequences or len(document.outputs) != 1:
        _one_vector({"inputs": [], "outputs": [], "input_sequences": []}, path)
    (node,), ((name, output),) = document.inputs, document.outputs.items()
    said = json.loads(path.read_text(encoding="utf-8")).get("jetloom", {})

    def compute(values: Array) -> Array:
        return evaluator.arrays([preprocessed(values.astype(float), node, replace_nan=True)], [])[name]

    return Scorer(node.names, output.labels, said.get("inputs", {}), compute, path)


def _of_onnx(path: Path) -> Scorer:
    from jetloom.export.onnx.writer import Session

    session = Session(path)
    names, labels = _one_vector(session.description.get("schema", {}), path)
    (given,) = session.inputs
    return Scorer(
        names, labels, session.description.get("inputs", {}), lambda values: session({given: values})[0], path
    )


def _of_keras(path: Path) -> Scorer:
    from jetloom.export.keras_parts import ARCHITECTURE, VARIABLES, WEIGHTS

    for name in (ARCHITECTURE, WEIGHTS, VARIABLES):
        if not (path / name).is_file():
            raise MissingFileError("there is no such file", path=path / name)
    schema = json.loads((path / VARIABLES).read_text(encoding="utf-8"))
    names, labels = _one_vector(schema, path / VARIABLES)
    import keras  # whoever calls has chosen the backend

    network = keras.models.model_from_json((path / ARCHITECTURE).read_text(encoding="utf-8"))
    network.load_weights(path / WEIGHTS)
    said = schema.get("jetloom", {}).get("inputs", {})
    return Scorer(names, labels, said, lambda values: np.asarray(network(values, training=False)), path)


def validate(rows: Rows, scorer: Scorer, path: Path, limit: float = LIMIT) -> float:
    """Hold stored scores against those of a network; return the largest difference.

    Raises
    ------
    MissingObjectError
        If the file has no such scores.
    ParityError
        If they differ: they are those of other jets, or of another network.
    """
    found = scorer(rows)
    for name in found:
        if name not in (rows.dtype.names or ()):
            raise MissingObjectError(
                f"has no score '{name}'", path=path, advice=near_misses(name, rows.dtype.names or ())
            )
    far = np.zeros(len(rows))
    for name, values in found.items():
        stored = rows[name].astype(float)
        same = np.isnan(stored) & np.isnan(values)
        difference = np.where(same, 0.0, np.abs(stored - values))
        far = np.maximum(far, np.where(np.isnan(difference), np.inf, difference))
    largest = float(far.max(initial=0.0))
    if largest > limit:
        raise ParityError(
            f"{int((far > limit).sum())} of {len(rows)} rows have other scores than '{scorer.path.name}' gives, by up "
            f"to {largest:.2g}",
            path=path,
            advice="they are scores of another network, or of other rows",
        )
    return largest
