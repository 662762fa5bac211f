"""Deep sets (arXiv:1810.05165): a network of each constituent, their sum, and a network of the sum.

``particle_flow`` sees all that is known of a constituent. ``energy_flow`` sees where it is, and weighs it with its
share of the energy, so that collinear splittings and soft particles change nothing. Any collection is one of
constituents: ``collections: {constituents: {of: tracks, ...}}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from jetloom.config.limits import Width
from jetloom.config.settings import Settings
from jetloom.data.block import Block
from jetloom.data.features import input_matrix, slot_inputs
from jetloom.data.streams.batch import Batch, Features
from jetloom.data.view import Columns, DataFacts
from jetloom.errors import ConfigurationError, near_misses
from jetloom.models.base import Model, Parameters

COLLECTION = "constituents"
VALID = f"{COLLECTION}_valid"
PRESETS: dict[str, dict[str, Any]] = {
    "pfn": {"kind": "particle_flow", "phi": [100, 100, 256], "f": [100, 100, 100]},
    "efn": {"kind": "energy_flow", "phi": [100, 100, 256], "f": [100, 100, 100]},
    "btag": {"kind": "particle_flow", "phi": [20, 20], "f": [20, 20]},
}
"""``pfn`` and ``efn`` are the networks of arXiv:1810.05165, ``btag`` that of a b-tagging tutorial of ATLAS."""


class DeepSetsParameters(Parameters):
    """Parameters of deep sets."""

    preset: Literal["pfn", "efn", "btag"] | None = Field(
        None,
        description="Published sizes by name; what is given beside it replaces single ones. 'pfn' and 'efn': layers "
        "of 100, 100, 256 for each constituent and 100, 100, 100 for the sum. 'btag': 20, 20 and 20, 20.",
    )
    kind: Literal["particle_flow", "energy_flow"] = Field(
        "particle_flow",
        description="'energy_flow' weighs each constituent with its share of the energy, and sees only the rest of it.",
    )
    share: str = Field(
        "share", description="Of an energy flow: the column of the constituents that is their share of the energy."
    )
    phi: Annotated[list[Width], Field(min_length=1, max_length=20)] = Field(
        [32, 32], description="Units of the layers that see each constituent; the last are those of the sum."
    )
    f: Annotated[list[Width], Field(max_length=20)] = Field([32], description="Units of the layers that see the sum.")
    activation: Literal["relu", "elu", "selu", "gelu", "silu", "tanh"] = Field(
        "relu", description="Activation of all of these layers."
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="Dropout after each layer that sees the sum.")

    @model_validator(mode="before")
    @classmethod
    def _named_sizes(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("preset") in PRESETS:
            return {**PRESETS[given["preset"]], **given}
        return given


class DeepSets(Model):
    """A network of a set, in which the order of the constituents does not matter."""

    parameters: ClassVar[type[Settings]] = DeepSetsParameters
    reads: ClassVar[frozenset[str]] = frozenset({COLLECTION})
    with_jets: ClassVar[bool] = False
    """Whether the layers that see the sum see the jet's own inputs, too."""

    def build(self, parameters: DeepSetsParameters, data: DataFacts, seed: int, start: Mapping[str, Path]) -> Any:  # noqa: ARG002
        """Build the network; see :meth:`jetloom.models.base.Model.build`.

        Raises
        ------
        ConfigurationError
            If an energy flow has no shares among its constituents' inputs, or nothing besides them.
        """
        import keras

        own, flow = data.collections[COLLECTION], parameters.kind == "energy_flow"
        seeds = np.random.default_rng(seed)

        def dense(units: int, name: str) -> Any:
            glorot = keras.initializers.GlorotUniform(seed=int(seeds.integers(2**31)))
            return keras.layers.Dense(units, parameters.activation, kernel_initializer=glorot, name=name)

        inputs = {
            COLLECTION: keras.Input((own.slots, len(own.names)), name=COLLECTION),
            VALID: keras.Input((own.slots,), name=VALID),
        }
        share = _share(parameters, own) if flow else None
        x = _scaled(inputs[COLLECTION], own if share is None else _bare(own, share), f"{COLLECTION}_normalization")
        weight = inputs[VALID]
        if share is not None:
            rest = [place for place in range(len(own.names)) if place != share]
            weight, x = _columns(x, [share], len(own.names), "share"), _columns(x, rest, len(own.names), "place")
        for place, units in enumerate(parameters.phi):
            x = dense(units, f"phi_{place}")(x)
        x = keras.layers.Dot(axes=1, name="sum")([weight, x])
        if share is not None:
            x = keras.layers.Flatten(name="flat_sum")(x)
        if self.with_jets:
            inputs["jets"] = keras.Input((len(data.rows.names),), name="jets")
            x = keras.layers.Concatenate(name="with_jets")(
                [x, _scaled(inputs["jets"], data.rows, "jets_normalization")]
            )
        for place, units in enumerate(parameters.f):
            x = dense(units, f"f_{place}")(x)
            if parameters.dropout:
                x = keras.layers.Dropout(parameters.dropout, seed=int(seeds.integers(2**31)), name=f"dropout_{place}")(
                    x
                )
        glorot = keras.initializers.GlorotUniform(seed=int(seeds.integers(2**31)))
        x = keras.layers.Dense(len(data.classes), kernel_initializer=glorot, name="classes")(x)
        return keras.Model(inputs, keras.layers.Softmax(name="probabilities")(x), name="deep_sets")

    def features(self, jets: Block, data: DataFacts) -> Features:
        """Return the inputs of the constituents with the mask of the filled slots, and perhaps those of the jets."""
        values, valid = slot_inputs(jets, COLLECTION, data)
        found: Features = {COLLECTION: values, VALID: valid.astype(np.float32)}
        return found | ({"jets": input_matrix(jets.rows, data.rows.names)} if self.with_jets else {})

    def loss(self, batch: Batch, outputs: Any, parameters: DeepSetsParameters) -> Any:  # noqa: ARG002
        """Return the cross-entropy of each row."""
        from keras import ops

        return ops.sparse_categorical_crossentropy(batch.target, outputs)


