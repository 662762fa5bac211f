"""Whether two weighted samples are of one distribution: the test of Kolmogorov and Smirnov."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jetloom.statistics.meaning import WeightSums

Array = npt.NDArray[Any]


class Distance(NamedTuple):
    """What the test says.

    Attributes
    ----------
    value : float
        The largest difference of the two cumulated distributions, 0 to 1; NaN if a sample is empty.
    critical : float
        What is exceeded by chance in about 5 % of the cases if both are of one distribution: 1.36 sqrt((n + m) / nm)
        with the effective numbers n and m, (sum w)^2 / sum w^2.
    """

    value: float
    critical: float


def kolmogorov_smirnov(one: Array, other: Array, weights: Array, other_weights: Array) -> Distance:
    """Compare two weighted samples.

    Parameters
    ----------
    one, other : array of float, shapes (n,) and (m,)
    weights, other_weights : array of float, shapes (n,) and (m,)
        May be negative, as long as the sums are positive.
    """
    sums = [WeightSums.of(weights), WeightSums.of(other_weights)]
    if not all(found.total > 0 for found in sums):
        return Distance(float("nan"), float("nan"))
    values = np.concatenate([one, other]).astype(np.float64)
    signed = np.concatenate(
        [np.asarray(weights, float) / sums[0].total, -np.asarray(other_weights, float) / sums[1].total]
    )
    order = np.argsort(values, kind="stable")
    steps = np.cumsum(signed[order])
    last = np.append(np.diff(values[order]) != 0, True)  # equal values step together
    n, m = (found.effective for found in sums)
    return Distance(float(np.abs(steps[last]).max()), float(1.358 * np.sqrt((n + m) / (n * m))))
