"""JUNIPR for other programs: each head a dense network of its own.

The whole of it is a recurrence over trees that no dense format can hold. Its heads take the state, the mother and what
stands before in a branching, and give logits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jetloom.errors import RefusedNetworkError


def has_heads(network: Any) -> bool:
    """Say whether a network is one of JUNIPR."""
    return _layer(network) is not None


def heads_of(network: Any) -> dict[str, Any]:
    """Return the heads of a JUNIPR network by name, each a ``keras.Model`` of one input.

    Raises
    ------
    RefusedNetworkError
        If the network is none of JUNIPR.
    """
    import keras

    junipr = _layer(network)
    if junipr is None:
        raise RefusedNetworkError("the network is none of JUNIPR, and has no heads", advice="export it as a whole")
    names = [f"branching_{place}" for place in range(len(junipr.branching.heads))]
    heads = dict(zip(["end", "mother", *names], [junipr.end, junipr.mother, *junipr.branching.heads], strict=True))
    found = {}
    for name, head in heads.items():
        given = keras.Input((head.inputs,), name="state")
        hidden = keras.layers.Dense(head.hidden, activation="relu", name="hidden")
        logits = keras.layers.Dense(head.second.kernel.shape[1], name=name)
        model = keras.Model(given, logits(hidden(given)), name=f"junipr_{name}")
        for layer, own in ((hidden, head.first), (logits, head.second)):
            layer.set_weights([np.asarray(own.kernel), np.asarray(own.bias)])
        found[name] = model
    return found


def _layer(network: Any) -> Any:
    return next((one for one in network.layers if type(one).__name__ == "Junipr"), None)
