"""What a dense network makes of its inputs: numbers normalised, kinds as one-hot vectors, four-momenta boosted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jetloom.data.view import DataFacts
from jetloom.models.blocks.missing import fill_missing


def preprocessed(inputs: Any, data: DataFacts, combinations: int, features: Sequence[str], seed: int) -> Any:
    """Return what the first layer takes, inside of the network.

    Parameters
    ----------
    inputs : keras tensor, shape (rows, inputs)
    data : DataFacts
        Means and spreads, the categories of inputs that are kinds, and which inputs are four-momenta.
    combinations, features, seed
        Of the Lorentz-boost layer; 0 combinations: four-momenta are numbers as others are.
    """
    import keras

    columns = data.rows
    x = inputs if columns.missing is None else fill_missing(inputs, columns.missing)
    boosted = [name for particle in data.particles for name in particle] if combinations else []
    if not data.categories and not boosted:
        return keras.layers.Normalization(mean=columns.mean, variance=columns.std**2, name="normalization")(x)
    places = {name: place for place, name in enumerate(columns.names)}
    plain = [place for name, place in places.items() if name not in data.categories and name not in boosted]
    parts = []
    if plain:
        mean, std = columns.mean[plain], columns.std[plain]
        numbers = keras.ops.take(x, np.array(plain), axis=1)
        parts.append(keras.layers.Normalization(mean=mean, variance=std**2, name="normalization")(numbers))
    for name, known in data.categories.items():
        # Of a category that is not known, and of a missing one, all are 0.
        kinds = np.array(known, np.float32)[None, :]
        parts.append(keras.ops.cast(keras.ops.equal(x[:, places[name] : places[name] + 1], kinds), "float32"))
    if boosted:
        from jetloom.models.blocks.lorentz import LorentzBoost

        momenta = keras.ops.take(x, np.array([places[name] for name in boosted]), axis=1)
        momenta = keras.layers.Reshape((len(data.particles), 4))(momenta)
        seen = LorentzBoost(combinations, list(features), seed, name="lorentz_boost")(momenta)
        parts.append(keras.layers.BatchNormalization(name="lorentz_scale")(seen))
    return parts[0] if len(parts) == 1 else keras.layers.Concatenate(name="inputs")(parts)
