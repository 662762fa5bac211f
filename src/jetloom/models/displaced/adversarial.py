"""The tagger of displaced jets against an adversary that tells data from simulation in the control region."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy.typing as npt

from jetloom.config.settings import Settings
from jetloom.data.streams.batch import Batch
from jetloom.data.view import DataFacts
from jetloom.models.displaced.classes import CLASSES, REGION
from jetloom.models.displaced.model import Displaced
from jetloom.models.displaced.network import build_adversary, build_tagger, seeds_of
from jetloom.models.displaced.objective import AgainstData
from jetloom.models.displaced.parameters import AdversarialParameters
from jetloom.models.objectives.objective import Objective
from jetloom.models.updates import Batches, Update


class DisplacedAdversarial(Displaced):
    """The tagger, named "tagger", and a network that sees its output alone; their outputs stand side by side."""

    parameters: ClassVar[type[Settings]] = AdversarialParameters
    classes: ClassVar[tuple[str, ...]] = CLASSES
    control_classes: ClassVar[tuple[str, ...]] = REGION
    objective: ClassVar[Objective] = AgainstData()

    def build(
        self,
        parameters: Any,
        data: DataFacts,
        seed: int,
        start: Mapping[str, Path],  # noqa: ARG002 - it starts from no other model
    ) -> Any:
        """Build both networks; see :meth:`jetloom.models.base.Model.build`."""
        import keras

        tagger = build_tagger(parameters, data, seeds_of(seed))
        adversary = build_adversary(parameters.adversary_units, len(data.classes), seeds_of(seed, 1))
        inputs = {tensor.name: keras.Input(tensor.shape[1:], name=tensor.name) for tensor in tagger.inputs}
        said = tagger(inputs)
        return keras.Model(inputs, keras.layers.Concatenate()([said, adversary(said)]), name="both")

    def loss(self, batch: Batch, outputs: Any, parameters: Any) -> Any:
        """Return the cross-entropy of the tagger."""
        return super().loss(batch, outputs[:, :-1], parameters)

    def predictions(self, outputs: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what the tagger says."""
        return outputs[:, :-1]

    def submodels(self, network: Any) -> dict[str, Any]:
        """Return the tagger without its adversary."""
        return {"tagger": network.get_layer("tagger")}

    def updates(self, parameters: Any) -> list[Update]:
        """Return those of the adversary, and then that of the tagger."""
        return [
            Update(
                "adversary",
                optimizer=parameters.adversary_optimizer,
                streams=("control",),
                variables=lambda network: network.get_layer("adversary").trainable_variables,
                loss=_of_adversary,
                repeat=parameters.adversary_updates,
                rate=parameters.adversary_rate,
            ),
            Update(
                "tagger",
                streams=("main", "control"),
                variables=lambda network: network.get_layer("tagger").trainable_variables,
                loss=lambda network, batches: _of_tagger(self, network, batches, parameters),
            ),
        ]


def _of_adversary(network: Any, batches: Batches) -> Any:
    """Return the adversary's loss. The tagger's dropout stays at work, as its own training has it."""
    said = network.get_layer("tagger")(batches["control"].features, training=True)
    return _mean(batches["control"], _told_apart(network, batches["control"], said, training=True))


def _of_tagger(model: Displaced, network: Any, batches: Batches, parameters: Any) -> tuple[Any, Any]:
    """Return cross-entropy and penalties less the loss of the adversary, which stands still, and the outputs."""
    from keras import ops

    tagger, main, control = network.get_layer("tagger"), batches["main"], batches["control"]
    said = tagger(main.features, training=True)
    outputs = ops.concatenate([said, network.get_layer("adversary")(said, training=False)], axis=1)
    loss = _mean(main, model.loss(main, outputs, parameters)) + sum(tagger.losses)
    if parameters.adversary_weight:
        region = tagger(control.features, training=True)
        against = _mean(control, _told_apart(network, control, region, training=False))
        loss = loss - parameters.adversary_weight * against
    return loss, outputs


def _told_apart(network: Any, batch: Batch, said: Any, training: bool) -> Any:
    """Return the binary cross-entropy of each row of the control region."""
    from keras import ops

    score = network.get_layer("adversary")(said, training=training)
    return ops.binary_crossentropy(ops.cast(batch.target, "float32"), score[:, 0])


def _mean(batch: Batch, values: Any) -> Any:
    from keras import ops

    return ops.sum(batch.weights * values) / ops.sum(ops.cast(batch.real, "float32"))
