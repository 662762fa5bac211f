"""Shares of classes, and of groups of classes, in the sum of weights; the same at each value of the conditions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jetloom.config.tasks.weights import Weights
from jetloom.errors import EmptySampleError

Floats = npt.NDArray[np.float64]


def factors_of(sums: Floats, classes: Sequence[str], rule: Weights) -> Floats:
    """Return the factors after which all weights sum up to 1, and each group to its share at every condition.

    Parameters
    ----------
    sums : float64 array of shape (classes, conditions)
        Sums of weights of the training part.
    classes : sequence of str
        Their names.
    rule : Weights
        ``groups``; without them each class is one, with the same share if ``equalise``, else with that of its yield.

    Returns
    -------
    float64 array of shape (classes, conditions)

    Raises
    ------
    EmptySampleError
        If a group has no weight, or a negative one, at a condition.
    """
    names = list(rule.groups) or list(classes)
    groups = [rule.groups[name].classes if rule.groups else [name] for name in names]
    member = np.array([next(place for place, group in enumerate(groups) if name in group) for name in classes])
    if rule.groups:
        shares = np.array([rule.groups[name].share for name in names])
    else:
        shares = np.ones(len(names)) if rule.equalise else sums.sum(axis=1)
    totals = np.zeros((len(names), sums.shape[1]))
    np.add.at(totals, member, sums)
    if (totals <= 0).any():
        group, condition = np.argwhere(totals <= 0)[0]
        raise EmptySampleError(
            f"its weights at value {condition + 1} of the conditions sum to {totals[group, condition]:g} in the "
            f"training part",
            where=f"class or group '{names[group]}'",
            advice="add files, or take the value out of tasks.<name>.conditions",
        )
    factors: Floats = (shares / shares.sum() / sums.shape[1])[member, None] / totals[member]
    return factors
