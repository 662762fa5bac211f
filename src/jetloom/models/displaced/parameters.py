"""The parameters of the network of displaced jets, and of that with its adversary."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, field_validator

from jetloom.config.limits import Batch, Energy, Epochs, Layers, Penalty, Rate, Width
from jetloom.config.settings import Variable
from jetloom.models.base import Parameters
from jetloom.models.updates import OptimizerName

Share = Annotated[float, Field(ge=0, lt=1)]

FILTERS: dict[str, list[int]] = {"segments": [32, 16, 8]}
LSTM_UNITS: dict[str, int] = {"segments": 5}
OTHER_FILTERS, OTHER_UNITS = [64, 32, 32, 16], 10
"""Sizes of a collection that the parameters do not name: of muon segments, and of all others."""


class DisplacedParameters(Parameters):
    """Parameters of the network; the defaults are those of the published one."""

    optimizer: OptimizerName = Field("nadam", description="Optimiser of Keras.")
    learning_rate: Rate = Field(8e-4, description="Learning rate at the start.")
    batch_size: Batch = Field(512, description="Jets in a batch.")
    epochs: Epochs = Field(100, description="Epochs at most.")
    filters: dict[Variable, Annotated[list[Width], Field(min_length=1, max_length=20)]] = Field(
        default_factory=dict,
        description="Filters of the convolutions over single entries, by collection; those of one not named are "
        "[64, 32, 32, 16], of `segments` [32, 16, 8].",
    )
    lstm_units: dict[Variable, Width] = Field(
        default_factory=dict,
        description="Units of the recurrent network, by collection; 10 of one that is not named, of `segments` 5.",
    )
    lstm_layers: Annotated[Layers, Field(ge=1)] = Field(1, description="Recurrent layers one upon the other.")
    dense_units: Annotated[list[Width], Field(max_length=20)] = Field(
        default_factory=lambda: [512, 64], description="Units of the dense layers that see all collections and the jet."
    )
    hidden_layer_fraction: Annotated[float, Field(gt=0, le=100)] = Field(
        1.0, description="Factor on `dense_units`, so that their size can be scanned."
    )
    dropout: Share = Field(0.2, description="Dropout after all but the first convolution of a collection.")
    penalty: Penalty = Field(1e-11, description="L1 and L2 penalty on the kernels of convolutions and recurrences.")
    parametrise: list[str] = Field(
        default_factory=list,
        description="Inputs of the jet that stand beside each entry, too, as the masses of a parametrised network: "
        "[llp_mH, llp_mS]. All slots get them.",
    )
    padded: Literal["seen", "masked"] = Field(
        "seen",
        description="Slots without an entry are zeros. 'seen': they are taken for entries, as published; "
        "'masked': the recurrent layers leave them out.",
    )
    fill: Literal["zero", "dataset"] = Field(
        "zero", description="What stands for missing values: 0, or what the dataset says (`missing`, or the mean)."
    )
    standardise: bool = Field(
        False,
        description="Subtract the mean and divide by the spread of the training part; slots without entry stay 0.",
    )

    def sizes(self, name: str) -> tuple[list[int], int]:
        """Return the filters and the recurrent units of a collection."""
        filters = self.filters.get(name, FILTERS.get(name, OTHER_FILTERS))
        return filters, self.lstm_units.get(name, LSTM_UNITS.get(name, OTHER_UNITS))


class AdversarialParameters(DisplacedParameters):
    """Those of the tagger, and those of its adversary."""

    adversary_weight: Penalty = Field(
        10.0, description="Of the adversary's loss, which is subtracted from that of the tagger; 0: it only looks on."
    )
    adversary_units: Annotated[list[Width], Field(min_length=1, max_length=20)] = Field(
        default_factory=lambda: [24, 12, 6], description="Units of the adversary's layers."
    )
    adversary_updates: Annotated[PositiveInt, Field(le=1000)] = Field(
        2, description="Updates of the adversary before each one of the tagger."
    )
    adversary_rate: Rate = Field(1.0, description="Learning rate of the adversary over that of the tagger.")
    adversary_optimizer: OptimizerName | None = Field(None, description="Its optimiser; null: the tagger's.")
    ks_bins: list[Energy] = Field(
        default_factory=lambda: [125.0, 250.0],
        description="Edges of the bins of `pt` (GeV) in which the outputs for data and simulation are compared.",
    )

    @field_validator("ks_bins")
    @classmethod
    def _rising(cls, edges: list[Energy]) -> list[Energy]:
        if sorted(set(edges)) != edges:
            raise ValueError(f"ks_bins are edges in rising order, not {edges}")
        return edges
