"""JUNIPR that is told the class: one density for all of them, whose ratio is a classifier.

Two densities of two trainings each make errors of their own, and their ratio takes these for a difference of the
classes. Here one network says log P(tree | seed, class): what it misses of all jets alike it misses for each class
alike, and the ratio is left with what the class changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from jetloom.data.block import BRANCHINGS, Block
from jetloom.data.streams.batch import Batch
from jetloom.data.view import DataFacts
from jetloom.models.base import Model, Parameters
from jetloom.models.junipr.model import binning_of, structure_of
from jetloom.models.junipr.parameters import ENOUGH_UPDATES, JuniprParameters


class JuniprConditionalModel(Model):
    """One density of all classes. It learns by maximum likelihood of the jets of each class, and tells them apart."""

    parameters: ClassVar[type[Parameters]] = JuniprParameters
    reads: ClassVar[frozenset[str]] = frozenset({BRANCHINGS})
    enough_updates: ClassVar[int] = ENOUGH_UPDATES
    compile_xla: ClassVar[bool] = True

    def build(self, parameters: JuniprParameters, data: DataFacts, seed: int, start: Mapping[str, Path]) -> Any:  # noqa: ARG002
        """Build the network; see :meth:`jetloom.models.base.Model.build`.

        It gives log P of each jet for every class, shape (rows, classes).

        Raises
        ------
        ConfigurationError
            If the dataset has no trees, or trees larger than the network is made for.
        """
        import keras
        from keras import ops

        from jetloom.models.junipr.network import Junipr, network_inputs

        inputs, classes = network_inputs(), len(data.classes)
        structure = structure_of(parameters, data) | {"conditions": classes}
        layer = Junipr(structure, binning_of(data), seed, parameters.head_dropout, name="junipr")
        sums = [ops.sum(layer(inputs, condition=index), axis=(1, 2)) for index in range(classes)]
        return keras.Model(inputs, ops.stack(sums, axis=1), name="junipr_conditional")

    def features(self, jets: Block, data: DataFacts) -> dict[str, npt.NDArray[Any]]:
        """Return the padded arrays; see :func:`jetloom.models.junipr.features.padded`."""
        from jetloom.models.junipr.features import padded

        return padded(jets, binning_of(data).get("trees", {}).get("max_constituents"))

    def loss(self, batch: Batch, outputs: Any, parameters: Any) -> Any:  # noqa: ARG002 - nothing but the jet counts
        """Return -log P of each jet for its own class."""
        from keras import ops

        return -ops.sum(ops.where(ops.one_hot(batch.target, outputs.shape[1], dtype="bool"), outputs, 0.0), axis=1)

    def predictions(self, outputs: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the probabilities of the classes, for as many jets of each."""
        odds = outputs.astype(np.float64)
        odds -= odds.max(axis=1, keepdims=True)
        shares = np.exp(odds)
        return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
