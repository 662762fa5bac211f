"""A density model that needs no training: its log P is a fixed function of the tree, easy to compute by hand."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import numpy as np

from jetloom.models.base import Model
from jetloom.models.objectives.density import Density
from jetloom.models.objectives.objective import Objective
from toy_binning import BINNING

HEADS = 6


@keras.saving.register_keras_serializable(package="toy")
class Scale(keras.layers.Layer):
    """Multiply by fixed numbers, one a head."""

    def call(self, inputs: Any) -> Any:
        return inputs * keras.ops.convert_to_tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])


class ToyDensity(Model):
    """log P of head h at step t is -(h + 1) times: 0.1 for the end, z of the branching for the others; 0 at the end."""

    reads: ClassVar[frozenset[str]] = frozenset({"branchings"})
    objective: ClassVar[Objective] = Density()

    def build(self, parameters: Any, data: Any, seed: int, start: Any) -> Any:
        inputs = keras.Input((None, HEADS), name="steps")
        return keras.Model(inputs, Scale()(inputs))

    def features(self, jets: Any, data: Any) -> np.ndarray:
        lengths = jets.lengths
        steps = -(-(int(lengths.max(initial=0)) + 1) // 16) * 16
        found = np.zeros((len(jets), steps, HEADS), np.float32)
        found[..., 0] = -0.1 * (np.arange(steps) <= lengths[:, None])
        valid = np.arange(steps) < lengths[:, None]
        found[valid, 1:] = -jets.branchings["z"][:, None]
        return found

    def loss(self, labels: Any, outputs: Any, parameters: Any) -> Any:
        return -keras.ops.sum(outputs, axis=(1, 2))

    def expected(self, network: Any) -> Any:
        """All outcomes alike; that the jet ends has one half."""

        def probabilities(features: np.ndarray) -> dict[str, np.ndarray]:
            steps = features.shape[1]
            lengths = (features[..., 0] < 0).sum(axis=1) - 1
            found = {}
            for head in ("end", "mother", "z", "theta", "delta", "phi"):
                size = {"end": 1, "mother": steps}.get(head, BINNING["granularity"])
                here = np.arange(steps) < (lengths + (head == "end"))[:, None]
                found[head] = np.repeat(here[:, :, None] / max(2, size), size, axis=2).astype(np.float32)
            return found

        return probabilities
