"""How the constituents of jets become clustering trees, and how their variables are scaled and binned."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from jetloom.config.limits import Angle, Constituents, Energy, Exponent, LeastEnergy
from jetloom.config.settings import Settings, Variable

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Trees(Settings):
    """Reclustering of each jet's constituents, and what is done with jets that cannot be trees."""

    collection: Variable = Field("constituents", description="The collection of the jets that is clustered.")
    algorithm: Literal["cambridge_aachen", "anti_kt", "kt"] | Exponent = Field(
        "cambridge_aachen", description="Clustering by name, or any exponent p of generalised kt (0, -1, 1 by name)."
    )
    radius: Angle | None = Field(
        None, description="Null: always one tree a jet. A number limits the radius; a jet can then fall apart."
    )
    split_jets: Literal["largest", "drop", "recluster"] = Field(
        "recluster",
        description="With a radius, what becomes of a jet that falls apart: its largest piece in pt is kept, it is "
        "dropped, or it is reclustered without the limit. Each is counted.",
    )
    min_constituents: Constituents = Field(1, description="Jets with fewer are dropped and counted.")
    max_constituents: Annotated[int, Field(ge=1, le=16383)] = Field(
        200, description="Jets with more are treated as `too_long` says."
    )
    too_long: Literal["drop", "truncate"] = Field(
        "drop", description="Drop such jets, or keep their hardest constituents; either is counted."
    )
    min_energy: LeastEnergy = Field(0.0, description="Constituents with no more energy (GeV) are bad.")
    bad_constituents: Literal["drop_jet", "drop_constituent"] = Field(
        "drop_constituent", description="What a constituent of no or negative energy takes away: its jet, or itself."
    )


class Binning(Settings):
    """Scaling of momenta and branchings to [0, 1], and bins: x' = (ln x - ln lo) / (ln hi - ln lo), phi / 2 pi."""

    ranges: Literal["data", "junipr"] = Field(
        "data",
        description="'data': from quantiles of the training part. 'junipr': the constants of the JUNIPR paper "
        "(`e_jet`, `e_sub`, `r_jet`, `r_sub`).",
    )
    scaling: Literal["log", "log1p"] = Field(
        "log", description="'log1p' is that of the ATLAS quark/gluon system: log(1 + a x) / log(1 + a limit)."
    )
    granularity: Annotated[int, Field(ge=2, le=200)] = Field(10, description="Bins of each branching variable.")
    tail: Annotated[float, Field(ge=0.0, lt=0.5)] = Field(
        0.001, description="Share of the training part beyond each edge of a range from data."
    )
    inputs: Literal["standardised", "scaled"] = Field(
        "standardised",
        description="What networks see of momenta and branchings. 'standardised': scaled values, masses of rounding as "
        "none, not far below the range, and all with mean 0 and standard deviation 1 in the training part. 'scaled': "
        "scaled values as they are, as in the JUNIPR paper.",
    )
    warn_above: Share = Field(0.02, description="Warn if a larger share of a variable lies beyond its edges.")
    e_jet: Energy = Field(500.0, description="Jet energy of the ranges 'junipr' (GeV).")
    e_sub: Energy = Field(1.0, description="Energy of a subjet of the ranges 'junipr' (GeV).")
    r_jet: Angle = Field(1.5707963267948966, description="Jet radius of the ranges 'junipr' (rad).")
    r_sub: Angle = Field(0.1, description="Subjet radius of the ranges 'junipr' (rad).")

    @model_validator(mode="after")
    def _ordered(self) -> Binning:
        if not (self.e_sub < self.e_jet and self.r_sub < self.r_jet):
            raise ValueError("e_sub must be below e_jet, and r_sub below r_jet")
        return self
