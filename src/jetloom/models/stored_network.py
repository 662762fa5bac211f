"""Loading a network from the file that its training left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from jetloom.errors import MissingFileError
from jetloom.io.integrity.damage import BadBytesError, Interpreting


def load_network(path: Path, diverged: bool = False) -> Any:
    """Load a Keras model; whoever calls it has imported the layers that Keras does not have.

    Parameters
    ----------
    path : Path
        Its file.
    diverged : bool
        Whether weights may be NaN: those of a training that diverged are, and nobody goes on from them.

    Raises
    ------
    MissingFileError, CorruptFileError
        If there is no such file, it cannot be loaded, or a weight is NaN.
    """
    import keras

    if not path.is_file():
        raise MissingFileError("there is no such file", path=path, advice="train this point first")
    with Interpreting(path, advice="train this point again", doing="is not a Keras model that can be loaded"):
        network = keras.saving.load_model(path, compile=False)
        for weight in [] if diverged else network.weights:
            values = np.asarray(weight)
            if values.dtype.kind == "f" and np.isnan(values).any():
                raise BadBytesError(f"holds NaN in the weight '{weight.path}'")
    return network
