"""The dense network on jet variables: fill missing values, normalise, hidden layers, softmax over the classes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from jetloom.config.limits import Layers, Penalty, Width
from jetloom.config.settings import Settings
from jetloom.data.block import Block
from jetloom.data.features import input_matrix
from jetloom.data.streams.batch import Batch
from jetloom.data.view import DataFacts
from jetloom.models.base import Model, Parameters

Feature = Literal["E", "px", "py", "pz", "pt", "p", "m", "eta", "phi", "pair_cos"]
"""What the Lorentz-boost layer gives."""


ClassPlace = Annotated[int, Field(ge=0, le=1000)]


class DenseParameters(Parameters):
    """Parameters of the dense network."""

    hidden_layers: Layers = Field(2, description="Number of hidden layers; 0 is logistic regression.")
    units: Width = Field(64, description="Units of each hidden layer.")
    activation: Literal["relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid"] = Field(
        "relu", description="Activation of the hidden layers."
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="Dropout after each hidden layer.")
    batch_normalization: bool = Field(False, description="Batch normalisation before each hidden activation.")
    l2: Penalty = Field(0.0, description="L2 penalty on the kernels.")
    lbn_particles: Annotated[int, Field(ge=0, le=100)] = Field(
        0,
        description="Combinations of the four-momenta of `tasks.<name>.particles` that a Lorentz-boost layer makes "
        "(arXiv:1812.09722); 0: four-momenta are inputs as others are.",
    )
    lbn_features: list[Feature] = Field(
        default=["E", "px", "py", "pz", "pt", "m", "pair_cos"],
        min_length=1,
        description="What it gives of each boosted combination, and of pairs of them.",
    )
    loss_groups: list[list[ClassPlace]] = Field(
        default_factory=list,
        description="Groups of classes by their places in `labels`, [[0], [1, 2]]: the cross-entropy of the groups' "
        "summed "
        "probabilities is added, times `group_weight`. Classes of no group have none.",
    )
    group_weight: Penalty = Field(1.0, description="Weight of the groups' cross-entropy.")
    focal_gamma: Annotated[float, Field(ge=0, le=10)] = Field(
        0.0, description="Focal loss: each cross-entropy times (1 - p)^gamma, so that easy rows count less."
    )
    class_weights: list[Penalty] = Field(
        default_factory=list, description="Factors of the loss by true class, in the order of `labels`; all 1 if empty."
    )


class Dense(Model):
    """A dense network with its preprocessing inside."""

    parameters: ClassVar[type[Settings]] = DenseParameters

    def build(
        self,
        parameters: DenseParameters,
        data: DataFacts,
        seed: int,
        start: Mapping[str, Path],  # noqa: ARG002 - it starts from no other model
    ) -> Any:
        """Build the network; see :meth:`jetloom.models.base.Model.build`."""
        import keras

        from jetloom.models.blocks.inputs import preprocessed

        seeds = np.random.default_rng(seed)

        def next_seed() -> int:
            return int(seeds.integers(2**31))

        def dense(units: int, name: str) -> Any:
            return keras.layers.Dense(
                units,
                name=name,
                kernel_initializer=keras.initializers.GlorotUniform(seed=next_seed()),
                kernel_regularizer=keras.regularizers.L2(parameters.l2) if parameters.l2 else None,
            )

        inputs = keras.Input((len(data.rows.names),), name="jets")
        boost = parameters.lbn_particles, parameters.lbn_features, seed % 2**31
        x = preprocessed(inputs, data, *boost)
        for index in range(parameters.hidden_layers):
            x = dense(parameters.units, f"hidden_{index}")(x)
            if parameters.batch_normalization:
                x = keras.layers.BatchNormalization(name=f"batch_normalization_{index}")(x)
            x = keras.layers.Activation(parameters.activation, name=f"activation_{index}")(x)
            if parameters.dropout:
                x = keras.layers.Dropout(parameters.dropout, seed=next_seed(), name=f"dropout_{index}")(x)
        x = dense(len(data.classes), "classes")(x)
        outputs = keras.layers.Softmax(name="probabilities")(x)
        return keras.Model(inputs, outputs, name="dense")

    def features(self, jets: Block, data: DataFacts) -> npt.NDArray[np.float32]:
        """Return the input columns as a matrix of shape (rows, inputs)."""
        return input_matrix(jets.rows, data.rows.names)

    def loss(self, batch: Batch, outputs: Any, parameters: DenseParameters | None) -> Any:
        """Return the cross-entropy of each row, with that of groups of classes and the weights that are asked for."""
        from keras import ops

        if parameters is None or not (parameters.loss_groups or parameters.focal_gamma or parameters.class_weights):
            return ops.sparse_categorical_crossentropy(batch.target, outputs)
        from jetloom.models.losses import grouped_cross_entropy

        return grouped_cross_entropy(
            batch.target,
            outputs,
            parameters.loss_groups,
            parameters.group_weight,
            parameters.focal_gamma,
            parameters.class_weights,
        )
