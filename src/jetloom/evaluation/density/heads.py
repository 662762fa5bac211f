"""Data against model, head by head: what happened in the trees, and what the model expected given all before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.density.log_p import HEADS
from jetloom.evaluation.statistics.residuals import DataAndModel, Residuals
from jetloom.inference.tree_batches import BLOCK_ROWS, TreeOutputs
from jetloom.io.trees import BRANCHING_VARIABLES
from jetloom.physics.scaling import bins, edges

if TYPE_CHECKING:
    from jetloom.data.block import Block
    from jetloom.data.view import View
    from jetloom.models.base import Model

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]
Index = npt.NDArray[np.int64]
Expected = Callable[[dict[str, Array]], dict[str, Array]]
"""What :func:`jetloom.models.junipr.distributions.expected` gives."""


@dataclass
class HeadSums:
    """Data and model of one head.

    Attributes
    ----------
    total : Residuals
        One step: all that a jet has. For the end, the outcomes are the steps at which a jet can end.
    steps : Residuals
        By step of the walk from the root; none for the end.
    surprise : float
        Sum over branchings of weight times -log P of what happened, in nats; 0 for the end.
    """

    total: Residuals = field(default_factory=Residuals.empty)
    steps: Residuals = field(default_factory=Residuals.empty)
    surprise: float = 0.0

    def add(self, head: str, seen: tuple[Index, Index, Index], expected: Floats, weights: Floats) -> None:
        """Add jets.

        Parameters
        ----------
        head : str
        seen : (jet, step, outcome)
            Arrays of shape (n,): what happened.
        expected : float64 array, shape (jets, steps, outcomes)
            Probabilities.
        weights : float64 array, shape (jets,)
        """
        happened = np.zeros_like(expected)
        happened[seen] = 1.0
        if head == "end":
            happened, expected = (array.transpose(0, 2, 1) for array in (happened, expected))
        else:
            here = np.zeros(expected.shape[:2])
            here[seen[:2]] = weights[seen[0]]
            self.steps.add(happened, expected, here)
            # The network's float32 cannot tell smaller ones from 0.
            likely = np.maximum(expected[seen], np.finfo(np.float32).tiny)
            self.surprise -= float(weights[seen[0]] @ np.log(likely))
        happened, expected = (array.sum(axis=1, keepdims=True) for array in (happened, expected))
        self.total.add(happened, expected, weights[:, None])

    def mean_surprise(self) -> float | None:
        """Return the mean of -log P of what happened over branchings, in nats; None if it means nothing."""
        branchings = float(self.steps.data.sum())
        return self.surprise / branchings if branchings > 0 and not self.total.doubt(0) else None

    def trimmed(self) -> HeadSums:
        """Return the sums without steps and outcomes beyond those that are there."""
        return HeadSums(self.total.trimmed(), self.steps.trimmed(), self.surprise)


def head_sums(
    expected: Expected, network: Any, model: Model, view: View, role: str, classes: Iterable[int]
) -> dict[str, HeadSums]:
    """Sum what happened and what was expected over the jets of some classes.

    Parameters
    ----------
    expected : callable
        Probabilities that the network gives.
    network : Keras model
    model : Model
        Returns the features.
    view : View
    role : str
    classes : iterable of int

    Returns
    -------
    dict of head to HeadSums
    """
    labels, found = list(classes), {head: HeadSums() for head in HEADS}
    outputs = TreeOutputs(network, model, view.facts, expected)
    for block in view.blocks(role, BLOCK_ROWS):
        jets = block.take(np.isin(block["label"], labels))
        for index, probabilities in outputs(jets):
            batch = jets.take(index)
            weights = batch[view.weight].astype(np.float64)
            for head, seen in outcomes(batch, view.facts.trees or {}).items():
                found[head].add(head, seen, probabilities[head].astype(np.float64), weights)
    return {head: sums.trimmed() for head, sums in found.items()}


def outcomes(jets: Block, binning: dict[str, Any]) -> dict[str, tuple[Index, Index, Index]]:
    """Return what happened: jet, step and outcome of each branching, by head; for the end, of each jet.

    Parameters
    ----------
    jets : Block
        With their branchings.
    binning : dict
        Scaling and bins of the dataset.
    """
    rows, lengths = jets.branchings, jets.lengths
    if rows is None:
        raise ValueError("the jets have no trees")
    jet = np.arange(len(jets))
    each = np.repeat(jet, lengths)
    step = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    found = {"end": (jet, lengths, np.zeros(len(jets), np.int64))}
    found["mother"] = (each, step, rows["mother_rank"].astype(np.int64))
    for name in BRANCHING_VARIABLES:
        limits, size = binning["branching"][name], binning["granularity"]
        found[name] = (each, step, bins(rows[name], name, limits, binning["scaling"], size))
    return found


def head_numbers(sums: Mapping[str, HeadSums]) -> dict[str, Any]:
    """Return chi^2 and degrees of freedom of each head, as ``metrics.json`` has them.

    Returns
    -------
    dict
        By head: ``total``, and for all but the end ``steps``, one entry a step from the root on; each is
        ``{chi2, ndf}``, null and 0 with the reason where it means nothing. For all but
        the end also ``surprise``, the mean of -log P over branchings, in nats, or None.
    """
    found: dict[str, Any] = {}
    for head, entry in sums.items():
        found[head] = {"total": entry.total.agreement(0).entry()}
        if head != "end":
            found[head]["steps"] = [entry.steps.agreement(step).entry() for step in range(len(entry.steps.data))]
            found[head]["surprise"] = entry.mean_surprise()
    return found


@dataclass(frozen=True)
class HeadShown:
    """What the figures of a head show.

    Attributes
    ----------
    edges : float64 array, shape (outcomes + 1,)
        Edges of the bins in units of the variable; around whole numbers for the rank of the mother, and for the end
        around the number of constituents.
    total, steps : DataAndModel
        As in :class:`HeadSums`.
    surprise : float
        Mean of -log P over branchings, in nats; NaN if it means nothing, and for the end.
    """

    edges: Floats
    total: DataAndModel
    steps: DataAndModel
    surprise: float


def heads_shown(sums: Mapping[str, HeadSums], binning: dict[str, Any]) -> dict[str, HeadShown]:
    """Return what the figures of each head show.

    Parameters
    ----------
    sums : mapping of head to HeadSums
    binning : dict
        Scaling and bins of the dataset.
    """
    found = {}
    for head, entry in sums.items():
        first = {"mother": -0.5, "end": 0.5}.get(head)
        size = entry.total.data.shape[1]
        edges = head_edges(head, binning) if first is None else np.arange(size + 1) + first
        surprise = entry.mean_surprise()
        mean = float("nan") if surprise is None else surprise
        found[head] = HeadShown(edges, entry.total.shown(), entry.steps.shown(), mean)
    return found


def head_edges(head: str, binning: dict[str, Any]) -> Floats:
    """Return the edges of the bins of a variable in its own units."""
    return edges(head, binning["branching"][head], binning["scaling"], binning["granularity"])
