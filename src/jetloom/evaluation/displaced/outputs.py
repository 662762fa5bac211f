"""The outputs of a tagger in one epoch as histograms: small enough to be kept of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.statistics.two_samples import kolmogorov_smirnov

Array = npt.NDArray[Any]
Found = dict[str, Any]

LINEAR = np.linspace(0.0, 1.0, 30)
"""Edges of 29 bins."""
LOGARITHMIC = np.concatenate([np.linspace(0.0, 7e-4, 5), np.logspace(np.log10(7e-4), 0.0, 51)[1:]])
"""Edges of 4 linear bins and 50 logarithmic ones."""


def of_classes(target: Array, predicted: Array, weights: Array, classes: int) -> Found:
    """Return the histograms of each output for each class.

    Parameters
    ----------
    target : int array, shape (rows,)
    predicted : array, shape (rows, outputs)
    weights : array, shape (rows,)
    classes : int

    Returns
    -------
    dict
        ``linear`` and ``log``: each with ``sums`` and ``squares`` of weights, lists (classes, outputs, bins).
    """
    groups = [target == which for which in range(classes)]
    return {
        name: _histograms(groups, predicted, weights, edges)
        for name, edges in (("linear", LINEAR), ("log", LOGARITHMIC))
    }


def of_region(target: Array, predicted: Array, weights: Array, pt: Array, edges: list[float]) -> Found:
    """Return the histograms of each output for simulation and data, of all jets and in bins of pt, and their distances.

    Parameters
    ----------
    target : int array, shape (rows,)
        0: simulation, 1: data.
    predicted : array, shape (rows, outputs)
    weights, pt : array, shape (rows,)
    edges : list of float
        Of the bins of pt, in GeV.

    Returns
    -------
    dict
        ``pt_edges``; ``bins``: of all jets and then of each bin, with histograms ``log`` as in :func:`of_classes`,
        ``ks`` and ``critical``, one a output (null where there are no jets).
    """
    place = np.searchsorted(edges, pt, side="right")
    found = []
    for chosen in [np.ones(len(pt), bool), *(place == which for which in range(len(edges) + 1))]:
        groups = [chosen & (target == kind) for kind in (0, 1)]
        simulation, data = groups
        tests = [
            kolmogorov_smirnov(score[data], score[simulation], weights[data], weights[simulation])
            for score in predicted.T
        ]
        numbers = [[None if np.isnan(value) else value for value in values] for values in zip(*tests, strict=True)]
        histograms = _histograms(groups, predicted, weights, LOGARITHMIC)
        found.append({"log": histograms, "ks": numbers[0], "critical": numbers[1]})
    return {"pt_edges": edges, "bins": found}


def _histograms(groups: list[Array], predicted: Array, weights: Array, edges: Array) -> Mapping[str, Any]:
    exact = weights.astype(np.float64)
    return {
        name: [
            [np.histogram(score[rows], edges, weights=w[rows])[0].tolist() for score in predicted.T] for rows in groups
        ]
        for name, w in (("sums", exact), ("squares", exact**2))
    }
