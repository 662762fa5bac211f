"""Optimisers from the parameters of a point."""

from __future__ import annotations

from typing import Any

from jetloom.models.base import Parameters


def make_optimizer(parameters: Parameters, name: str | None = None, rate: float = 1.0) -> Any:
    """Make the Keras optimiser that the parameters name.

    Parameters
    ----------
    parameters : Parameters
        The point's.
    name : str, optional
        Another optimiser.
    rate : float
        Its learning rate over that of the parameters.
    """
    import keras

    kind = name or parameters.optimizer
    options: dict[str, Any] = {"learning_rate": parameters.learning_rate * rate}
    if parameters.clip_norm:
        options["global_clipnorm"] = parameters.clip_norm
    if parameters.weight_decay:
        options["weight_decay"] = parameters.weight_decay
    if kind in ("sgd", "rmsprop"):
        options["momentum"] = parameters.momentum
    optimizers = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": keras.optimizers.SGD,
        "rmsprop": keras.optimizers.RMSprop,
        "nadam": keras.optimizers.Nadam,
    }
    return optimizers[kind](**options)
