"""Weights of jets: from generator weight and cross-section, flattened and equalised over the training part."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.tasks.weights import Flatten, Weights
from jetloom.data.building.conditions import CONDITION
from jetloom.data.collections import Rows
from jetloom.data.fitting.moments import fit_quantiles
from jetloom.data.fitting.shares import factors_of
from jetloom.errors import EmptySampleError

Floats = npt.NDArray[np.float64]

FEWEST_JETS = 5.0
"""Effective number of jets, (sum w)^2 / sum w^2, that a bin of a spectrum needs to be fitted."""

logger = logging.getLogger(__name__)


def event_weights(
    rule: Weights, generator: npt.NDArray[Any], cross_section: float, sum_of_weights: float, is_data: bool
) -> Floats:
    """Return each row generator weight x cross-section / sum of weights of the whole sample (1 for data).

    Parameters
    ----------
    rule : Weights
        The configuration: whether to use them, and what to do with negative ones (``drop`` gives 0 here).
    generator : array of shape (n,)
        Generator weights.
    cross_section : float
        In pb.
    sum_of_weights : float
        Sum of generator weights over all events of the sample before any cut.

    Returns
    -------
    float64 array of shape (n,)
        In pb: with ``keep`` the sum over the sample is its cross-section times the selection's efficiency. With
        ``absolute`` and ``drop`` it is larger, because the sum of weights below the fraction keeps its signs.
    """
    if is_data or not rule.event:
        return np.ones(len(generator))
    weights = generator.astype(np.float64) * (cross_section / sum_of_weights)
    match rule.negative:
        case "absolute":
            return np.abs(weights)
        case "drop":
            return np.maximum(weights, 0.0)
        case _:
            return weights


@dataclass
class Reweighting:
    """Factors by class and by bins of some variables; made by :func:`fit`, applied by :meth:`apply`."""

    factors: Floats
    """Factor of each class, shape (classes,); with conditions of each class at each of their values."""
    variables: list[str] = field(default_factory=list)
    edges: list[Floats] = field(default_factory=list)
    """Inner bin edges of each variable."""
    ratios: npt.NDArray[np.float64] | None = None
    """Spectrum of the reference over that of each class, shape (classes, bins); None without flattening."""

    def apply(self, block: Rows) -> Floats:
        """Return the final weight of each row of a part, shape (n,)."""
        chosen = block["label"] if self.factors.ndim == 1 else (block["label"], block[CONDITION])
        weights = block["event_weight"] * self.factors[chosen]
        if self.ratios is not None:
            weights = weights * self.ratios[block["label"], bin_index(block, self.variables, self.edges)]
        return weights


def bin_index(
    block: Mapping[str, npt.NDArray[Any]] | Rows, variables: list[str], edges: list[Floats]
) -> npt.NDArray[np.intp]:
    """Return the flat index of each row's bin, shape (n,); the outer bins are open, and NaN has the last bin."""
    index = np.zeros(len(block[variables[0]]), np.intp)
    unknown = np.zeros(len(index), bool)
    for variable, inner in zip(variables, edges, strict=True):
        index = index * (len(inner) + 1) + np.searchsorted(inner, block[variable], side="right")
        unknown |= np.isnan(block[variable])
    index[unknown] = int(np.prod([len(inner) + 1 for inner in edges]))
    return index


def fit(
    blocks: Callable[[], Iterable[Rows]],
    classes: list[str],
    rule: Weights,
    low: dict[str, float],
    high: dict[str, float],
    conditions: int = 0,
) -> Reweighting:
    """Fit the reweighting on the training part, in a few passes over its blocks.

    Parameters
    ----------
    blocks : callable
        Starts a pass: structured rows with ``label``, ``event_weight`` and the variables of the flattening.
    classes : list of str
        Names of the classes.
    rule : Weights
        The configuration.
    low, high : dict of str to float
        Extremes of the flattened variables over the training part.
    conditions : int
        Number of values of the conditions; 0 without conditions.

    Raises
    ------
    EmptySampleError
        If a class has no jets or its weights do not sum to a positive number.
    """
    reweighting = Reweighting(np.ones(len(classes)))
    if rule.flatten is not None:
        _flatten(reweighting, rule.flatten, blocks, classes, low, high)
    sums, jets = np.zeros(len(classes)), np.zeros(len(classes), np.int64)
    by_condition = np.zeros(len(classes) * conditions)
    for block in blocks():
        weights = reweighting.apply(block)
        sums += np.bincount(block["label"], weights, minlength=len(classes))
        jets += np.bincount(block["label"], minlength=len(classes))
        if conditions:
            place = block["label"].astype(np.int64) * conditions + block[CONDITION]
            by_condition += np.bincount(place, weights, minlength=len(by_condition))
    for name, total, number in zip(classes, sums, jets, strict=True):
        require_weight("training", name, int(number), float(total), rule)
    rows = int(jets.sum())
    if conditions or rule.groups:
        found = by_condition.reshape(len(classes), -1) if conditions else sums[:, None]
        factors = rows * factors_of(found, classes, rule)
        reweighting.factors = factors if conditions else factors[:, 0]
        return reweighting
    # The mean weight is 1, so that a learning rate means the same whatever the cross-sections are.
    reweighting.factors = rows / (len(classes) * sums) if rule.equalise else np.full(len(classes), rows / sums.sum())
    return reweighting


