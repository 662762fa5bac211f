"""Optimisers from the parameters of a point."""

from __future__ import annotations

from typing import Any

from jetloom.models.base import Parameters


def make_optimizer(parameters: Parameters) -> Any:
    """Make the Keras optimiser that the parameters name."""
    import keras

    options: dict[str, Any] = {"learning_rate": parameters.learning_rate}
    if parameters.clip_norm:
        options["global_clipnorm"] = parameters.clip_norm
    if parameters.weight_decay:
        options["weight_decay"] = parameters.weight_decay
    if parameters.optimizer in ("sgd", "rmsprop"):
        options["momentum"] = parameters.momentum
    optimizers = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": keras.optimizers.SGD,
        "rmsprop": keras.optimizers.RMSprop,
        "nadam": keras.optimizers.Nadam,
    }
    return optimizers[parameters.optimizer](**options)
