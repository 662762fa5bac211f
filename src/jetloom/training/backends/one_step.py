"""One step of a training on a card, as a program: what a job of ``doctor`` runs to see whether the card can be used."""

from __future__ import annotations

import sys

from jetloom.errors import JetloomError
from jetloom.training.backends.backend import use_backend
from jetloom.training.backends.devices import STEP_DONE


def train_a_step(backend: str) -> None:
    """Train a small network for one step.

    Parameters
    ----------
    backend : str
        ``tensorflow`` or ``jax``.

    Raises
    ------
    ConfigurationError, WrongResourceError
        If the backend is not installed or can use no GPU.
    """
    use_backend(backend, 1, "gpu")
    import keras
    import numpy as np

    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    network.compile("sgd", "mse")
    network.train_on_batch(np.ones((4, 2)), np.ones((4, 1)))


if __name__ == "__main__":
    try:
        train_a_step(sys.argv[1])
    except JetloomError as error:
        sys.exit(error.line())
    sys.stdout.write(f"{STEP_DONE}\n")
