"""Losses of classifiers beyond the plain cross-entropy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

TINY = 1e-7


def grouped_cross_entropy(
    target: Any,
    probabilities: Any,
    groups: Sequence[Sequence[int]],
    group_weight: float,
    gamma: float,
    class_weights: Sequence[float],
) -> Any:
    """Return the cross-entropy of each row, plus that of the summed probabilities of groups of classes.

    Parameters
    ----------
    target : int tensor, shape (rows,)
        True classes.
    probabilities : tensor, shape (rows, classes)
    groups : sequences of int
        Classes of each group; a row whose class is in none has no loss of groups.
    group_weight : float
        Weight of the loss of groups.
    gamma : float
        Focal loss: each of both is multiplied by (1 - p)^gamma.
    class_weights : sequence of float
        Factors by true class; 1 each if empty.

    Returns
    -------
    tensor, shape (rows,)
    """
    from keras import ops

    classes = int(probabilities.shape[-1])
    true = ops.one_hot(target, classes)
    loss = _focal(ops.sum(true * probabilities, axis=-1), gamma)
    if groups:
        # Row i of this matrix: the classes that are in the group of class i.
        together = np.zeros((classes, classes), np.float32)
        for group in groups:
            together[np.ix_(group, group)] = 1.0
        members = ops.matmul(true, together)
        grouped = ops.sum(members, axis=-1) > 0
        chance = ops.where(grouped, ops.sum(members * probabilities, axis=-1), 1.0)
        loss = loss + group_weight * _focal(chance, gamma)
    if class_weights:
        loss = loss * ops.take(np.array(class_weights, np.float32), target)
    return loss


def _focal(chance: Any, gamma: float) -> Any:
    """Return -(1 - p)^gamma log(p)."""
    from keras import ops

    found = -ops.log(ops.maximum(chance, TINY))
    return found if gamma == 0 else ops.power(1.0 - chance + TINY, gamma) * found
