"""How often jets of two classes have which energy and mass: what the density of a tree takes as given, its seed.

JUNIPR gives P(tree | energy, mass, class). The likelihood ratio of two classes needs p(energy, mass | class) as well
(arXiv:1804.09720), which is counted here in bins.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import CorruptFileError, EmptySampleError, StaleError
from jetloom.evaluation.statistics.intervals import effective_number

if TYPE_CHECKING:
    from jetloom.data.dataset import Dataset
    from jetloom.data.view import View
    from jetloom.evaluation.classification.aligned import Compared

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

FEWEST = 100
"""Jets of the rarer class that a bin has on average, at least: its ratio is then known to about 15%."""

MOST = 20
"""Bins of energy at most, and of mass in each of them."""

PSEUDO_COUNT = 1.0
"""Jets that each class is given in a bin, in the proportions of both together: no ratio is 0 or infinite."""


@dataclass(frozen=True)
class SeedRatio:
    """log of the ratio of two classes' densities of energy and mass, constant in bins; the outer bins are open.

    Attributes
    ----------
    energy : float64 array, shape (bins - 1,)
        Inner edges of the bins of energy, in GeV.
    mass : float64 array, shape (bins, bins - 1)
        Inner edges of the bins of mass in each bin of energy, in GeV.
    log_ratio : float64 array, shape (bins, bins)
        By bin of energy and of mass.
    """

    energy: Floats
    mass: Floats
    log_ratio: Floats

    def __call__(self, energy: Array, mass: Array) -> Floats:
        """Return log p(energy, mass | target) - log p(energy, mass | source) of jets, shape (n,); both in GeV."""
        return self.log_ratio[self.places(energy, mass)]

    def places(self, energy: Array, mass: Array) -> tuple[Array, Array]:
        """Return the bins of jets, of energy and of mass, two arrays of shape (n,)."""
        first = np.searchsorted(self.energy, energy, side="right")
        return first, (np.asarray(mass)[:, None] >= self.mass[first]).sum(axis=1)


def fit_seed_ratio(view: View, source: int, target: int) -> SeedRatio:
    """Count the energies and masses of two classes on the training part, with its weights.

    Bins hold equally many jets of both classes together: quantiles of the energy, then of the mass in each.

    Parameters
    ----------
    view : View
        Of a dataset with trees.
    source, target : int
        Indices of the classes; the ratio is that of the target to the source.

    Raises
    ------
    EmptySampleError
        If the training part has no jets of one of them.
    """
    columns = ("label", "seed_e", "seed_m", view.weight)
    # Copies of the columns: a view would keep all others of the part in memory.
    blocks = [[block[name].copy() for name in columns] for block in view.jet_rows("train")]
    label, energy, mass, weight = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    kept = np.isin(label, (source, target))
    is_target, energy, mass, weight = label[kept] == target, energy[kept], mass[kept], weight[kept].astype(np.float64)
    rarer = int(min(is_target.sum(), (~is_target).sum()))
    if not rarer:
        raise EmptySampleError("lacks jets of one of the classes", where="training part")
    bins = min(MOST, max(1, math.isqrt(rarer // FEWEST)))
    at = np.arange(1, bins) / bins
    inner = np.quantile(energy, at)
    first = np.searchsorted(inner, energy, side="right")
    masses = np.stack([_quantiles(mass[first == place], at) for place in range(bins)])
    empty = SeedRatio(inner, masses, np.zeros((bins, bins)))
    first, second = empty.places(energy, mass)
    sums = np.zeros((2, bins, bins))
    np.add.at(sums, (is_target.astype(np.int64), first, second), weight)
    squares = np.array([(weight[~is_target] ** 2).sum(), (weight[is_target] ** 2).sum()])
    return replace(empty, log_ratio=_log_ratio(sums, squares))


def _quantiles(values: Array, at: Floats) -> Floats:
    # Where many jets have the same energy a bin may be empty: any edges will do.
    return np.quantile(values, at).astype(np.float64) if len(values) else np.zeros(len(at))


def _log_ratio(sums: Floats, squares: Floats) -> Floats:
    """Return the log ratio of the second class's density to the first one's.

    Parameters
    ----------
    sums : float64 array, shape (2, bins, bins)
        Sums of weights of both classes.
    squares : float64 array, shape (2,)
        Sums of squared weights.
    """
    sums = np.maximum(sums, 0.0)
    totals = sums.sum(axis=(1, 2))
    shares = sums / np.maximum(totals, 1e-300)[:, None, None]
    both = shares.mean(axis=0)
    number = effective_number(totals, squares)[:, None, None]
    added = PSEUDO_COUNT * both.size
    densities = (number * shares + added * both) / (number + added)
    filled = both > 0
    densities = np.where(filled, densities, 1.0)
    found: Floats = np.log(densities[1]) - np.log(densities[0])
    return found


def with_seeds(compared: Compared, ratios: Collection[str], dataset: Dataset) -> Compared:
    """Add the log ratio of the classes' densities of energy and mass to those of some pairs of density models.

    Parameters
    ----------
    compared : Compared
    ratios : collection of str
        The pairs, by name.
    dataset : Dataset
        That the models share. The densities are those of its training part; of the test part, energies and masses of
        the jets are read alone.

    Raises
    ------
    StaleError, CorruptFileError
        If the predictions are not of this dataset, or its test part holds other jets.
    """
    if not ratios:
        return compared
    view = dataset_of(compared, dataset).view(compared.fold)
    log_ratio = log_ratios_of(view, "test", fit_seed_ratio(view, 0, 1), compared.rows["event_number"])
    added = {name: values + log_ratio if name in ratios else values for name, values in compared.log_ratios.items()}
    return replace(compared, log_ratios=added)


def dataset_of(compared: Compared, dataset: Dataset) -> Dataset:
    """Return the dataset if the predictions are of it.

    Raises
    ------
    StaleError
        If they are not.
    """
    if dataset.fingerprint != compared.dataset:
        words = "is not the dataset of the predictions"
        raise StaleError(words, path=dataset.directory, advice="run jetloom evaluate again")
    return dataset


def log_ratios_of(view: View, role: str, ratio: SeedRatio, events: Array) -> Floats:
    """Return the log ratio of the densities of energy and mass of all jets of a role, shape (n,).

    Raises
    ------
    CorruptFileError
        If their event numbers are not those expected.
    """
    blocks = [(block["event_number"].copy(), ratio(block["seed_e"], block["seed_m"])) for block in view.jet_rows(role)]
    found, values = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    require_events(view, role, found, events)
    return np.asarray(values)


def require_events(view: View, role: str, found: Array, events: Array) -> None:
    """See that the jets of a role are those of the predictions.

    Raises
    ------
    CorruptFileError
        If their event numbers are not.
    """
    if not np.array_equal(found, events):
        raise CorruptFileError("its jets are not those of the predictions", path=view.files[role][0])
