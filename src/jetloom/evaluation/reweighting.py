"""Weights that turn jets of one class into those of another, from two density models (arXiv:1804.09720).

The weight of a jet is P_target(tree) / P_source(tree). JUNIPR gives the probability of a tree for a given energy and
mass of the jet, so the ratio of the spectra of these two is a factor of its own, taken from the training part in bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.binned import quantile_edges
from jetloom.evaluation.intervals import effective_number

if TYPE_CHECKING:
    from jetloom.data.dataset import View

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

LIMIT = 50.0
"""Largest weight, before normalisation, that a jet may get; a few jets must not carry the whole spectrum."""

SEED_BINS = 8
"""Bins of energy and of mass, of about equally many jets each."""


@dataclass(frozen=True)
class Weights:
    """Weights of the jets of the source.

    Attributes
    ----------
    factors : float64 array, shape (n,)
        What the weight of each jet is multiplied with; the sum of weights stays.
    clipped : float
        Share of the jets, by weight, whose factor was limited.
    before, after : float
        Effective numbers of jets: (sum of w)^2 / (sum of w^2).
    """

    factors: Floats
    clipped: float
    before: float
    after: float


def likelihood_weights(log_ratio: Floats, seed_ratio: Floats, weights: Floats, limit: float = LIMIT) -> Weights:
    """Give the factors of jets from the log ratio of two models.

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
    factors, total = np.minimum(raw, limit), weights.sum()
    clipped = weights[raw > limit].sum() / total if total > 0 else 0.0
    sums = (weights * factors).sum()
    factors = factors * (total / sums) if sums > 0 else np.ones_like(factors)
    return Weights(factors, float(clipped), _effective(weights), _effective(weights * factors))


def _effective(weights: Floats) -> float:
    return float(effective_number(np.array(weights.sum()), np.array((weights**2).sum())))


@dataclass(frozen=True)
class SeedRatio:
    """Ratio of two classes' densities of energy and mass of jets, in bins of energy and of mass over energy."""

    energy: Floats
    share: Floats
    ratio: Floats

    def __call__(self, energy: Array, mass: Array) -> Floats:
        """Give the ratio for jets; 1 where the training part has none of the source."""
        places = [_bin(self.energy, energy), _bin(self.share, _share(energy, mass))]
        return self.ratio[places[0], places[1]]


def fit_seed_ratio(view: View, source: int, target: int) -> SeedRatio:
    """Fit the ratio on the training part of a dataset.

    Parameters
    ----------
    view : View
    source, target : int
        Indices of the classes.
    """
    columns = ("label", "seed_e", "seed_m", view.weight)
    blocks = [[block[name] for name in columns] for block in view.blocks("train")]
    label, energy, mass, weight = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    kept = np.isin(label, (source, target))
    share = _share(energy, mass)
    ends = quantile_edges(energy[kept], SEED_BINS), quantile_edges(share[kept], SEED_BINS)
    places = np.stack([_bin(ends[0], energy), _bin(ends[1], share)])
    shape = len(ends[0]) - 1, len(ends[1]) - 1
    densities = []
    for index in (source, target):
        chosen = label == index
        sums = np.zeros(shape)
        np.add.at(sums, tuple(places[:, chosen]), weight[chosen].astype(np.float64))
        densities.append(np.maximum(sums, 0.0) / max(float(sums.sum()), 1e-300))
    return SeedRatio(*ends, np.divide(densities[1], densities[0], out=np.ones(shape), where=densities[0] > 0))


def _share(energy: Array, mass: Array) -> Array:
    return np.divide(mass, energy, out=np.zeros(len(energy), np.float32), where=energy > 0)


def _bin(ends: Floats, values: Array) -> npt.NDArray[np.int64]:
    return np.clip(np.searchsorted(ends, values, side="right") - 1, 0, len(ends) - 2)
