"""What JUNIPR expects at each step: probabilities of all outcomes of each head, given the true tree up to there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from jetloom.models.junipr.heads import NEVER
from jetloom.models.junipr.model import network_inputs
from jetloom.models.junipr.network import HEADS, Junipr

Sums = dict[str, npt.NDArray[np.float64]]


def expected(network: Any) -> Callable[[dict[str, npt.NDArray[Any]], npt.NDArray[Any]], Sums]:
    """Give a function that sums the probabilities of the outcomes over jets.

    Parameters
    ----------
    network : keras.Model
        A JUNIPR network.

    Returns
    -------
    callable
        It takes the features of some jets (:func:`jetloom.models.junipr.features.padded`) and their weights, shape
        (rows,), and gives by head the sum over those jets that have the step, weight times probability, shape
        (steps, outcomes). The outcomes of ``end`` are one, that the jet ends at this step; those of ``mother`` the
        ranks, 0 for the hardest; those of the others the bins. A class of padding is no outcome.
    """
    layer = network.get_layer("junipr")
    inputs = network_inputs()
    weight = keras.Input((), name="weight", dtype="float32")
    summed = keras.Model({**inputs, "weight": weight}, ExpectedSums(layer)({**inputs, "weight": weight}))

    def sums(features: dict[str, npt.NDArray[Any]], weights: npt.NDArray[Any]) -> Sums:
        found = summed.predict_on_batch({**features, "weight": np.asarray(weights, np.float32)})
        return {head: np.asarray(found[head], np.float64) for head in HEADS}

    return sums


class ExpectedSums(keras.layers.Layer):
    """Sum of weight times probability over jets, by head, shape (steps, outcomes)."""

    def __init__(self, layer: Junipr) -> None:
        super().__init__(name="expected")
        self.layer = layer
        self.built = True

    def call(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Give the sums."""
        found, length = {}, inputs["length"][None]
        logits = self.layer.logits({name: values for name, values in inputs.items() if name != "weight"})
        time = ops.arange(ops.shape(logits["end"])[1], dtype="int32")[:, None]
        for head, values in logits.items():
            # The end is a question at each of the n + 1 steps, the others where there is a branching.
            valid = time <= length if head == "end" else time < length
            weights = ops.where(valid, inputs["weight"][None], 0.0)
            found[head] = ops.transpose(ops.sum(self._probabilities(head, values) * weights[None], axis=-1))
        return found

    def _probabilities(self, head: str, logits: Any) -> Any:
        """Give probabilities along the first axis."""
        if head == "end":
            return ops.sigmoid(logits)
        if head == "mother":
            ranks, steps = ops.shape(logits)[:2]
            allowed = ops.arange(ranks, dtype="int32")[:, None] <= ops.arange(steps, dtype="int32")[None]
            return ops.softmax(ops.where(allowed[..., None], logits, NEVER), axis=0)
        return ops.softmax(logits, axis=0)[: self.layer.granularity]

    def compute_output_spec(self, inputs: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Give the shapes of the outputs."""
        return {head: keras.KerasTensor((None, None), dtype="float32") for head in HEADS}
