"""Predictions of a trained classifier, block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.data.block import BRANCHINGS
from jetloom.data.view import DataFacts
from jetloom.errors import BadValueError
from jetloom.inference.tree_batches import BLOCK_ROWS, TreeOutputs
from jetloom.models.stored_network import load_network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy.typing as npt

    from jetloom.data.block import Block
    from jetloom.data.view import View
    from jetloom.models.base import Model

    Array = npt.NDArray[Any]


ROWS = 10_000
"""Jets that a network on their variables is given at once."""


def load_model(path: Path) -> Any:
    """Load a trained model: a Keras model, or boosted trees if the name ends in ``.json``.

    Raises
    ------
    MissingFileError, CorruptFileError
        If it is not there or cannot be read.
    """
    if path.suffix == ".json":
        from jetloom.models.boosted_trees import BoostedTrees

        return BoostedTrees.load(path)
    import jetloom.models.layers  # noqa: F401 - registers the layers

    return load_network(path)


def outputs_of(network: Any, model: Model, facts: DataFacts) -> Callable[[Block], Array]:
    """Return a function that says what a trained model gives for jets, one row each, as a numpy array.

    Parameters
    ----------
    network : Keras model or BoostedTrees
        What :func:`load_model` gave.
    model : Model
        The kind of network it is: it knows what the network takes.
    facts : DataFacts
        Of the dataset that it was trained on.
    """
    from jetloom.models.boosted_trees import BoostedTrees

    if isinstance(network, BoostedTrees):
        return lambda jets: network.probabilities(np.asarray(model.features(jets, facts)))
    if BRANCHINGS in model.reads:
        return TreeOutputs(network, model, facts).in_order
    return lambda jets: np.asarray(network(model.features(jets, facts), training=False))


def predict(
    network: Any, model: Model, view: View, role: str, most: int | None = None
) -> Iterator[tuple[Array, Array]]:
    """Predict the jets of a role of the dataset.

    Parameters
    ----------
    network : Keras model or BoostedTrees
        What :func:`load_model` gave; preprocessing lies inside.
    model : Model
        The kind of network it is: it knows what the network takes.
    view : View
        The dataset's files and input columns.
    role : str
        ``train``, ``validation`` or ``test``.
    most : int, optional
        Take only every k-th jet, so that no more than about ``most`` are predicted, from all over the files.

    Yields
    ------
    rows : structured array, shape (n,)
        The dataset's rows.
    predicted : array of float, shape (n, columns)
        Of a classifier the probabilities of the classes.

    Raises
    ------
    BadValueError
        If the model does not give one finite number for each column that its objective says.
    """
    outputs, columns = outputs_of(network, model, view.facts), model.objective.columns(view.facts)
    what = "classes" if model.objective.kind == "classifier" else "numbers"
    step = 1 if most is None else max(1, -(-view.rows(role) // most))
    reads = model.reads_of(view.facts.collections)
    for block in view.blocks(role, BLOCK_ROWS if BRANCHINGS in reads else ROWS, reads):
        jets = block.take(slice(None, None, step))
        if len(jets):
            output = model.predictions(outputs(jets))
            if output.shape != (len(jets), len(columns)) or not np.isfinite(output).all():
                shape = f"an output of shape {output.shape[1:]}, finite: {bool(np.isfinite(output).all())}"
                raise BadValueError(f"the model gave {shape}, where {len(columns)} {what} were expected")
            yield jets.rows, output