class DeepSetsWithJets(DeepSets):
    """The same, with the jet's own inputs beside the sum."""

    with_jets: ClassVar[bool] = True


def _share(parameters: DeepSetsParameters, own: Columns) -> int:
    """Return which of the constituents' columns is their share of the energy."""
    if parameters.share not in own.names or len(own.names) < 2:
        raise ConfigurationError(
            f"an energy flow needs the column '{parameters.share}' and others among the inputs of {COLLECTION}",
            where="parameters.share",
            advice=near_misses(parameters.share, own.names),
        )
    return own.names.index(parameters.share)


def _bare(own: Columns, place: int) -> Columns:
    """Return columns one of which is not scaled: a share of energy is none of a deviation."""
    mean, std = own.mean.copy(), own.std.copy()
    mean[place], std[place] = 0.0, 1.0
    missing = None if own.missing is None else own.missing.copy()
    if missing is not None:
        missing[place] = 0.0  # what has no share weighs nothing
    return Columns(own.names, mean, std, missing, own.slots)


def _columns(x: Any, places: list[int], count: int, name: str) -> Any:
    """Return some columns, by a product that every format of files has."""
    import keras

    chosen = np.eye(count, dtype=np.float32)[:, places]
    layer = keras.layers.Dense(len(places), use_bias=False, trainable=False, name=name)
    found = layer(x)
    layer.set_weights([chosen])
    return found


def _scaled(x: Any, columns: Columns, name: str) -> Any:
    """Fill what is missing, and normalise."""
    import keras

    if columns.missing is not None:
        from jetloom.models.blocks.missing import fill_missing

        x = fill_missing(x, columns.missing)
    return keras.layers.Normalization(mean=columns.mean, variance=columns.std**2, name=name)(x)
