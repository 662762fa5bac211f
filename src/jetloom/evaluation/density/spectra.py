"""Spectra of trees: branchings or particles per jet in bins, with the covariance of the bins of a jet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.block import Block
from jetloom.data.nodes import final_particles
from jetloom.evaluation.statistics.agreement import Agreement
from jetloom.io.trees import BRANCHING_VARIABLES
from jetloom.physics.scaling import bins, edges
from jetloom.statistics.meaning import WeightSums

Floats = npt.NDArray[np.float64]

SPECTRA = ("multiplicity", "energy", *BRANCHING_VARIABLES)
"""Number of constituents, their energies, and the variables of the branchings."""

COARSE = 20
"""Bins of the multiplicity at most."""


@dataclass
class Spectrum:
    """Sums over jets of what they have in bins; each jet counts as one, whatever it has.

    Attributes
    ----------
    edges : float64 array, shape (bins + 1,)
        In the units of the variable.
    jets : WeightSums
        Their number, and sums of their weights.
    sums, square_sums : float64 arrays, shape (bins,)
        Sums of w n and w^2 n, with n what a jet has in a bin.
    products : float64 array, shape (bins, bins)
        Sums of w^2 n n'.
    """

    edges: Floats
    jets: WeightSums
    sums: Floats
    square_sums: Floats
    products: Floats

    @classmethod
    def empty(cls, found: Floats) -> Spectrum:
        """Return a spectrum of no jets."""
        size = len(found) - 1
        return cls(found, WeightSums(), np.zeros(size), np.zeros(size), np.zeros((size, size)))

    def fill(self, counts: Floats, weights: Floats) -> None:
        """Add jets: what they have, shape (jets, bins), and their weights."""
        self.jets.add(weights)
        self.sums += weights @ counts
        self.square_sums += weights**2 @ counts
        self.products += (counts * (weights**2)[:, None]).T @ counts

    def mean(self) -> Floats:
        """Return the mean per jet in each bin."""
        return self.sums / self.jets.total if self.jets.total else np.zeros_like(self.sums)

    def covariance(self) -> Floats:
        """Return the covariance of the means: sum of w^2 (n - mean) (n' - mean') / (sum of w)^2."""
        mean = self.mean()
        crossed = np.outer(mean, self.square_sums)
        found = self.products - crossed - crossed.T + self.jets.squares * np.outer(mean, mean)
        return found / self.jets.total**2 if self.jets.total else found

    def errors(self) -> Floats:
        """Return one standard deviation of each mean."""
        return np.sqrt(np.maximum(0.0, np.diag(self.covariance())))

    def curve(self) -> Curve:
        """Return what is drawn of it."""
        return Curve(self.edges, self.mean(), self.errors())


@dataclass(frozen=True)
class Curve:
    """What a figure shows of a spectrum: ``edges`` (bins + 1,), ``mean`` per jet and its standard deviation (bins,)."""

    edges: Floats
    mean: Floats
    errors: Floats


def curves(spectra: Mapping[str, Spectrum]) -> dict[str, Curve]:
    """Return what is drawn of some spectra, by their names."""
    return {name: spectrum.curve() for name, spectrum in spectra.items()}


def agreement(one: Spectrum, other: Spectrum) -> Agreement:
    """Return chi^2 of the difference of two independent spectra, if the weights of both leave it a meaning."""
    doubt = one.jets.doubt() or other.jets.doubt()
    return Agreement.of(*((0.0, 0) if doubt else chi_square(one, other)), doubt)


def chi_square(one: Spectrum, other: Spectrum) -> tuple[float, int]:
    """Return chi^2 of the difference of two independent spectra, and its degrees of freedom.

    Bins that are correlated within jets are taken as such. Directions without variance (the shares of the
    multiplicities sum to one) do not count, nor do empty bins.
    """
    used = (one.sums != 0) | (other.sums != 0)
    difference = (one.mean() - other.mean())[used]
    covariance = (one.covariance() + other.covariance())[np.ix_(used, used)]
    scale = np.sqrt(np.maximum(0.0, np.diag(covariance)))
    known = scale > 0
    difference, covariance = difference[known] / scale[known], covariance[np.ix_(known, known)]
    values, vectors = np.linalg.eigh(covariance / np.outer(scale[known], scale[known]))
    kept = values > 1e-6
    return float(((vectors.T @ difference)[kept] ** 2 / values[kept]).sum()), int(kept.sum())


def spectra_edges(binning: dict[str, Any], longest: int) -> dict[str, Floats]:
    """Return the bins of all spectra: those of the dataset, and whole numbers for the multiplicity.

    Parameters
    ----------
    binning : dict
        Scaling and bins of the dataset.
    longest : int
        Constituents of the largest jet; larger ones count in the last bin.
    """
    scaling, size = binning["scaling"], binning["granularity"]
    step = max(1, -(-longest // COARSE))
    found = {"multiplicity": np.arange(0.5, longest + step + 0.5, step)}
    found["energy"] = edges("e", binning["momentum"]["e"], scaling, size)
    return found | {name: edges(name, binning["branching"][name], scaling, size) for name in BRANCHING_VARIABLES}


def fill_spectra(spectra: dict[str, Spectrum], jets: Block, weights: Floats, binning: dict[str, Any]) -> None:
    """Add jets to all spectra.

    Parameters
    ----------
    spectra : dict of str to Spectrum
        By the names of :data:`SPECTRA`.
    jets : Block
        With trees.
    weights : float64 array, shape (jets,)
    binning : dict
        Scaling and bins of the dataset.
    """
    scaling, size = binning["scaling"], binning["granularity"]
    sizes = jets.lengths + 1
    multiplicity = spectra["multiplicity"].edges
    place = np.clip(np.searchsorted(multiplicity, sizes) - 1, 0, len(multiplicity) - 2)
    spectra["multiplicity"].fill(_counts(np.arange(len(jets)), place, len(jets), len(multiplicity) - 1), weights)
    jet, energy = final_particles(jets)
    found = bins(energy, "e", binning["momentum"]["e"], scaling, size)
    spectra["energy"].fill(_counts(jet, found, len(jets), size), weights)
    rows: Any = jets.branchings
    jet = np.repeat(np.arange(len(jets)), jets.lengths)
    for name in BRANCHING_VARIABLES:
        found = bins(rows[name], name, binning["branching"][name], scaling, size)
        spectra[name].fill(_counts(jet, found, len(jets), size), weights)


def spectra_of(blocks: Iterable[tuple[Block, Floats]], binning: dict[str, Any], longest: int) -> dict[str, Spectrum]:
    """Fill all spectra from blocks of jets and their weights."""
    found = {name: Spectrum.empty(ends) for name, ends in spectra_edges(binning, longest).items()}
    for jets, weights in blocks:
        if len(jets):
            fill_spectra(found, jets, weights, binning)
    return found


def _counts(jet: npt.NDArray[np.int64], place: npt.NDArray[np.int64], jets: int, size: int) -> Floats:
    return np.bincount(jet * size + place, minlength=jets * size).reshape(jets, size).astype(np.float64)
