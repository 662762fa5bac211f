"""Archives of the old system: an architecture in JSON, weights in HDF5, and a mean and a scale; no pickle is read."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.conversion import Conversion
from jetloom.config.load import checked
from jetloom.config.schema import find_schema
from jetloom.config.tasks.old_model import OldModel
from jetloom.config.tasks.task import Task
from jetloom.config.yaml_text import read_yaml
from jetloom.errors import ConfigurationError, CorruptFileError, MissingFileError, MissingObjectError
from jetloom.export.lwtnn.evaluator import Evaluator
from jetloom.export.lwtnn.old_keras import read_old
from jetloom.export.lwtnn.writer import write_document
from jetloom.expressions import column_name
from jetloom.inference.applied.recipe import Recipe
from jetloom.io.integrity.damage import Interpreting

ARCHITECTURE, WEIGHTS = "_model.json", "_model.h5"
PICKLES = (".pkl", ".pickle", ".p", ".joblib")
TEMPLATE = "{schema: flat.yaml, inputs: [met], classes: [signal], mean: [0.0], scale: [1.0]}"


class OldNetwork:
    """A network of the old system, evaluated with NumPy as lwtnn does.

    Parameters
    ----------
    evaluator : Evaluator
    mean, scale : arrays of shape (inputs,)
        The inputs are shifted and divided by these; a missing one takes the mean.
    """

    def __init__(self, evaluator: Evaluator, mean: npt.NDArray[Any], scale: npt.NDArray[Any]) -> None:
        self._evaluator, self._mean, self._scale = evaluator, mean, scale
        self._sizes = [len(node.variables) for node in evaluator.document.inputs]

    def __call__(self, features: npt.NDArray[Any], training: bool = False) -> npt.NDArray[np.float32]:  # noqa: ARG002
        """Return what it says of rows, shape (rows, outputs)."""
        values = np.where(np.isfinite(features), features, self._mean).astype(np.float64)
        values = (values - self._mean) / self._scale
        vectors = np.split(values, np.cumsum(self._sizes)[:-1], axis=1)
        found = self._evaluator.arrays(vectors, [])
        return np.concatenate(list(found.values()), axis=1).astype(np.float32)


def open_old(path: Path, description: Path) -> tuple[Recipe, OldNetwork]:
    """Read an archive of the old system, with the file that says what it does not.

    Parameters
    ----------
    path : Path
        A zip archive that holds ``<name>_model.json`` and ``<name>_model.h5``.
    description : Path
        YAML, see :class:`jetloom.config.tasks.old_model.OldModel`.

    Raises
    ------
    MissingFileError, CorruptFileError, MissingObjectError
        If a file is missing or damaged, or the network is none of Keras 1 or 2.
    ConfigurationError
        If the description is wrong or does not fit the network, or a pickle is given.
    """
    for given in (path, description):
        if given.suffix in PICKLES:
            raise ConfigurationError(
                "is a pickle, which may run anything when it is read, and is not read",
                path=given,
                advice=f"write what it holds to a YAML file: {TEMPLATE}",
            )
        if not given.is_file():
            raise MissingFileError("there is no such file", path=given)
    said = checked(OldModel, read_yaml(description), description)
    graph = _graph(path)
    evaluator = Evaluator(write_document(graph)[0])
    document = evaluator.document
    inputs = sum(len(node.variables) for node in document.inputs)
    outputs = sum(len(output.labels) for output in document.outputs.values())
    if document.sequences:
        raise ConfigurationError("reads sequences, and rows have none", path=path)
    for key, found, wanted in (("inputs", len(said.inputs), inputs), ("classes", len(said.classes), outputs)):
        if found != wanted:
            raise ConfigurationError(f"{found} are named, and the network has {wanted}", path=description, where=key)
    mean = np.array(said.mean or np.zeros(inputs))
    return _recipe(path, said), OldNetwork(evaluator, mean, np.array(said.scale or np.ones(inputs)))


def _graph(path: Path) -> Any:
    """Read the network of an archive."""
    with tempfile.TemporaryDirectory(prefix="jetloom-") as directory, Interpreting(path), zipfile.ZipFile(path) as file:
        names = file.namelist()
        found = []
        for ending in (ARCHITECTURE, WEIGHTS):
            fitting = [name for name in names if name.endswith(ending)]
            if len(fitting) != 1:
                cause = f"has {len(fitting)} members that end with {ending}"
                raise MissingObjectError(cause, path=path, advice="is it an archive of the old system?")
            found.append(Path(directory) / Path(fitting[0]).name)
            found[-1].write_bytes(file.read(fitting[0]))
        try:
            return read_old(*found)
        except CorruptFileError as error:
            raise CorruptFileError(error.cause, path=path, where=error.where, advice=error.advice) from None


def _recipe(path: Path, said: OldModel) -> Recipe:
    """Return the recipe of an old model: nothing is known of its training."""
    task = Task.model_validate(
        {
            "rows": said.rows,
            "inputs": said.inputs,
            "select": said.select,
            "labels": {name: {"when": "0"} for name in said.classes},
        }
    )
    size = len(said.inputs)
    view: dict[str, Any] = {"fold": None, "weight": "weight", "train": [], "validation": [], "test": []}
    view |= {"mean": [0.0] * size, "std": [1.0] * size, "missing": None}
    dataset = {
        "fingerprint": "",
        "classes": [{"name": name} for name in said.classes],
        "inputs": [{"column": column_name(text)} for text in said.inputs],
        "views": [view],
    }
    schema = find_schema(said.schema_name)
    return Recipe(path.stem, "old", "r0", task, dataset, Conversion(), {"": schema})
