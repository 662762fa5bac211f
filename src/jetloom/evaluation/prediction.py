"""Predictions of a trained classifier, block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.errors import BadValueError, CorruptFileError, MissingFileError
from jetloom.models.base import DataFacts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    from jetloom.data.dataset import View
    from jetloom.models.base import Model

    Array = npt.NDArray[Any]

BLOCK_ROWS = 10_000


def load_model(path: Path) -> Any:
    """Load a saved Keras model, with jetloom's own layers known.

    Raises
    ------
    MissingFileError, CorruptFileError
        If it is not there or cannot be read.
    """
    import keras

    import jetloom.models.layers  # noqa: F401 - registers the layers

    if not path.is_file():
        raise MissingFileError("there is no such file", path=path, advice="train this point first")
    try:
        return keras.saving.load_model(path, compile=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptFileError(f"is not a Keras model that can be loaded ({error})", path=path) from error


def predict(
    network: Any, model: Model, view: View, role: str, most: int | None = None
) -> Iterator[tuple[Array, Array]]:
    """Predict the jets of a role of the dataset.

    Parameters
    ----------
    network : Keras model
        The trained network; preprocessing lies inside.
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
    probabilities : float32 array, shape (n, classes)

    Raises
    ------
    BadValueError
        If the model does not give one finite number for each class.
    """
    import keras

    facts = DataFacts.of(view)
    step = 1 if most is None else max(1, -(-view.rows(role) // most))
    for block in view.blocks(role, BLOCK_ROWS):
        jets = block.take(slice(None, None, step))
        if len(jets):
            output = model.probabilities(
                keras.ops.convert_to_numpy(network(model.features(jets, facts), training=False))
            )
            if output.shape != (len(jets), len(view.classes)) or not np.isfinite(output).all():
                shape = f"an output of shape {output.shape[1:]}, finite: {bool(np.isfinite(output).all())}"
                raise BadValueError(f"the model gave {shape}, where {len(view.classes)} classes were expected")
            yield jets.rows, output
