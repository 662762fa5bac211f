"""Weights that turn jets of one class into those of another, from two density models (arXiv:1804.09720).

The weight of a jet is P_target(tree) / P_source(tree). JUNIPR gives the probability of a tree for a given energy and
mass of the jet, so the ratio of the densities of these two is a factor of its own
(:mod:`jetloom.evaluation.ratio.seeds`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.statistics.intervals import effective_number

Floats = npt.NDArray[np.float64]

LIMIT = 50.0
"""Largest weight, before normalisation, that a jet may get; a few jets must not carry the whole spectrum."""


@dataclass(frozen=True)
class Weights:
    """Weights of the jets of the source.

    Attributes
    ----------
    factors : float64 array, shape (n,)
        What the weight of each jet is multiplied with; the sum of weights stays.
    clipped : float
        Share of the jets, by weight, whose factor was limited.
    limited : int
        Their number.
    before, after : float
        Effective numbers of jets: (sum of w)^2 / (sum of w^2).
    """

    factors: Floats
    clipped: float
    limited: int
    before: float
    after: float


def likelihood_weights(log_ratio: Floats, seed_ratio: Floats, weights: Floats, limit: float = LIMIT) -> Weights:
    """Return the factors of jets from the log ratio of two models.

    Parameters
    ----------
    log_ratio : float64 array, shape (n,)
        log(P_target / P_source) of each jet of the source.
    seed_ratio : float64 array, shape (n,)
        Ratio of the densities of energy and mass of the jets.
    weights : float64 array, shape (n,)
        Weights that the jets have.
    limit : float
        Largest factor before normalisation.
    """
    raw = np.exp(np.minimum(log_ratio, 700.0)) * seed_ratio
    factors, total, above = np.minimum(raw, limit), weights.sum(), raw > limit
    clipped = weights[above].sum() / total if total > 0 else 0.0
    sums = (weights * factors).sum()
    factors = factors * (total / sums) if sums > 0 else np.ones_like(factors)
    return Weights(factors, float(clipped), int(above.sum()), _effective(weights), _effective(weights * factors))


def _effective(weights: Floats) -> float:
    return float(effective_number(np.array(weights.sum()), np.array((weights**2).sum())))
