"""The interface of a model: its parameters, what it reads from a block of jets, its network and its loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy.typing as npt
from pydantic import Field, field_validator

from jetloom.config.limits import Batch as BatchSize
from jetloom.config.limits import Epochs, MicroBatch, Norm, Penalty, Rate
from jetloom.config.settings import Settings
from jetloom.data.block import Block
from jetloom.data.streams.batch import Batch, Features
from jetloom.data.view import DataFacts
from jetloom.models import schedules
from jetloom.models.objectives.classification import Classification
from jetloom.models.objectives.metric import Metrics
from jetloom.models.objectives.objective import Objective
from jetloom.models.schedules import Phase
from jetloom.models.updates import LOSS, OptimizerName, Update, is_plain


class Parameters(Settings):
    """Parameters that every network has. All of them can be scanned, and together they name a point."""

    optimizer: OptimizerName = Field("adam", description="Optimiser of Keras.")
    learning_rate: Rate = Field(1e-3, description="Learning rate at the start.")
    momentum: Annotated[float, Field(ge=0, lt=1)] = Field(0.0, description="Momentum, for sgd and rmsprop.")
    clip_norm: Norm = Field(0.0, description="Gradients are clipped to this global norm; 0: not.")
    weight_decay: Penalty = Field(
        0.0,
        description="In each step weights shrink by this share of the learning rate, apart from the gradient; 0: not, "
        "except with adamw, where it is Keras' 0.004.",
    )
    reduction: Literal["mean", "sum"] = Field(
        "mean",
        description="The gradient of a batch is that of the mean loss of its jets, or of their sum. A sum is "
        "batch_size times as large: sgd takes the same steps with the rate divided by it, clip_norm sees all of it, "
        "and adam, which divides by the size of gradients, takes nearly the same steps at the same rate. Losses are "
        "logged as means.",
    )
    batch_size: BatchSize = Field(512, description="Jets in a batch.")
    epochs: Epochs = Field(50, description="Epochs at most.")
    schedule: list[str | Phase] = Field(
        default_factory=list,
        description="Learning rate and batch size by phase, in the place of `learning_rate` and `batch_size`: a "
        "published schedule by name (paper, 1epochJS, 5epochsD, special_binary, junipr_unary_LONG, "
        "junipr_unary_SHORT, junipr_binary_DOUBLE, binary), a list of phases, or both: [5epochsD, {epoch: 4, "
        "batch_size: 100}]. A schedule that ends (paper after 30 epochs, 1epochJS after 6) ends the training.",
    )
    micro_batch: MicroBatch = Field(
        0, description="Gradients are added up over so many jets at a time; 0: over a whole batch at once."
    )

    @field_validator("schedule", mode="before")
    @classmethod
    def _one_name(cls, given: Any) -> Any:
        return [given] if isinstance(given, str) else given or []

    @field_validator("schedule")
    @classmethod
    def _known_schedules(cls, items: list[str | Phase]) -> list[str | Phase]:
        schedules.check(items)
        return items


ADDED = (
    "micro_batch", "schedule", "weight_decay", "reduction", "head_dropout", "lbn_particles", "lbn_features",
    "loss_groups", "group_weight", "focal_gamma", "class_weights",
)  # fmt: skip
"""Parameters that came with a later version: at their defaults they are no part of a point's name."""


@cache
def _added(parameters: type[Settings]) -> dict[str, Any]:
    """Return the defaults of these parameters, as far as a model has them."""
    fields = parameters.model_fields
    return {name: fields[name].get_default(call_default_factory=True) for name in ADDED if name in fields}


