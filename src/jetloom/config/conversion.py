"""How DxAODs become HDF5: the route, the selection, what is kept, how much may be lost."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from jetloom.config.limits import Events, SlotCount
from jetloom.config.settings import EventExpression, Expression, Settings, Variable

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Selection(Settings):
    """Cuts, one expression each, applied in order and counted one by one."""

    events: list[Expression] = Field(default_factory=list, description="Cuts on events.")
    jets: list[Expression] = Field(
        default_factory=lambda: ["pt > 20", "abs(eta) < 2.5"], description="Cuts on jets (GeV)."
    )
    constituents: dict[Variable, list[Expression]] = Field(
        default_factory=dict, description="Cuts on what belongs to jets, by collection: {tracks: ['pt > 0.5']}."
    )
    absent: dict[Variable, Literal["pass", "fail"]] = Field(
        default_factory=dict,
        description="What a cut does in a file that lacks a variable of it: {Jvt: pass}. Otherwise that is an error.",
    )


class Budget(Settings):
    """Largest shares that may be lost to damage. Losses within it are counted and shown; beyond it the stage fails."""

    files: Share = Field(0.0, description="Share of a sample's files that may be unreadable.")
    jets: Share = Field(0.0, description="Share of a file's jets that may have impossible values.")
    constituents: Share = Field(0.0, description="Share of a file's constituents that may have impossible values.")


class Conversion(Settings):
    """DxAOD to ntuple to HDF5."""

    route: Literal["ntuple", "direct"] = Field(
        "ntuple", description="'ntuple': by way of a ROOT ntuple; 'direct': DxAOD to HDF5 in one pass. Equal content."
    )
    rows: Literal["jets", "events"] = Field(
        "jets",
        description="A row of the converted files: a jet; or an event, whose jets are in `event_variables` alone.",
    )
    event_variables: dict[Variable, EventExpression] = Field(
        default_factory=dict,
        description="Variables of events that follow from their selected jets, in the order of the file: {jet1_pt: "
        "jets[0].pt, "
        "n: len(jets), ht: sum(jets.pt)}; also max and min. Of a jet that is not there they are missing, the sum is 0.",
    )
    jets: Literal["all", "leading", "hardest"] = Field(
        "all",
        description="Keep all selected jets; the leading one of them in each event; or the hardest jet of all of the "
        "event, if it is selected.",
    )
    collection: str | None = Field(None, description="Jet collection; the schema's own if not given.")
    good_runs: str | None = Field(
        None, description="Good-runs list (XML) for samples of recorded data; needs the variable `lumi_block`."
    )
    max_events: Events | None = Field(
        None, description="Read at most so many events of each file, for a quick look; the sum of weights is theirs."
    )
    select: Selection = Field(default_factory=Selection, description="Cuts.")
    variables: dict[Variable, list[Variable]] = Field(
        default_factory=dict, description="Variables to keep by collection; those not named keep all of the schema."
    )
    slots: dict[Variable, SlotCount] = Field(
        default_factory=dict,
        description="Places a jet has for each collection that belongs to it: {constituents: 40}. "
        "The hardest are kept. A collection not named here is not written.",
    )
    compression: Literal["lz4", "zstd", "gzip", "none"] = Field(
        "lz4", description="HDF5 filter: lz4 and zstd need hdf5plugin to read, gzip reads anywhere."
    )
    budget: Budget = Field(default_factory=Budget, description="Losses that are tolerated.")
