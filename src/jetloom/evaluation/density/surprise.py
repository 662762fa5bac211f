"""How surprising jets are to a density model: the mean of -log P, in total and by head, with its uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.density.log_p import HEADS
from jetloom.evaluation.statistics.bootstrap import Draws, bootstrap
from jetloom.statistics.meaning import Figure, WeightSums, doubt_of_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

NAMES = ("loss", *HEADS)
"""Names of the means: -log P of the whole jet, and of each head."""


def mean_surprise(log_p: Floats, weights: Array, events: Array, draws: Draws) -> dict[str, dict[str, Any]]:
    """Return the weighted mean over jets of -log P, with bootstrap errors by event.

    Parameters
    ----------
    log_p : array of float64, shape (n, 6)
        log P of each jet by head.
    weights, events : arrays, shape (n,)
        Weight of each jet, and key of its event.
    draws : Draws
        Seed and number of the replicas.

    Returns
    -------
    dict of name to {"value", "std"}
        ``loss`` and one a head; the heads sum to the loss. None, with the reason, where a mean means nothing.
    """
    columns = -np.concatenate([log_p.sum(axis=1, keepdims=True), log_p], axis=1)

    def means(weight: Floats) -> Floats:
        total = weight.sum()
        return weight @ columns / total if total > 0 else np.full(len(NAMES), np.nan)

    found, doubt = bootstrap(means, weights, events, draws), WeightSums.of(weights).doubt()
    figures = {}
    for place, name in enumerate(NAMES):
        value, values = float(found.value[place]), columns[:, place]
        why = doubt or doubt_of_mean(value, float(values.min()), float(values.max()))
        figures[name] = Figure.of(value, float(found.std[place]), why).entry()
    return figures


def by_class(log_p: Floats, columns: Mapping[str, Array], classes: Sequence[str], draws: Draws) -> dict[str, Any]:
    """Return number, effective number and mean -log P of the jets of each class.

    Parameters
    ----------
    log_p : array of float64, shape (n, 6)
    columns : mapping
        ``label``, ``weight`` and ``event`` of each jet.
    classes : sequence of str
    draws : Draws
    """
    found = {}
    for index, name in enumerate(classes):
        chosen = columns["label"] == index
        weights = columns["weight"][chosen].astype(np.float64)
        sums = WeightSums.of(weights)
        found[name] = {
            "jets": int(chosen.sum()),
            "sum_of_weights": sums.total,
            "effective_jets": sums.effective,
            "surprise": mean_surprise(log_p[chosen], weights, columns["event"][chosen], draws),
        }
    return found
