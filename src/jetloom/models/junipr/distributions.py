"""What JUNIPR expects at each step: probabilities of all outcomes of each head, given the true tree up to there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from jetloom.models.forward import forward
from jetloom.models.junipr.heads import NEVER
from jetloom.models.junipr.network import HEADS, Junipr, network_inputs

Probabilities = dict[str, npt.NDArray[Any]]


def expected(network: Any) -> Callable[[dict[str, npt.NDArray[Any]]], Probabilities]:
    """Return a function that gives the probabilities of all outcomes.

    Parameters
    ----------
    network : keras.Model
        A JUNIPR network.

    Returns
    -------
    callable
        It takes the features of some jets (:func:`jetloom.models.junipr.features.padded`) and gives by head
        probabilities, shape (jets, steps, outcomes), 0 at the steps that a jet does not have. The outcomes of ``end``
        are one, that the jet ends at this step; those of ``mother`` the ranks, 0 for the hardest; those of the others
        the bins. A class of padding is no outcome.
    """
    inputs = network_inputs()
    compiled = forward(keras.Model(inputs, Expected(network.get_layer("junipr"))(inputs)), xla=True)

    def probabilities(features: dict[str, npt.NDArray[Any]]) -> Probabilities:
        found = compiled(features)
        return {head: np.asarray(found[head]) for head in HEADS}

    return probabilities


class Expected(keras.layers.Layer):
    """Probabilities by head, shape (jets, steps, outcomes)."""

    def __init__(self, layer: Junipr) -> None:
        super().__init__(name="expected")
        self.layer = layer
        self.built = True

    def call(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return the probabilities."""
        found, length = {}, inputs["length"][None]
        logits = self.layer.logits(inputs)
        time = ops.arange(ops.shape(logits["end"])[1], dtype="int32")[:, None]
        for head, values in logits.items():
            # The end is a question at each of the n + 1 steps, the others where there is a branching.
            valid = time <= length if head == "end" else time < length
            found[head] = ops.transpose(ops.where(valid[None], self._probabilities(head, values), 0.0), (2, 1, 0))
        return found

    def _probabilities(self, head: str, logits: Any) -> Any:
        """Return probabilities along the first axis."""
        if head == "end":
            return ops.sigmoid(logits)
        if head == "mother":
            ranks, steps = ops.shape(logits)[:2]
            allowed = ops.arange(ranks, dtype="int32")[:, None] <= ops.arange(steps, dtype="int32")[None]
            return ops.softmax(ops.where(allowed[..., None], logits, NEVER), axis=0)
        return ops.softmax(logits, axis=0)[: self.layer.granularity]

    def compute_output_spec(self, inputs: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Return the shapes of the outputs."""
        return {head: keras.KerasTensor((None, None, None), dtype="float32") for head in HEADS}
