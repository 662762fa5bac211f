"""How surprising jets are to a density model: the mean of -log P, in total and by head, with its uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.bootstrap import REPLICAS, bootstrap
from jetloom.evaluation.density import HEADS
from jetloom.evaluation.intervals import effective_number
from jetloom.evaluation.report import finite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

NAMES = ("loss", *HEADS)
"""Names of the means: -log P of the whole jet, and of each head."""


def mean_surprise(
    log_p: Floats, weights: Array, events: Array, generator: np.random.Generator, count: int = REPLICAS
) -> dict[str, dict[str, float | None]]:
    """Give the weighted mean over jets of -log P, with bootstrap errors by event.

    Parameters
    ----------
    log_p : array of float64, shape (n, 6)
        log P of each jet by head.
    weights, events : arrays, shape (n,)
    generator : Generator
    count : int
        Number of replicas.

    Returns
    -------
    dict of name to {"value", "std"}
        ``loss`` and one a head; the heads sum to the loss. None where there is no weight.
    """
    columns = -np.concatenate([log_p.sum(axis=1, keepdims=True), log_p], axis=1)

    def means(weight: Floats) -> Floats:
        total = weight.sum()
        return weight @ columns / total if total > 0 else np.full(len(NAMES), np.nan)

    found = bootstrap(means, weights, events, generator, count)
    return {
        name: {"value": finite(value), "std": finite(std)}
        for name, value, std in zip(NAMES, found.value, found.std, strict=True)
    }


def by_class(
    log_p: Floats, columns: Mapping[str, Array], classes: Sequence[str], generator: np.random.Generator
) -> dict[str, Any]:
    """Give number, effective number and mean -log P of the jets of each class.

    Parameters
    ----------
    log_p : array of float64, shape (n, 6)
    columns : mapping
        ``label``, ``weight`` and ``event`` of each jet.
    classes : sequence of str
    generator : Generator
    """
    found = {}
    for index, name in enumerate(classes):
        chosen = columns["label"] == index
        weights = columns["weight"][chosen].astype(np.float64)
        sums, squares = np.array(weights.sum()), np.array((weights**2).sum())
        found[name] = {
            "jets": int(chosen.sum()),
            "sum_of_weights": float(sums),
            "effective_jets": float(effective_number(sums, squares)),
            "surprise": mean_surprise(log_p[chosen], weights, columns["event"][chosen], generator),
        }
    return found