def require_weight(part: str, name: str, jets: int, total: float, rule: Weights) -> None:
    """Require that a class has weight in a part: without it no loss and no metric is defined.

    Parameters
    ----------
    part, name : str
        The part and the class, for the message.
    jets : int
        How many jets of the class there are.
    total : float
        Sum of their weights.
    rule : Weights
        The configuration: which of its keys can help.

    Raises
    ------
    EmptySampleError
        If there are no jets, or the sum is not positive; the advice fits the reason.
    """
    if total > 0:
        return
    if jets == 0:
        cause, advice = f"has no jet in the {part} part", "add files, loosen cuts, or change the labels"
    elif total == 0 and (rule.negative != "keep" or not rule.event):
        cause = f"all {jets} jets in the {part} part have weight 0"
        advice = "look at the generator weights (mc_event_weight) of its samples, or set weights.event: false"
    else:
        cause = f"the weights of {jets} jets in the {part} part sum to {total:g}: negative ones outweigh the others"
        advice = "add files, or change weights.negative"
    raise EmptySampleError(cause, where=f"class '{name}'", advice=advice)


def _flatten(
    reweighting: Reweighting,
    flatten: Flatten,
    blocks: Callable[[], Iterable[Rows]],
    classes: list[str],
    low: dict[str, float],
    high: dict[str, float],
) -> None:
    """Fit the ratio of the reference's spectrum to that of each class, in bins of equal content of the reference."""
    reference = classes.index(flatten.to)
    reweighting.variables = list(flatten.variables)
    reweighting.edges = spectrum_edges(blocks, reference, flatten.variables, low, high)
    sums, squares = spectra(blocks, len(classes), reweighting.variables, reweighting.edges)
    _fit_ratios(reweighting, sums, squares, reference)


def spectrum_edges(
    blocks: Callable[[], Iterable[Rows]],
    label: int,
    variables: Mapping[str, int],
    low: Mapping[str, float],
    high: Mapping[str, float],
) -> list[Floats]:
    """Return the inner edges of bins of equal content of one class.

    Parameters
    ----------
    blocks : callable
        Starts a pass: structured rows with ``label``, ``event_weight`` and the variables.
    label : int
        The class.
    variables : mapping of str to int
        Variables and their numbers of bins.
    low, high : mapping of str to float
        Extremes of the variables.
    """

    def chosen() -> Iterator[tuple[Floats, Floats]]:
        for block in blocks():
            rows = block[block["label"] == label]
            yield np.stack([rows[name] for name in variables], axis=1), rows["event_weight"]

    quantiles = fit_quantiles(chosen, np.array([low[v] for v in variables]), np.array([high[v] for v in variables]))
    return [np.unique([quantiles.at(k / bins)[i] for k in range(1, bins)]) for i, bins in enumerate(variables.values())]


def spectra(
    blocks: Callable[[], Iterable[Rows]], classes: int, variables: list[str], edges: list[Floats]
) -> tuple[Floats, Floats]:
    """Return the sums of event weights and of their squares in the bins of :func:`bin_index`, shape (classes, bins)."""
    size = int(np.prod([len(inner) + 1 for inner in edges])) + 1
    sums, squares = np.zeros((classes, size)), np.zeros((classes, size))
    for block in blocks():
        flat = block["label"].astype(np.intp) * size + bin_index(block, variables, edges)
        weights = block["event_weight"].astype(np.float64)
        sums += np.bincount(flat, weights, minlength=sums.size).reshape(sums.shape)
        squares += np.bincount(flat, weights**2, minlength=sums.size).reshape(sums.shape)
    return sums, squares


def _fit_ratios(reweighting: Reweighting, sums: Floats, squares: Floats, reference: int) -> None:
    """Turn spectra into ratios, leaving out bins that hold too little to be fitted.

    A bin whose positive and negative weights nearly cancel has a small sum and a large error: its ratio would be huge
    and mean nothing. Such bins, and that of jets whose variable is NaN (the last one), keep the factor 1.
    """
    effective = np.where(squares > 0, sums * np.abs(sums) / np.where(squares > 0, squares, 1.0), 0.0)
    usable = (effective >= FEWEST_JETS) & (effective[reference] >= FEWEST_JETS)
    usable[:, -1] = False
    normalised = sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-300)
    reweighting.ratios = np.where(usable, normalised[reference] / np.where(usable, normalised, 1.0), 1.0)
    for index in range(len(sums)):
        filled = int((squares[index] > 0).sum())
        logger.info(
            "flattening, class %d: %d of %d bins fitted, largest factor %.3g",
            index, int(usable[index].sum()), filled, float(reweighting.ratios[index].max()),
        )  # fmt: skip
