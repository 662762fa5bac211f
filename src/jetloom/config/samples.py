"""Samples: the files of one physics process, or the recipe to simulate them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from jetloom.config.limits import Channel, Energy, Events, Files, Picobarn, Single, SumOfWeights
from jetloom.config.settings import Expression, Settings, Variable

Era = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if type(value) is int else value),
    WithJsonSchema({"type": ["string", "integer"]}),
]
"""A name, or a year."""


class Response(Settings):
    """How a detector differs from the nominal one, as recorded data differ from simulation."""

    energy: Annotated[float, Field(gt=0, le=10)] = Field(1.0, description="Factor on all energies.")
    hadronic: Annotated[float, Field(ge=0, le=10)] = Field(1.0, description="Factor on those of hadronic layers.")
    tracks: Annotated[float, Field(ge=0, le=1)] = Field(1.0, description="Factor on the efficiency for tracks.")
    time: Annotated[float, Field(ge=-100, le=100)] = Field(0.0, description="Shift of times, in ns.")
    run_number: Channel = Field(284500, description="Number of the run, by which samples can be told apart.")


class Simulation(Settings):
    """A sample made by ``jetloom simulate`` (Pythia 8 and a parametric detector; for demonstration and tests)."""

    process: Literal[
        "dijet",
        "ttbar",
        "zjet_quark",
        "zjet_gluon",
        "hh_bbww",
        "tt_dilepton",
        "dy_dilepton",
        "single_top",
        "hidden_sector",
        "beam_halo",
    ] = Field(
        description="The hard process. zjet_...: a quark or a gluon and a Z boson that decays to neutrinos. hh_bbww (a "
        "resonance of `mass` that decays to two Higgs bosons) and those after it give flat trees of events with two "
        "leptons, "
        "for the schema simulated_events. hidden_sector: a heavy scalar to two long-lived ones, each to a pair of b "
        "quarks. beam_halo: a toy of muons of the beam that shower in the calorimeter."
    )
    mass: Annotated[float, Field(ge=260, le=3000)] | None = Field(
        None, description="hh_bbww: mass of the resonance, in GeV."
    )
    era: Annotated[int, Field(ge=0, le=3000)] = Field(
        2017, description="Flat trees: a number that they hold; later ones have a worse resolution and other events."
    )
    events: Events = Field(4000, description="Number of events over all chunks.")
    chunks: Files = Field(1, description="Number of files, each made by a job of its own.")
    pt_hat_min: Energy = Field(
        100.0,
        description="Lowest transverse momentum of the hard process, in GeV. "
        "Among jets of less than about twice this, those of softer collisions are missing.",
    )
    pt_hat_max: Energy | None = Field(None, description="Highest one; null: no limit.")
    pt_hat_power: Annotated[float, Field(ge=0, le=10)] = Field(
        0.0,
        description="More events of high transverse momentum p of the hard process, in proportion to p to this power; "
        "their weights undo it. With 4, jets of 40 and of 200 GeV are about as frequent among unweighted dijets.",
    )
    energy: Energy = Field(13000.0, description="Energy of the collision of two protons, in GeV.")
    detector: bool = Field(
        True, description="False: jets of all particles but neutrinos, without pile-up; short-lived hadrons decay."
    )
    multiple_interactions: bool = Field(
        True,
        description="False: one pair of partons interacts and no other of the same two protons (no underlying event "
        "but the remnants). Jets lose its soft particles, and an event takes about a fifth of the time.",
    )
    displaced: bool = Field(
        False,
        description="An ntuple of displaced jets, for the schema `divert`: clusters with layers and times, tracks, "
        "segments of muons. Always so for hidden_sector and beam_halo.",
    )
    mass_heavy: Energy = Field(600.0, description="hidden_sector: mass of the heavy scalar, in GeV.")
    mass_scalar: Energy = Field(150.0, description="hidden_sector: mass of the long-lived scalar, in GeV.")
    lifetime: Annotated[float, Field(gt=0, le=1e6)] = Field(
        1500.0, description="hidden_sector: lifetime of it times the speed of light, in mm."
    )
    response: Response = Field(
        default_factory=Response, description="With `displaced`: how the detector differs from the nominal one."
    )
    format: Literal["ttree", "rntuple"] = Field("ttree", description="How the DxAOD is stored.")

    @property
    def is_flat(self) -> bool:
        """Whether it gives flat trees of events."""
        return self.process in ("hh_bbww", "tt_dilepton", "dy_dilepton", "single_top")

    @property
    def makes_displaced(self) -> bool:
        """Whether it makes an ntuple of displaced jets."""
        return self.displaced or self.process in ("hidden_sector", "beam_halo")

    @model_validator(mode="after")
    def _enough_events(self) -> Simulation:
        if self.makes_displaced and self.format != "ttree":
            raise ValueError("format: ntuples of displaced jets are TTrees")
        if self.process == "hidden_sector" and self.mass_heavy <= 2 * self.mass_scalar:
            raise ValueError(f"mass_heavy {self.mass_heavy:g} is not above twice mass_scalar, {self.mass_scalar:g}")
        if (self.mass is not None) != (self.process == "hh_bbww"):
            raise ValueError("mass: is that of the resonance of hh_bbww, which needs one")
        if self.chunks > self.events:
            raise ValueError(f"{self.chunks} chunks are more than {self.events} events")
        if self.pt_hat_max is not None and self.pt_hat_max <= self.pt_hat_min:
            raise ValueError(f"pt_hat_max {self.pt_hat_max:g} is not above pt_hat_min {self.pt_hat_min:g}")
        return self


class SampleSelection(Settings):
    """Cuts of one sample, applied after those that all samples have, and counted one by one."""

    events: list[Expression] = Field(default_factory=list, description="Cuts on events: [event_number % 2 == 1].")
    jets: list[Expression] = Field(default_factory=list, description="Cuts on jets: [llp_matched == 1].")


class Sample(Settings):
    """The files of one physics process."""

    title: str = Field("", description="Name in plots; the sample's key if empty.")
    files: list[str] = Field(
        default_factory=list,
        description="DxAOD files or patterns such as 'user.me/*.root', relative to `data`; URLs (root://, https://); "
        "or text files (.txt, .list) that name one of these a line.",
    )
    simulate: Simulation | None = Field(None, description="Make the sample instead of reading files.")
    prepare: str | None = Field(
        None,
        description="A site's own command that makes, of each of the files, one that the schema describes: "
        "'source setup.sh && dump --in {input} --out {output}'. A job of its own for each file.",
    )
    schema_name: str = Field(
        "simulated",
        alias="schema",
        description="Input schema: a name in config/schemas, or the path of a YAML file.",
    )
    cross_section: Picobarn | None = Field(
        1.0,
        description="Cross-section in pb, k-factor and filter efficiency included; null where it is not known, as "
        "that of "
        "a signal: figures show it as 1 pb.",
    )
    era: Era | None = Field(None, description="Period of data-taking that it simulates, a key of `luminosity`.")
    numbers: str | None = Field(
        None,
        description="JSON or YAML file with `cross_section` and `sum_of_weights` by sample, or by era and sample: "
        "{tt: {cross_section: 88.3, sum_of_weights: 1.2e6}}. '{era}' in its name is the era's. What it has is taken.",
    )
    sum_of_weights: SumOfWeights | Literal["bookkeeping", "events"] | None = Field(
        None,
        description="Sum of generator weights of all generated events. 'bookkeeping': as the files record it "
        "(CutBookkeepers of ATLAS, `Runs` of NanoAOD); 'events': that of the events in the files; null: the "
        "bookkeeping of files that have one. A number is for all files, and is scaled with the share that is read.",
    )
    channels: list[Channel] | Literal["any"] | None = Field(
        None,
        description="Channel numbers (DSIDs) of the processes that are meant to be in the sample, or 'any'; null: one "
        "process, whichever. All of them share one cross-section and one sum of weights.",
    )
    constants: dict[Variable, Single] = Field(
        default_factory=dict,
        description="Variables of all events of the sample that no branch has: {llp_mH: 600, llp_mS: 150}. Samples of "
        "a task have the same ones, unless the schema has them.",
    )
    select: SampleSelection = Field(
        default_factory=SampleSelection,
        description="Cuts of this sample alone, after those of `conversion.select`.",
    )
    is_data: bool = Field(False, description="Recorded data: no generator weights, no truth labels.")

    @property
    def scale(self) -> float:
        """The cross-section in pb; 1 where it is not known."""
        return 1.0 if self.cross_section is None else self.cross_section

    @model_validator(mode="after")
    def _one_source(self) -> Sample:
        if bool(self.files) == (self.simulate is not None):
            raise ValueError("give either 'files' or 'simulate'")
        if self.prepare is not None:
            if self.simulate is not None:
                raise ValueError("prepare: is for samples that have 'files'")
            for place in ("{input}", "{output}"):
                if place not in self.prepare:
                    raise ValueError(f"prepare: the command must name {place}")
        return self