class Model(ABC):
    """A kind of network. A new one is a new file with a subclass, and its name in :mod:`jetloom.models.registry`."""

    parameters: ClassVar[type[Settings]] = Parameters
    """Its parameters with their defaults."""
    trainer: ClassVar[Literal["network", "boosted"]] = "network"
    """How it is trained: in steps of an optimiser, or tree by tree (:mod:`jetloom.training.boosted`)."""
    file: ClassVar[str] = "model.keras"
    """Name of the file that holds the trained model; its ending says how it is loaded."""
    reads: ClassVar[frozenset[str]] = frozenset()
    """The collections that it needs besides the rows, by name; trees are "branchings"."""
    reads_all: ClassVar[bool] = False
    """Whether it reads all collections that its dataset has, whatever their names."""
    classes: ClassVar[tuple[str, ...]] = ()
    """The classes that it tells apart, in the order of its outputs; empty: those of its task, whatever they are."""
    control_classes: ClassVar[tuple[str, ...]] = ()
    """Those of the task of its control region; empty: whatever they are."""
    objective: ClassVar[Objective] = Classification()
    """What it learns, and by which metrics it is judged."""
    inherited: ClassVar[frozenset[str]] = frozenset()
    """Parameters that come with the models of ``unaries`` or ``start``, where a training starts from some."""
    can_continue: ClassVar[bool] = False
    """Whether a training can go on from a trained model of its kind, the one under ``start``."""
    enough_updates: ClassVar[int] = 0
    """With fewer updates in all a training says that it is too short to judge the model by."""
    knows_epochs: ClassVar[bool] = False
    """Whether its network, its loss or its updates depend on the parameter ``epochs``: then a training of more epochs
    does not go on from one of fewer."""
    compile_xla: ClassVar[bool] = False
    """Whether its step is compiled with XLA on TensorFlow, too (on JAX each is), once for each shape of its input."""

    def identity(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return what names a point: its parameters, without those of a newer jetloom that are at their defaults."""
        same = {name for name, default in _added(self.parameters).items() if parameters[name] == default}
        return {name: value for name, value in parameters.items() if name not in same}

    def epoch_metrics(self) -> list[str]:
        """Return the metrics that are known after each epoch: of the training, then of the validation part."""
        return ["loss", *self.objective.terms, *self._measured("val_")]

    def point_metrics(self) -> list[str]:
        """Return the metrics that are known of a point when its training is over."""
        return [*self.epoch_metrics(), *self._measured("eval_")]

    def _measured(self, prefix: str) -> list[str]:
        found = self.objective
        return [prefix + name for name in ("loss", *found.terms, *found.of_parts, *found.of_control)]

    def reads_of(self, collections: Iterable[str]) -> frozenset[str]:
        """Return the collections that it reads, of a dataset that has these (trees are not among them)."""
        return self.reads | frozenset(collections) if self.reads_all else self.reads

    def history_columns(self) -> list[str]:
        """Return the columns of ``history.csv``, one row an epoch."""
        batches = ("batch_size",) if self.trainer == "network" else ()
        return ["epoch", *self.epoch_metrics(), "learning_rate", *batches, "seconds"]

    @property
    def metrics(self) -> Metrics:
        """Its metrics by name, with their directions and titles."""
        return Metrics(self.objective.metrics)

    @abstractmethod
    def build(self, parameters: Any, data: DataFacts, seed: int, start: Mapping[str, Path]) -> Any:
        """Build the untrained ``keras.Model``, preprocessing included.

        It takes what :meth:`features` gives. Its initial weights depend on ``seed`` and on the models in ``start``
        (by class, those that ``unaries`` of the task names; as "start", that of ``start``) alone.
        """

    @abstractmethod
    def features(self, jets: Block, data: DataFacts) -> Features:
        """Return the network's input for a block of jets."""

    @abstractmethod
    def loss(self, batch: Batch, outputs: Any, parameters: Any) -> Any:
        """Return the loss of each row, a tensor of shape (rows,), written with ``keras.ops``.

        Parameters
        ----------
        batch : Batch
            Of tensors. Its ``target`` is what the objective says: of a classifier the index of the true class, int32
            of shape (rows,). Rows that are not ``real`` are left out of all sums afterwards.
        outputs : tensor
            What the network gives.
        parameters : Parameters
            The point's.
        """

    def batch_loss(self, batch: Batch, outputs: Any, parameters: Any) -> Any:  # noqa: ARG002
        """Return a scalar that is added to the mean loss of the rows of a batch, for what is no loss of single rows.

        It is part of what is trained, not of ``loss`` and ``val_loss``; ``loss_main`` of the history holds all of it.
        With ``micro_batch`` its mean over the micro-batches counts; rows that are not ``real`` are to be left out. What
        is not overridden is not computed.
        """
        return 0.0

    def updates(self, parameters: Any) -> list[Update]:  # noqa: ARG002
        """Return what a step is made of: one update of all variables by the model's loss, unless a model knows better.

        See :mod:`jetloom.models.updates`. All optimisers lie in the checkpoint.
        """
        return [Update()]

    def loss_columns(self, parameters: Any) -> list[str]:
        """Return the columns of the history that hold the losses of the updates; none where ``loss`` says it all."""
        updates = self.updates(parameters)
        plain = is_plain(updates) and type(self).batch_loss is Model.batch_loss
        return [] if plain or self.trainer != "network" else [LOSS + update.name for update in updates]

    def submodels(self, network: Any) -> dict[str, Any]:  # noqa: ARG002
        """Return parts of a trained network by name, each a ``keras.Model``, which are saved as ``<name>.keras``."""
        return {}

    def row_values(self, batch: Batch, outputs: Any, parameters: Any) -> list[Any]:
        """Return the loss and the metrics of each row, in the order of ``objective.terms``: tensors (rows,)."""
        loss, found = self.loss(batch, outputs, parameters), self.objective.row_metrics(batch, outputs)
        return [loss, *(found[name] for name in self.objective.terms)]

    def predictions(self, outputs: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what is predicted of each row: of a classifier the probabilities, shape (rows, classes).

        Its outputs themselves, unless a model knows better.
        """
        return outputs

    def expected(self, network: Any) -> Callable[..., dict[str, npt.NDArray[Any]]] | None:  # noqa: ARG002
        """Return a function that says what a density model expects at each step, or None for a model that cannot say.

        See :func:`jetloom.models.junipr.distributions.expected`.
        """
        return None
