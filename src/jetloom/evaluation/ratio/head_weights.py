"""Weights of the heads of a ratio of two densities, fitted on the validation part.

Two densities that were right would each count with weight 1. A head in which one density errs and the other does not
should count less. The weights are those of a logistic regression of the class on the heads' log ratios, each class with
the same sum of weights, so that the weighted ratio is that of two densities again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from jetloom.errors import CorruptFileError, EmptySampleError
from jetloom.evaluation.density.files import by_head, read_validation
from jetloom.evaluation.ratio.seeds import dataset_of, fit_seed_ratio, log_ratios_of

if TYPE_CHECKING:
    from pathlib import Path

    from jetloom.data.dataset import Dataset
    from jetloom.evaluation.classification.aligned import Compared

Floats = npt.NDArray[np.float64]

ITERATIONS = 50
SHRINK = 1.0
"""Jets' worth of the pull to the weight 1: it decides where the jets say nothing, as of a head that is always 0."""


@dataclass(frozen=True)
class Weighting:
    """A sum of terms: ``weights`` of shape (terms,), and what is added to it, ``offset``."""

    weights: Floats
    offset: float

    def __call__(self, terms: Floats) -> Floats:
        """Return the weighted sums of terms of shape (n, terms): shape (n,)."""
        found: Floats = terms @ self.weights + self.offset
        return found


def fit_weighting(signal: npt.NDArray[np.bool_], terms: Floats, weights: Floats) -> Weighting:
    """Fit the weights by Newton's method.

    Parameters
    ----------
    signal : bool array, shape (n,)
    terms : float64 array, shape (n, terms)
        Log ratios of signal to background; their sum is what is to be improved.
    weights : float64 array, shape (n,)
        Of the jets; absolute values are taken.

    Raises
    ------
    EmptySampleError
        If there are no jets of one of the classes.
    """
    weights = np.abs(weights)
    sums = np.array([weights[~signal].sum(), weights[signal].sum()])
    if not (sums > 0).all():
        raise EmptySampleError("lacks jets of one of the classes, to weigh heads by", where="validation part")
    weights = weights * (len(weights) / 2) / sums[signal.astype(np.int64)]
    spread = np.sqrt(np.average((terms - np.average(terms, axis=0, weights=weights)) ** 2, axis=0, weights=weights))
    # In units of the spread every term has the same pull.
    scale = np.where(spread > 0, spread, 1.0)
    columns = np.concatenate([terms / scale, np.ones((len(terms), 1))], axis=1)
    goal = np.append(scale, 0.0)
    pull = np.append(np.full(terms.shape[1], SHRINK), 0.0)
    found, sign = np.zeros(len(goal)), np.where(signal, 1.0, -1.0)

    def loss(at: Floats) -> float:
        return float(weights @ np.logaddexp(0.0, -sign * (columns @ at)) + 0.5 * (pull * (at - goal) ** 2).sum())

    for _ in range(ITERATIONS):
        chance = 0.5 * (1.0 + np.tanh(0.5 * (columns @ found)))
        slope = columns.T @ (weights * (chance - signal)) + pull * (found - goal)
        curvature = (columns * (weights * chance * (1 - chance))[:, None]).T @ columns + np.diag(pull + 1e-9)
        move = np.linalg.solve(curvature, slope)
        step, now = 1.0, loss(found)
        while step > 1e-6 and loss(found - step * move) > now:
            step *= 0.5
        found = found - step * move
        if np.abs(step * move).max() < 1e-9:
            break
    return Weighting(found[:-1] / scale, float(found[-1]))


def with_head_weights(
    compared: Compared,
    ratios: Mapping[str, tuple[Path, Path]],
    seeded: Collection[str],
    dataset: Dataset,
) -> tuple[Compared, dict[str, Weighting]]:
    """Weigh the heads of some pairs of density models by what the validation part says.

    Parameters
    ----------
    compared : Compared
    ratios : mapping of str to (Path, Path)
        Predictions of the models of signal and background, by the name of the pair.
    seeded : collection of str
        Those to which the log ratio of energy and mass belongs: it is the last of their terms.
    dataset : Dataset
        That the models share.

    Returns
    -------
    Compared
        With other log ratios of these pairs.
    dict of str to Weighting
        By pair, in the order of the heads, then the seed.

    Raises
    ------
    StaleError, CorruptFileError
        If the predictions are not of this dataset, or those of two models are not of the same jets.
    EmptySampleError
        If the validation part lacks jets of one of the classes.
    """
    if not ratios:
        return compared, {}
    view, found, log_ratios = dataset_of(compared, dataset).view(compared.fold), {}, dict(compared.log_ratios)
    for name, (signal, background) in ratios.items():
        rows, others = read_validation(signal), read_validation(background)
        for column in ("event_number", "label", "weight"):
            if not np.array_equal(rows[column], others[column]):
                raise CorruptFileError(f"its validation part has another {column} than '{signal}'", path=background)
        fitted, asked = by_head(rows) - by_head(others), compared.heads[name][0] - compared.heads[name][1]
        if name in seeded:
            ratio = fit_seed_ratio(view, 0, 1)
            fitted, asked = (
                np.concatenate([terms, log_ratios_of(view, role, ratio, events)[:, None]], axis=1)
                for terms, role, events in (
                    (fitted, "validation", rows["event_number"]),
                    (asked, "test", compared.rows["event_number"]),
                )
            )
        chosen = np.isin(rows["label"], (0, 1))
        weight = rows["weight"][chosen].astype(np.float64)
        found[name] = fit_weighting(rows["label"][chosen] == 1, fitted[chosen], weight)
        log_ratios[name] = found[name](asked)
    return replace(compared, log_ratios=log_ratios), found
