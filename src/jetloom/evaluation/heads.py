"""Data against model, head by head: what happened in the trees, and what the model expected given all before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.density import HEADS, buckets, steps_at_once
from jetloom.io.trees import BRANCHING_VARIABLES
from jetloom.models.base import DataFacts
from jetloom.physics.scaling import bins, edges

if TYPE_CHECKING:
    from jetloom.data.dataset import View
    from jetloom.data.jets import Jets
    from jetloom.models.base import Model

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]
Expected = Callable[[dict[str, Array], Array], dict[str, Floats]]
"""What :func:`jetloom.models.junipr.distributions.expected` gives."""


@dataclass
class HeadSums:
    """Sums of weights by step and outcome; all arrays of shape (steps, outcomes).

    ``data`` of what happened, ``squares`` the sums of squared weights, ``model`` of weight times predicted probability.
    """

    data: Floats
    squares: Floats
    model: Floats

    @classmethod
    def empty(cls) -> HeadSums:
        """Give sums of nothing."""
        return cls(*(np.zeros((0, 0)) for _ in range(3)))

    def happened(self, step: Array, outcome: Array, weights: Array) -> None:
        """Add outcomes of shape (n,) at their steps."""
        if not len(step):
            return
        shape = int(step.max()) + 1, int(outcome.max()) + 1
        place = np.ravel_multi_index((step, outcome), shape)
        for name, weight in (("data", weights), ("squares", weights**2)):
            sums = np.bincount(place, weight.astype(np.float64), minlength=shape[0] * shape[1])
            setattr(self, name, _added(getattr(self, name), np.asarray(sums, np.float64).reshape(shape)))

    def expected(self, sums: Floats) -> None:
        """Add sums of weight times probability."""
        self.model = _added(self.model, sums)

    def trimmed(self) -> HeadSums:
        """Give all arrays the same shape: that of the outcomes that happened, and of steps that were there."""
        steps = max(len(self.data), int(np.flatnonzero(self.model.sum(axis=1) > 0).max(initial=-1)) + 1)
        outcomes = max(self.data.shape[1], self.model.shape[1])
        arrays = (self.data, self.squares, self.model[:steps])
        return HeadSums(*(_added(np.zeros((steps, outcomes)), array) for array in arrays))


def _added(one: Floats, other: Floats) -> Floats:
    """Add two arrays, the smaller one filled up with zeros."""
    shape = np.maximum(one.shape, other.shape)
    found = np.zeros(shape)
    for array in (one, other):
        found[: array.shape[0], : array.shape[1]] += array
    return found


def head_sums(
    expected: Expected, network: Any, model: Model, view: View, role: str, classes: Iterable[int]
) -> dict[str, HeadSums]:
    """Sum what happened and what was expected over the jets of some classes.

    Parameters
    ----------
    expected : callable
        Sums of probabilities that the network gives.
    network : Keras model
    model : Model
        Gives the features.
    view : View
    role : str
    classes : iterable of int

    Returns
    -------
    dict of head to HeadSums
    """
    facts, labels = DataFacts.of(view), list(classes)
    found = {head: HeadSums.empty() for head in HEADS}
    for block in view.blocks(role):
        jets = block.take(np.isin(block["label"], labels))
        weights = jets[view.weight].astype(np.float64)
        for head, (step, outcome, weight) in outcomes(jets, weights, view.binning or {}).items():
            found[head].happened(step, outcome, weight)
        lengths = jets.lengths + 1
        for index, rows in buckets(lengths, steps_at_once(network)):
            padded = np.zeros(rows)
            padded[: len(index)] = weights[index]
            features: Any = model.features(jets.take(np.resize(index, rows)), facts)
            for head, sums in expected(features, padded).items():
                found[head].expected(sums)
    return {head: sums.trimmed() for head, sums in found.items()}


def outcomes(jets: Jets, weights: Floats, binning: dict[str, Any]) -> dict[str, tuple[Array, Array, Floats]]:
    """Give what happened: step, outcome and weight of each branching, by head; for the end, of each jet.

    Parameters
    ----------
    jets : Jets
        With their branchings.
    weights : array, shape (jets,)
    binning : dict
        Scaling and bins of the dataset.
    """
    rows, lengths = jets.branchings, jets.lengths
    if rows is None:
        raise ValueError("the jets have no trees")
    step = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    each = np.repeat(weights, lengths)
    found = {"end": (lengths, np.zeros(len(jets), np.int64), weights)}
    found["mother"] = (step, rows["mother_rank"].astype(np.int64), each)
    for name in BRANCHING_VARIABLES:
        limits, size = binning["branching"][name], binning["granularity"]
        found[name] = (step, bins(rows[name], name, limits, binning["scaling"], size), each)
    return found


def head_edges(head: str, binning: dict[str, Any]) -> Floats:
    """Give the edges of the bins of a variable in its own units."""
    return edges(head, binning["branching"][head], binning["scaling"], binning["granularity"])
