"""Two samples of trees held against each other by depth: branchings at each step from the root, and how many there are.

Spectra of all branchings mix the first with the last. What drifts along the tree, because jets that are drawn step by
step inherit the errors of the steps before, shows by the step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.block import Block
from jetloom.data.nodes import branching_masses
from jetloom.physics.scaling import SMALLEST

Floats = npt.NDArray[np.float64]

QUANTITIES = ("mass", "z", "theta", "delta", "phi")
"""Mass of the mother in GeV, and variables of the branching."""

LOGARITHMIC = frozenset(QUANTITIES) - {"phi"}
"""Of these the mean logarithm is taken; of phi, an azimuth in radians, the mean itself."""

FEWEST = 100
"""Jets of either sample that a step must have."""


@dataclass(frozen=True)
class ByDepth:
    """Sums over the jets of a sample; each has one branching at a step.

    Attributes
    ----------
    sizes : float64 array, shape (n,)
        Sums of weights of jets with 0, 1, ... constituents.
    jets : int64 array, shape (steps,)
        Jets that have so many branchings.
    mean, std : float64 arrays, shape (quantities, steps)
        Mean of each of :data:`QUANTITIES`, of the logarithm if it is :data:`LOGARITHMIC`, and its standard deviation;
        NaN where there is none.
    """

    sizes: Floats
    jets: npt.NDArray[np.int64]
    mean: Floats
    std: Floats


def by_depth(blocks: Iterable[tuple[Block, Floats]]) -> ByDepth:
    """Sum over blocks of jets with trees and their weights."""
    found: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats, Floats]] = []
    for jets, weights in blocks:
        lengths, rows = jets.lengths, jets.branchings
        if rows is None or not len(jets):
            continue
        step = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        columns = [branching_masses(jets)[0][:, 1], *(rows[name].astype(np.float64) for name in QUANTITIES[1:])]
        values = np.stack(columns)
        logarithmic = np.array([name in LOGARITHMIC for name in QUANTITIES])
        values[logarithmic] = np.log(np.maximum(values[logarithmic], SMALLEST))
        found.append((lengths, step, values, weights.astype(np.float64)))
    if not found:
        return ByDepth(np.zeros(1), np.zeros(0, np.int64), *np.zeros((2, len(QUANTITIES), 0)))
    lengths, step = (np.concatenate([block[place] for block in found]) for place in (0, 1))
    values, weights = np.concatenate([block[2] for block in found], axis=1), np.concatenate([b[3] for b in found])
    each = np.repeat(weights, lengths)
    steps = int(lengths.max(initial=0))

    def sums(of: Floats) -> Floats:
        return np.asarray(np.bincount(step, of, minlength=steps), np.float64)

    with np.errstate(divide="ignore", invalid="ignore"):
        total = sums(each)
        mean = np.stack([sums(each * row) / total for row in values])
        spread = [sums((each * (row - mine[step])) ** 2) for row, mine in zip(values, mean, strict=True)]
        std = np.sqrt(np.stack(spread)) / total
    sizes = np.asarray(np.bincount(lengths + 1, weights), np.float64)
    return ByDepth(sizes, np.bincount(step, minlength=steps), mean, std)


@dataclass(frozen=True)
class Drift:
    """What a figure shows of a quantity: the means of data and of drawn jets at each step, with standard deviations.

    All float64 arrays of shape (steps,), in the unit of the quantity; geometric means if it is ``logarithmic``.
    """

    logarithmic: bool
    data: Floats
    data_errors: Floats
    drawn: Floats
    drawn_errors: Floats


def drifts(drawn: ByDepth, data: ByDepth) -> dict[str, Drift]:
    """Return what a figure shows of each of :data:`QUANTITIES`, as far as both samples have 100 jets."""
    steps = _common_steps(drawn, data)
    return {
        name: Drift(
            name in LOGARITHMIC,
            *_in_units(name, data.mean[place, :steps], data.std[place, :steps]),
            *_in_units(name, drawn.mean[place, :steps], drawn.std[place, :steps]),
        )
        for place, name in enumerate(QUANTITIES)
    }


def _in_units(name: str, mean: Floats, std: Floats) -> tuple[Floats, Floats]:
    """Return a mean and its standard deviation in the unit of a quantity."""
    if name not in LOGARITHMIC:
        return mean, std
    return np.exp(mean), np.exp(mean) * std


def _common_steps(drawn: ByDepth, data: ByDepth) -> int:
    """Return how many steps both samples have enough jets at."""
    steps = min(len(drawn.jets), len(data.jets))
    few = np.flatnonzero(np.minimum(drawn.jets[:steps], data.jets[:steps]) < FEWEST)
    return int(few[0]) if len(few) else steps


def depth_numbers(drawn: ByDepth, data: ByDepth) -> dict[str, Any]:
    """Hold a drawn sample against data, in a JSON-like form.

    Returns
    -------
    dict
        ``constituents``: mean number of those ``drawn`` and of ``data``, and ``distance``, the largest difference of
        the cumulative distributions (that of Kolmogorov and Smirnov). ``depth``, by quantity: geometric means (of phi
        the means) of ``drawn`` and ``data`` at each step from the root on, as far as both have 100 jets, and ``pull``,
        their difference (of logarithms, but for phi) in standard deviations.
    """
    size = max(len(drawn.sizes), len(data.sizes))
    shares = [np.pad(one.sizes, (0, size - len(one.sizes))) / max(one.sizes.sum(), 1e-300) for one in (drawn, data)]
    cumulative = np.cumsum(shares[0] - shares[1])
    steps = _common_steps(drawn, data)
    with np.errstate(divide="ignore", invalid="ignore"):
        pulls = (drawn.mean[:, :steps] - data.mean[:, :steps]) / np.hypot(drawn.std[:, :steps], data.std[:, :steps])
    return {
        "constituents": {
            "drawn": float(shares[0] @ np.arange(size)),
            "data": float(shares[1] @ np.arange(size)),
            "distance": float(np.abs(cumulative).max(initial=0.0)),
        },
        "depth": {
            name: {
                "drawn": _in_units(name, drawn.mean[place, :steps], drawn.std[place, :steps])[0].tolist(),
                "data": _in_units(name, data.mean[place, :steps], data.std[place, :steps])[0].tolist(),
                "pull": np.nan_to_num(pulls[place]).tolist(),
            }
            for place, name in enumerate(QUANTITIES)
        },
    }
