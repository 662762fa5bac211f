"""Networks of Keras with every layer that the formats know, small and with weights that are not their initial ones."""

from __future__ import annotations

import numpy as np


def fill(network, sines=False, seed=0):
    """Give all weights other values: those of the golden numbers of the reference, or random ones."""
    generator = np.random.default_rng(seed)
    for layer in network.layers:
        values = []
        for place, weight in enumerate(layer.get_weights()):
            if weight.dtype.kind != "f":
                values.append(weight)
            elif sines:
                flat = 0.5 * np.sin(1.0 + np.arange(weight.size) + place)
                values.append(flat.reshape(weight.shape).astype(np.float32))
            else:
                drawn = generator.normal(0, 0.4, weight.shape)
                values.append((np.abs(drawn) + 0.2 if weight.ndim == 1 else drawn).astype(np.float32))
        if values:
            layer.set_weights(values)
    return network


def dense(keras, *layers, inputs=3):
    """Return a functional network of layers of vectors."""
    given = keras.Input((inputs,), name="jets")
    x = given
    for layer in layers:
        x = layer(x)
    return fill(keras.Model(given, keras.layers.Dense(2, activation="softmax", name="classes")(x)))


def recurrent(keras, *layers, inputs=3):
    """Return a network of layers of a sequence, which gives a vector."""
    given = keras.Input((None, inputs), name="tracks")
    x = given
    for layer in layers:
        x = layer(x)
    return fill(keras.Model(given, keras.layers.Dense(2, activation="softmax", name="classes")(x)))


def vectors(keras):
    """Return networks of vectors by the name of what is special about them."""
    own = keras.layers
    from jetloom.models.blocks.gated import Highway, Maxout

    return {
        "plain": [own.Dense(4, activation="relu"), own.Dropout(0.5)],
        "no bias": [own.Dense(4, activation="tanh", use_bias=False)],
        "activations": [
            own.Dense(4, activation="elu"),
            own.Dense(4, activation="silu"),
            own.Dense(4, activation="leaky_relu"),
            own.Dense(4, activation="sigmoid"),
        ],
        "activation layers": [
            own.Dense(4), own.LeakyReLU(negative_slope=0.1), own.Dense(4), own.ELU(alpha=0.7), own.Dense(4), own.ReLU(),
            own.Activation("tanh"), own.Dense(4), own.Softmax(),
        ],
        "batch normalisation": [own.Dense(4), own.BatchNormalization(), own.Activation("relu")],
        "no centre": [own.BatchNormalization(center=False), own.BatchNormalization(scale=False)],
        "normalisation": [own.Normalization(mean=[1.0, 2.0, -3.0], variance=[4.0, 0.25, 1.0]), own.Dense(3)],
        "normalisation behind": [own.Dense(3), own.Normalization(mean=[0.1, 0.2, 0.3], variance=[4.0, 0.25, 1.0])],
        "rescaling": [own.Rescaling(0.5, offset=0.25), own.Dense(3)],
        "maxout": [Maxout(4, pieces=3)],
        "highway": [Highway("tanh"), Highway()],
        "network inside": [keras.Sequential([own.Dense(4, activation="relu"), own.Dense(3)], name="inside")],
    }  # fmt: skip


def runs(keras):
    """Return networks of sequences by the name of what is special about them."""
    own = keras.layers
    return {
        "lstm": [own.LSTM(4, return_sequences=True), own.LSTM(3)],
        "gru": [own.GRU(4, reset_after=False, return_sequences=True), own.GRU(3, reset_after=False)],
        "simple": [own.SimpleRNN(4)],
        "conv1d": [
            own.Conv1D(4, 3, padding="same", activation="relu"),
            own.Conv1D(3, 2, padding="causal"),
            own.SimpleRNN(2),
        ],
        "dilated": [own.Conv1D(4, 3, dilation_rate=2), own.LSTM(2)],
        "time distributed": [own.TimeDistributed(own.Dense(4, activation="relu")), own.SimpleRNN(3)],
        "dense on steps": [own.Dense(4, activation="relu"), own.BatchNormalization(), own.LSTM(3)],
    }  # fmt: skip


def two_inputs(keras):
    """Return a network of a vector and a sequence with two outputs, a shared layer, sums and concatenations."""
    own = keras.layers
    jets, tracks = keras.Input((3,), name="jets"), keras.Input((None, 4), name="tracks")
    x = own.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0])(jets)
    shared = own.Dense(5, activation="tanh", name="shared")
    state = shared(own.LSTM(5)(tracks))
    summed = keras.ops.sum(own.Dense(5, activation="relu")(tracks), axis=1)
    both = own.Concatenate()([shared(own.Dense(5)(x)), state])
    added = own.Add()([own.Dense(5)(both), state, summed])
    classes = own.Dense(3, activation="softmax", name="classes")(added)
    mass = own.Dense(1, name="mass")(added)
    return fill(keras.Model([jets, tracks], [classes, mass]))
