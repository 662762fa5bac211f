"""The network: a stack of convolutions and recurrences for each collection, dense layers over all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jetloom.data.view import Columns, DataFacts
from jetloom.errors import ConfigurationError, near_misses
from jetloom.models.displaced.parameters import DisplacedParameters

Seeds = Callable[[], int]
"""Gives a new seed each time."""


def seeds_of(*key: int) -> Seeds:
    """Return a source of seeds that follow from a key."""
    random = np.random.default_rng(key)
    return lambda: int(random.integers(2**31))


def build_tagger(parameters: DisplacedParameters, data: DataFacts, seeds: Seeds) -> Any:
    """Return the untrained tagger, a ``keras.Model`` named "tagger".

    It takes ``jets`` (rows, inputs) and each collection by its name (rows, slots, inputs); the order of the collections
    is that of their names. Its output is the probability of each class.

    Raises
    ------
    ConfigurationError
        If a parameter names a collection or an input that there is not.
    """
    import keras

    _check_names(parameters, data)
    names = sorted(data.collections)
    inputs = {"jets": keras.Input((len(data.rows.names),), name="jets")}
    masses = [data.rows.names.index(name) for name in parameters.parametrise]
    raw = inputs["jets"]
    jets = _prepared(raw, data.rows, parameters)
    parts = []
    for name in names:
        columns = data.collections[name]
        inputs[name] = keras.Input((columns.slots, len(columns.names)), name=name)
        beside = keras.ops.take(jets, np.array(masses), axis=1) if masses else None
        parts.append(_stack(name, inputs[name], columns, beside, parameters, seeds))
    x = keras.layers.Concatenate(name="all")([*parts, jets])
    for place, units in enumerate(parameters.dense_units):
        size = max(1, round(units * parameters.hidden_layer_fraction))
        x = keras.layers.Dense(size, "relu", kernel_initializer=_glorot(seeds), name=f"dense_{place}")(x)
        x = _dropped(x, parameters, seeds, f"dense_{place}")
    said = keras.layers.Dense(len(data.classes), "softmax", kernel_initializer=_glorot(seeds), name="probabilities")(x)
    return keras.Model(inputs, said, name="tagger")


def build_adversary(units: list[int], classes: int, seeds: Seeds) -> Any:
    """Return the untrained adversary: of the probabilities of the classes, how likely it is that a jet is of data."""
    import keras

    score = keras.Input((classes,), name="score")
    x = score
    for place, size in enumerate(units):
        x = keras.layers.BatchNormalization(name=f"adversary_normal_{place}")(x)
        dense = keras.layers.Dense(size, "tanh", kernel_initializer=_glorot(seeds), name=f"adversary_{place}")
        x = dense(x)
    x = keras.layers.BatchNormalization(name=f"adversary_normal_{len(units)}")(x)
    x = keras.layers.Dense(1, "sigmoid", kernel_initializer=_glorot(seeds), name="adversary_data")(x)
    return keras.Model(score, x, name="adversary")


def _stack(name: str, x: Any, columns: Columns, beside: Any, parameters: DisplacedParameters, seeds: Seeds) -> Any:
    """Return what the stack of a collection makes of it, shape (rows, units)."""
    import keras

    filled = keras.ops.any(keras.ops.not_equal(x, 0.0), axis=-1) if parameters.padded == "masked" else None
    x = _prepared(x, columns, parameters)
    if beside is not None:
        x = keras.layers.Concatenate(name=f"{name}_masses")([x, keras.layers.RepeatVector(columns.slots)(beside)])
    filters, units = parameters.sizes(name)
    for place, size in enumerate(filters):
        convolution = keras.layers.Conv1D(
            size,
            1,
            activation="relu",
            kernel_initializer=_glorot(seeds),
            kernel_regularizer=_penalty(parameters),
            name=f"{name}_conv_{place}",
        )
        x = convolution(x)
        x = _dropped(x, parameters, seeds, f"{name}_conv_{place}") if place else x
    for place in range(parameters.lstm_layers):
        recurrent = keras.layers.LSTM(
            units,
            return_sequences=place + 1 < parameters.lstm_layers,
            kernel_initializer=_glorot(seeds),
            recurrent_initializer=keras.initializers.Orthogonal(seed=seeds()),
            kernel_regularizer=_penalty(parameters),
            name=f"{name}_lstm_{place}",
        )
        x = recurrent(x, mask=filled)
    return _dropped(x, parameters, seeds, f"{name}_lstm")


def _prepared(x: Any, columns: Columns, parameters: DisplacedParameters) -> Any:
    """Return values without what is missing, standardised if that is asked for."""
    import keras

    from jetloom.models.blocks.missing import fill_missing

    raw = x
    zeros = np.zeros(len(columns.names))
    x = fill_missing(x, zeros if parameters.fill == "zero" or columns.missing is None else columns.missing)
    if not parameters.standardise:
        return x
    x = keras.layers.Normalization(mean=columns.mean, variance=columns.std**2)(x)
    if columns.slots is None:
        return x
    filled = keras.ops.any(keras.ops.not_equal(raw, 0.0), axis=-1, keepdims=True)  # NaN is not 0: an entry is there
    return keras.ops.where(filled, x, 0.0)


def _dropped(x: Any, parameters: DisplacedParameters, seeds: Seeds, name: str) -> Any:
    import keras

    if not parameters.dropout:
        return x
    return keras.layers.Dropout(parameters.dropout, seed=seeds(), name=f"{name}_dropout")(x)


def _glorot(seeds: Seeds) -> Any:
    import keras

    return keras.initializers.GlorotUniform(seed=seeds())


def _penalty(parameters: DisplacedParameters) -> Any:
    import keras

    return keras.regularizers.L1L2(parameters.penalty, parameters.penalty) if parameters.penalty else None


def _check_names(parameters: DisplacedParameters, data: DataFacts) -> None:
    """Refuse names of what is not there."""
    named = [("parametrise", name, data.rows.names) for name in parameters.parametrise]
    named += [
        (key, name, list(data.collections)) for key in ("filters", "lstm_units") for name in getattr(parameters, key)
    ]
    for key, name, known in named:
        if name not in known:
            what = "input" if key == "parametrise" else "collection"
            raise ConfigurationError(
                f"the dataset has no {what} '{name}'", where=f"parameters.{key}", advice=near_misses(name, known)
            )
