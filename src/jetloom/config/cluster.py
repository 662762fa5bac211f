"""What jobs ask of a cluster, how that grows from attempt to attempt, and when a job is given up."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from jetloom.config.limits import Gpus, Jobs, Memory, Minutes, Seconds, Share, Silent, SomeSeconds, Tries
from jetloom.config.settings import Settings

LEAST_SILENCE = 5


class Stage(Settings):
    """What the first attempt of a job asks for."""

    memory: Memory = Field(2000, description="Memory in MB.")
    minutes: Minutes = Field(60, description="Wall time in minutes.")


class Stages(Settings):
    """The first request of each stage's jobs. Each later one follows from why the last attempt ended."""

    simulate: Stage = Field(default_factory=Stage, description="One chunk of a simulated sample.")
    convert: Stage = Field(default_factory=Stage, description="One DxAOD to an ntuple, or to HDF5.")
    dataset: Stage = Field(default_factory=Stage, description="One dataset.")
    train: Stage = Field(default_factory=lambda: Stage(minutes=120), description="One training of a point.")
    evaluate: Stage = Field(
        default_factory=Stage, description="The numbers of best points and comparisons; jets drawn and reweighted."
    )
    plot: Stage = Field(default_factory=Stage, description="Plots, collecting.")


class Growth(Settings):
    """How a request grows after an attempt that showed it too small."""

    factor: Annotated[float, Field(gt=1, le=100)] = Field(2.0, description="New request over old.")
    memory_limit: Memory = Field(16000, description="Never ask for more memory than this (MB).")
    minutes_limit: Minutes = Field(1440, description="Never ask for more wall time than this (minutes).")


class Attempts(Settings):
    """How many attempts of a job may end for a cause before the job is given up.

    Bad input and a wrong configuration are never tried again: they fail the same way again. What was cancelled by a
    person is not tried again in the same run of Snakemake either: somebody wanted it gone.
    """

    out_of_memory: Tries = Field(4, description="Each next one asks for more memory.")
    out_of_time: Tries = Field(20, description="Each next one asks for more time; a training goes on.")
    preempted: Tries = Field(100, description="Ended from outside for other jobs; not the job's fault.")
    node_lost: Tries = Field(5, description="The machine failed or vanished.")
    disk_full: Tries = Field(2, description="The disk or the quota was full.")
    wrong_resource: Tries = Field(2, description="A card was asked for, and none can be used: another machine.")
    refused: Tries = Field(10, description="The scheduler took no job.")
    storage: Tries = Field(
        6, description="A remote file, a disk or the network did not answer; the pause before the next one doubles."
    )
    duplicate: Tries = Field(100, description="Another copy of the job still worked on the same result.")
    silent: Tries = Field(3, description="It said nothing for so long as `cluster.silent_minutes`, and was stopped.")
    bug: Tries = Field(2, description="Anything else: tried once more, in case the machine was to blame.")


class Cluster(Settings):
    """How jobs are run on a batch system."""

    stages: Stages = Field(default_factory=Stages, description="The first requests.")
    growth: Growth = Field(default_factory=Growth, description="The later requests.")
    attempts: Attempts = Field(default_factory=Attempts, description="How often a job is tried.")
    learn: bool = Field(
        False,
        description="After 20 finished trainings of a task, its next ones ask for what those used, with a margin, in "
        "the place of `stages.train`.",
    )
    pause: Seconds = Field(
        10.0,
        description="Seconds before a job that was refused, doubled, or found a file out of reach is submitted again; "
        "doubles each time, up to 5 min.",
    )
    margin: SomeSeconds = Field(
        90.0,
        description="Seconds before the end of its wall time at which a training leaves a checkpoint and ends; "
        "at most a quarter of the wall time.",
    )
    silent_minutes: Silent = Field(
        0,
        description="Minutes without a word in its log after which a training is stopped and tried again; 5 or more, "
        "longer than its start and its longest validation. 0: none is.",
    )
    tolerance: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="Share of a task's trainings that may fail for good; each is a row of the scan with its cause."
    )
    points_per_job: Jobs = Field(
        1,
        description="Trainings in one job (a bundle), on average at most; more than 1 for many short points. One after "
        "the other, each a process of its own.",
    )
    share: Share = Field(
        1,
        description="Trainings of a bundle that run at a time on one card, with 'device: gpu'. The job asks for the "
        "memory of so many.",
    )
    gpus: Gpus = Field(1, description="GPUs of a training with 'device: gpu'; 'auto' asks for none.")

    @model_validator(mode="after")
    def _patience(self) -> Cluster:
        if 0 < self.silent_minutes < LEAST_SILENCE:
            raise ValueError(
                f"silent_minutes is {self.silent_minutes}, at least {LEAST_SILENCE} are needed: a training that is "
                "well says something about once a minute"
            )
        return self

    @model_validator(mode="after")
    def _sharing(self) -> Cluster:
        if self.share > self.points_per_job:
            raise ValueError(f"share is {self.share}, and a job has {self.points_per_job} trainings (points_per_job)")
        if self.share > 1 and self.gpus != 1:
            raise ValueError(f"share: trainings share one card, and gpus is {self.gpus}")
        return self

    @model_validator(mode="after")
    def _within_limits(self) -> Cluster:
        for name in type(self.stages).model_fields:
            stage: Stage = getattr(self.stages, name)
            if stage.memory > self.growth.memory_limit:
                raise ValueError(f"stages.{name}.memory is above growth.memory_limit ({self.growth.memory_limit})")
            if stage.minutes > self.growth.minutes_limit:
                raise ValueError(f"stages.{name}.minutes is above growth.minutes_limit ({self.growth.minutes_limit})")
        return self
