"""JUNIPR as a model of jetloom: a density, trained by maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy.typing as npt

from jetloom.data.block import BRANCHINGS, Block
from jetloom.data.streams.batch import Batch
from jetloom.data.view import DataFacts
from jetloom.errors import ConfigurationError
from jetloom.models.base import Model, Parameters
from jetloom.models.junipr.objective import TreeDensity
from jetloom.models.junipr.parameters import ENOUGH_UPDATES, SHAPING, STRUCTURE, JuniprParameters
from jetloom.models.junipr.start import load_unary, refuse_differences
from jetloom.models.objectives.objective import Objective


class JuniprModel(Model):
    """The probability of a jet, step by step along its clustering tree."""

    parameters: ClassVar[type[Parameters]] = JuniprParameters
    reads: ClassVar[frozenset[str]] = frozenset({BRANCHINGS})
    inherited: ClassVar[frozenset[str]] = frozenset({*STRUCTURE, "preset"})
    can_continue: ClassVar[bool] = True
    enough_updates: ClassVar[int] = ENOUGH_UPDATES
    compile_xla: ClassVar[bool] = True
    objective: ClassVar[Objective] = TreeDensity()

    def build(
        self,
        parameters: JuniprParameters,
        data: DataFacts,
        seed: int,
        start: Mapping[str, Path],
    ) -> Any:
        """Build the network, with structure and weights of the one to go on from if there is one.

        Raises
        ------
        ConfigurationError
            If the dataset has no trees, or trees larger than the network is made for, or the model to go on from is not
            made for the dataset.
        """
        import keras

        from jetloom.models.junipr.network import Junipr, network_inputs

        inputs = network_inputs()
        before = {name: load_unary(path, name) for name, path in start.items()}
        refuse_differences(before, binning_of(data))
        structure = before["start"].structure if before else structure_of(parameters, data)
        layer = Junipr(structure, binning_of(data), seed, parameters.head_dropout, name="junipr")
        if before:
            layer.set_weights(before["start"].get_weights())
        return keras.Model(inputs, layer(inputs), name="junipr")

    def features(self, jets: Block, data: DataFacts) -> dict[str, npt.NDArray[Any]]:
        """Return the padded arrays; see :func:`jetloom.models.junipr.features.padded`."""
        from jetloom.models.junipr.features import padded

        return padded(jets, binning_of(data).get("trees", {}).get("max_constituents"))

    def loss(self, batch: Batch, outputs: Any, parameters: Any) -> Any:  # noqa: ARG002 - nothing but the jet counts
        """Return -log P of each jet: the sum over its steps and heads."""
        from keras import ops

        return -ops.sum(outputs, axis=(1, 2))

    def expected(self, network: Any) -> Callable[..., dict[str, npt.NDArray[Any]]]:
        """Return probabilities of all outcomes; see :func:`jetloom.models.junipr.distributions.expected`."""
        from jetloom.models.junipr.distributions import expected

        return expected(network)


def binning_of(data: DataFacts) -> dict[str, Any]:
    """Return the scaling and bins of a dataset of trees, without the counts.

    Raises
    ------
    ConfigurationError
        If it has none.
    """
    if data.trees is None:
        raise ConfigurationError("the dataset has no trees", where="model", advice="set reads: trees for its task")
    return {key: data.trees[key] for key in SHAPING if key in data.trees}


def structure_of(parameters: JuniprParameters, data: DataFacts) -> dict[str, Any]:
    """Return the structure that the parameters say, for the trees of a dataset.

    Raises
    ------
    ConfigurationError
        If the trees may have more constituents than the network has outputs for.
    """
    structure = {name: getattr(parameters, name) for name in STRUCTURE}
    allowed = binning_of(data).get("trees", {}).get("max_constituents")
    if structure["max_constituents"] is None:
        if allowed is None:
            raise ConfigurationError("the dataset does not say how many constituents a jet may have", where="model")
        structure["max_constituents"] = allowed
    elif allowed is not None and structure["max_constituents"] < allowed:
        raise ConfigurationError(
            f"the network is made for {structure['max_constituents']} constituents, the trees may have {allowed}",
            where="parameters.max_constituents",
            advice=f"set trees.max_constituents: {structure['max_constituents']}, or this parameter to null",
        )
    return structure
