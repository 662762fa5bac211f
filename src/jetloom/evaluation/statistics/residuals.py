"""What happened less what was expected, by step and outcome, with the spread of it from jet to jet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.evaluation.density.spectra import Spectrum, chi_square
from jetloom.evaluation.statistics.agreement import Agreement
from jetloom.statistics.meaning import WeightSums

Floats = npt.NDArray[np.float64]

LEAST = 25.0
"""Jets of equal weight that must be expected in a bin of a chi^2; with fewer the spread itself is not known."""


FEW = f"fewer than two bins of {LEAST:.0f} jets"


@dataclass(frozen=True)
class DataAndModel:
    """What figures show of residuals.

    Attributes
    ----------
    data, model : float64 arrays, shape (steps, outcomes)
        Weight of what happened, and of what was expected.
    errors : float64 array, shape (steps, outcomes)
        One standard deviation of their difference.
    agreement : list of Agreement
        One a step.
    """

    data: Floats
    model: Floats
    errors: Floats
    agreement: list[Agreement]


@dataclass
class Residuals:
    """Sums over jets, by step and outcome. The jet is the independent unit, whatever it has at a step.

    Attributes
    ----------
    data, model : float64 arrays, shape (steps, outcomes)
        Weight of what happened, and of what was expected.
    weights, squares, jets, negative : float64 arrays, shape (steps,)
        Of the jets that have the step: sums of their weights and of the squares of these, their number, and that of
        those with a negative weight.
    square_sums : float64 array, shape (steps, outcomes)
        Sums of w^2 x, with x what happened to a jet less what was expected.
    products : float64 array, shape (steps, outcomes, outcomes)
        Sums of w^2 x x'.
    """

    data: Floats
    model: Floats
    weights: Floats
    squares: Floats
    jets: Floats
    negative: Floats
    square_sums: Floats
    products: Floats

    @classmethod
    def empty(cls) -> Residuals:
        """Return sums of nothing."""
        return cls(*(np.zeros((0,) * axes) for axes in (2, 2, 1, 1, 1, 1, 2, 3)))

    def add(self, happened: Floats, expected: Floats, weights: Floats) -> None:
        """Add jets.

        Parameters
        ----------
        happened, expected : float64 arrays, shape (jets, steps, outcomes)
            How often, and how often on average under the model; 0 at steps that a jet does not have.
        weights : float64 array, shape (jets, steps)
            Weights of the jets, 0 at steps that they do not have.
        """
        weighted = weights[:, :, None]
        apart = weighted * (happened - expected)
        new = (
            (weighted * happened).sum(axis=0),
            (weighted * expected).sum(axis=0),
            weights.sum(axis=0),
            (weights**2).sum(axis=0),
            (weights != 0).sum(axis=0),
            (weights < 0).sum(axis=0),
            (weighted * apart).sum(axis=0),
            apart.transpose(1, 2, 0) @ apart.transpose(1, 0, 2),
        )
        for name, sums in zip(self.__dataclass_fields__, new, strict=True):
            setattr(self, name, _added(getattr(self, name), sums))

    def trimmed(self) -> Residuals:
        """Return only the steps that some jet has; batches are padded."""
        steps = int(np.flatnonzero(self.jets).max(initial=-1)) + 1
        return Residuals(*(getattr(self, name)[:steps] for name in self.__dataclass_fields__))

    def spectrum(self, step: int) -> Spectrum:
        """Return the residuals of a step as a spectrum, whose mean a right model has at 0."""
        edges, apart = np.arange(self.data.shape[1] + 1.0), self.data[step] - self.model[step]
        return Spectrum(edges, self._sums(step), apart, self.square_sums[step], self.products[step])

    def _sums(self, step: int) -> WeightSums:
        weights, squares = float(self.weights[step]), float(self.squares[step])
        return WeightSums(int(self.jets[step]), weights, squares, int(self.negative[step]))

    def doubt(self, step: int) -> str:
        """Say why means over the jets that have a step mean nothing; nothing if they do mean something."""
        return self._sums(step).doubt() if step < len(self.weights) else WeightSums().doubt()

    def errors(self, step: int) -> Floats:
        """Return one standard deviation of ``data - model`` at a step, shape (outcomes,)."""
        return self.spectrum(step).errors() * self.weights[step]

    def agreement(self, step: int) -> Agreement:
        """Return chi^2 of data against model at a step, if the weights and the number of jets leave it a meaning."""
        value, freedom = self.chi_square(step)
        return Agreement.of(value, freedom, self.doubt(step) or ("" if freedom else FEW))

    def shown(self) -> DataAndModel:
        """Return what is drawn of all steps."""
        steps = range(len(self.data))
        errors = np.stack([self.errors(step) for step in steps]) if steps else np.zeros_like(self.data)
        return DataAndModel(self.data, self.model, errors, [self.agreement(step) for step in steps])

    def chi_square(self, step: int) -> tuple[float, int]:
        """Return chi^2 of data against model at a step, and its degrees of freedom.

        Neighbouring outcomes are taken together until :data:`LEAST` jets are expected in each bin. One bin alone is no
        test: what happened in it and what was expected are both all.
        """
        if step >= len(self.squares) or not self.squares[step] > 0:
            return 0.0, 0
        jets = self.model[step] * self.weights[step] / self.squares[step]
        pool = pools(jets)
        if not pool.any():
            return 0.0, 0
        apart = _pooled(self.spectrum(step), pool)
        return chi_square(apart, Spectrum.empty(apart.edges))


def pools(expected: Floats, least: float = LEAST) -> npt.NDArray[np.int64]:
    """Return the pool of each bin, 0, 1, ...: neighbours that have the least number together.

    What is left at the end goes to the last pool.
    """
    place, found, held = 0, np.zeros(len(expected), np.int64), 0.0
    for index, value in enumerate(expected):
        found[index] = place
        held += value
        if held >= least:
            place, held = place + 1, 0.0
    return np.minimum(found, max(0, place - 1))


def _pooled(spectrum: Spectrum, pool: npt.NDArray[np.int64]) -> Spectrum:
    """Add up the bins of each pool."""
    count = int(pool.max(initial=0)) + 1
    into = (pool == np.arange(count)[:, None]).astype(np.float64)
    sums, square_sums, products = into @ spectrum.sums, into @ spectrum.square_sums, into @ spectrum.products @ into.T
    return Spectrum(np.arange(count + 1.0), spectrum.jets, sums, square_sums, products)


def _added(one: Floats, other: Floats) -> Floats:
    """Add two arrays, the smaller one filled up with zeros."""
    found = np.zeros(np.maximum(one.shape, other.shape))
    for array in (one, other):
        place: Any = tuple(slice(size) for size in array.shape)
        found[place] += array
    return found
