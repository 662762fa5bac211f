"""The network of displaced jets as a model: it reads whatever collections its dataset has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from jetloom.config.settings import Settings
from jetloom.data.block import Block
from jetloom.data.features import input_matrix, slot_inputs
from jetloom.data.streams.batch import Batch, Features
from jetloom.data.view import DataFacts
from jetloom.models.base import Model
from jetloom.models.displaced.network import build_tagger, seeds_of
from jetloom.models.displaced.parameters import DisplacedParameters


class Displaced(Model):
    """Convolutions and a recurrent network for each collection, dense layers over all, a probability for each class."""

    parameters: ClassVar[type[Settings]] = DisplacedParameters
    reads_all: ClassVar[bool] = True

    def build(
        self,
        parameters: Any,
        data: DataFacts,
        seed: int,
        start: Mapping[str, Path],  # noqa: ARG002 - it starts from no other model
    ) -> Any:
        """Build the network; see :meth:`jetloom.models.base.Model.build`."""
        return build_tagger(parameters, data, seeds_of(seed))

    def features(self, jets: Block, data: DataFacts) -> Features:
        """Return the inputs of the jets and of each collection; slots without an entry are zeros."""
        found: Features = {"jets": input_matrix(jets.rows, data.rows.names)}
        return found | {name: slot_inputs(jets, name, data)[0] for name in data.collections}

    def loss(self, batch: Batch, outputs: Any, parameters: Any) -> Any:  # noqa: ARG002
        """Return the cross-entropy of each row."""
        from keras import ops

        return ops.sparse_categorical_crossentropy(batch.target, outputs)
