"""Binary JUNIPR: two densities, one a class, trained on their likelihood ratio (arXiv:1906.10137)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from jetloom.config.limits import Temperature
from jetloom.data.block import BRANCHINGS, Block
from jetloom.data.streams.batch import Batch
from jetloom.data.view import DataFacts
from jetloom.errors import ConfigurationError
from jetloom.models.base import Model, Parameters
from jetloom.models.junipr.model import binning_of, structure_of
from jetloom.models.junipr.parameters import ENOUGH_UPDATES, STRUCTURE, JuniprParameters
from jetloom.models.junipr.start import load_unary, refuse_differences

logger = logging.getLogger(__name__)


class JuniprBinaryParameters(JuniprParameters):
    """Parameters of binary JUNIPR. The structure is that of the unaries it starts from, if there are some."""

    loss: Literal["bce", "sigmoid", "difference"] = Field(
        "bce",
        description="With d the log likelihood ratio of the wrong class to the true one: 'bce' is log(1 + exp(d)), "
        "'sigmoid' is sigmoid(d), which saturates, 'difference' is d, which has no lower bound.",
    )
    normalize_by_length: bool = Field(False, description="Divide log P by the number of constituents.")
    temperature: Temperature = Field(1.0, description="What log P is divided by.")
    learn_temperature: bool = Field(False, description="Train the temperature too, from that value on.")


class JuniprBinaryModel(Model):
    """The likelihood ratio of two densities as a classifier."""

    parameters: ClassVar[type[Parameters]] = JuniprBinaryParameters
    reads: ClassVar[frozenset[str]] = frozenset({BRANCHINGS})
    inherited: ClassVar[frozenset[str]] = frozenset({*STRUCTURE, "preset"})
    enough_updates: ClassVar[int] = ENOUGH_UPDATES
    compile_xla: ClassVar[bool] = True

    def build(self, parameters: JuniprBinaryParameters, data: DataFacts, seed: int, start: Mapping[str, Path]) -> Any:
        """Build the network; see :meth:`jetloom.models.base.Model.build`.

        Raises
        ------
        ConfigurationError
            If there are not two classes, only one of them has a model to start from, or these models are not made for
            one another and for the dataset.
        """
        import keras

        from jetloom.models.junipr.network import Junipr, network_inputs
        from jetloom.models.junipr.ratio import RatioLogits

        if len(data.classes) != 2:
            raise ConfigurationError(f"takes two classes, not {len(data.classes)}", where="model junipr_binary")
        if parameters.loss == "difference":
            logger.warning("the loss 'difference' has no lower bound: it runs away")
        keys = {f"unaries.{name}": start[name] for name in data.classes if name in start}
        before = {key: load_unary(path, key) for key, path in keys.items()}
        unaries = list(before.values())
        if len(unaries) == 1:
            raise ConfigurationError("only one of the two classes has a density to start from", where="unaries")
        refuse_differences(before, binning_of(data))
        seeds = [int(value) for value in np.random.default_rng(seed).integers(2**31, size=2)]
        inputs, outputs = network_inputs(), []
        for index, name in enumerate(data.classes):
            structure = unaries[index].structure if unaries else structure_of(parameters, data)
            layer = Junipr(structure, binning_of(data), seeds[index], parameters.head_dropout, name=f"junipr_{name}")
            if unaries:
                layer.set_weights(unaries[index].get_weights())
            outputs.append(layer(inputs))
        ratio = RatioLogits(
            parameters.temperature, parameters.learn_temperature, parameters.normalize_by_length, name="logits"
        )
        return keras.Model(inputs, ratio([*outputs, inputs["length"]]), name="junipr_binary")

    def features(self, jets: Block, data: DataFacts) -> dict[str, npt.NDArray[Any]]:
        """Return the padded arrays; see :func:`jetloom.models.junipr.features.padded`."""
        from jetloom.models.junipr.features import padded

        return padded(jets, binning_of(data).get("trees", {}).get("max_constituents"))

    def loss(self, batch: Batch, outputs: Any, parameters: JuniprBinaryParameters) -> Any:
        """Return the loss of each jet, in one of three forms."""
        from keras import ops

        wrong = outputs[:, 0] - outputs[:, 1]
        wrong = ops.where(ops.equal(batch.target, 1), wrong, -wrong)
        forms = {"bce": ops.softplus, "sigmoid": ops.sigmoid, "difference": lambda value: value}
        return forms[parameters.loss](wrong)

    def predictions(self, outputs: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the probabilities of the two classes: the sigmoid of the log likelihood ratio, and the rest."""
        ratio = outputs[:, 1].astype(np.float64) - outputs[:, 0]
        signal = np.exp(-np.logaddexp(0, -ratio))
        return np.stack([np.exp(-np.logaddexp(0, ratio)), signal], axis=1).astype(np.float32)
