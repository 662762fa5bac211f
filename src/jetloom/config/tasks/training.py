"""Settings of a training: what is watched, kept, logged and saved."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, model_validator

from jetloom.config.limits import Change, Epochs, Index, LastEpochs, Rate, Single, Steps, Threads
from jetloom.config.settings import Settings
from jetloom.config.tasks.callbacks import OwnCallback

MetricName = Annotated[
    str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200, description="a metric of the model's objective")
]
"""Which metrics there are is for the model's objective to say; `jetloom check` asks it."""


class EarlyStopping(Settings):
    """Stop when the monitored metric has not improved for some epochs, and keep the best epoch's weights."""

    monitor: MetricName = Field("val_loss", description="Metric to watch; its direction is known.")
    patience: Epochs = Field(10, description="Epochs without improvement.")
    min_delta: Change = Field(1e-4, description="Smallest change that is an improvement.")


class ReduceLearningRate(Settings):
    """Lower the learning rate when the monitored metric stays on a plateau."""

    monitor: MetricName = Field("val_loss", description="Metric to watch.")
    factor: Annotated[float, Field(gt=0, lt=1)] = Field(0.5, description="New learning rate over old.")
    patience: Epochs = Field(4, description="Epochs without improvement.")
    min_delta: Change = Field(1e-4, description="Smallest change that is an improvement.")
    min_learning_rate: Rate = Field(1e-6, description="Never below this.")


class Select(Settings):
    """Which of the networks that were validated is kept."""

    monitor: MetricName | None = Field(
        None, description="Metric of the best one; null: that of early_stopping, or `val_loss` without it."
    )
    last: LastEpochs = Field(0, description="Only among the last so many of `epochs`; 0: among all.")


class Gate(Settings):
    """Let only epochs be kept whose metric lies within limits; if none does, the one that misses least is kept.

    The result and the table of the scan say so then, and such points rank behind those that pass.
    """

    metric: MetricName = Field(description="A metric of the validation part or of the control region: val_ks_bib.")
    lowest: Single | None = Field(None, description="Epochs pass above this.")
    highest: Single | None = Field(None, description="Epochs pass below this.")

    @model_validator(mode="after")
    def _some_limit(self) -> Gate:
        if self.lowest is None and self.highest is None:
            raise ValueError("'lowest' or 'highest' is needed: without a limit every epoch passes")
        if self.lowest is not None and self.highest is not None and self.lowest >= self.highest:
            raise ValueError(f"no epoch passes: 'lowest', {self.lowest:g}, is not below 'highest', {self.highest:g}")
        return self


class Training(Settings):
    """Settings of the training that are the same for all points."""

    backend: Literal["tensorflow", "jax"] = Field("tensorflow", description="Keras backend.")
    device: Literal["cpu", "gpu", "auto"] = Field(
        "cpu",
        description="Where to train. 'gpu': each training asks a batch system for GPUs, and fails where it can use "
        "none; 'auto': it takes one if it sees one, asks for none, and says where it computes.",
    )
    early_stopping: EarlyStopping | None = Field(default_factory=EarlyStopping, description="Null trains all epochs.")
    reduce_learning_rate: ReduceLearningRate | None = Field(
        default_factory=ReduceLearningRate, description="Null keeps the learning rate."
    )
    validations: Annotated[PositiveInt, Field(le=1000)] = Field(
        1, description="Validations in an epoch, at equal distances; each is a row of the history."
    )
    select: Select = Field(default_factory=Select, description="Which validation's network is kept.")
    gate: Gate | None = Field(
        None, description="Which epochs may be kept, by the limits of a metric: {metric: val_ks_bib, highest: 0.3}."
    )
    loss_weight: Literal["final", "event", "one"] = Field(
        "final",
        description="Which weight of the dataset enters loss and metrics: 'final', as `weights` of the task makes it "
        "(classes equalised, spectra flattened); 'event', that of the generator and the cross-section alone (column "
        "`event_weight`); or 'one': each jet counts the same.",
    )
    callbacks: list[OwnCallback] = Field(
        default_factory=list,
        description="Callbacks of your own, which look at each validation: they may stop the training, forbid to keep "
        "the weights, change the learning rate.",
    )
    checkpoint_steps: Steps = Field(
        0, description="Checkpoint every so many steps, besides the end of each epoch; 0: each epoch only."
    )
    tensorboard: bool = Field(False, description="Write TensorBoard event files beside the point.")
    tensorboard_tree: Index | None = Field(
        None,
        description="With `tensorboard`, for density models: the row of the validation part whose tree is drawn after "
        "each epoch with -log P at its branchings; null: none.",
    )
    keep_epochs: bool | Literal["passing"] = Field(
        False,
        description="Keep the network of each epoch: epochs/epoch<number>.keras beside the best one; 'passing': only "
        "those that the gate and the callbacks let pass.",
    )
    log_steps: Steps = Field(
        0, description="Log a line every so many steps: time to reach a batch, of a step, jets a second; 0: never."
    )
    threads: Threads = Field(1, description="CPU threads of one training.")


LATER = ("gate", "loss_weight")
"""Settings that came with a later version: at their defaults they are no part of what a training is known by."""


def shaping(training: Training) -> dict[str, Any]:
    """Return the settings that decide the numbers of a training, JSON-like."""
    fields = Training.model_fields
    same = {name for name in LATER if getattr(training, name) == fields[name].default}
    return training.model_dump(mode="json", exclude=UNSEEN | same)


UNSEEN = {"tensorboard", "tensorboard_tree", "keep_epochs", "checkpoint_steps", "log_steps"}
"""The settings of a training that change none of its numbers."""
