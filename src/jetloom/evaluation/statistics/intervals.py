"""Intervals for shares of weighted jets."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


def effective_number(sums: Array, squares: Array) -> Floats:
    """Return the number of unweighted jets that know as much: (sum of w)^2 / (sum of w^2); 0 where there are none."""
    return np.divide(sums**2, squares, out=np.zeros(np.shape(sums)), where=squares > 0)


def wilson(share: Array, number: Array) -> tuple[Floats, Floats]:
    """Return the 68% interval of a share (E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209, with z = 1).

    Unlike ``sqrt(p (1 - p) / n)`` it is not of zero width at shares of 0 and 1.

    Parameters
    ----------
    share : array of float
        Observed shares; those outside 0..1, which negative weights can give, are taken as 0 or 1.
    number : array of float
        Effective number of jets in the denominator.

    Returns
    -------
    low, high : arrays of float64
        NaN where ``number`` is 0 or ``share`` is NaN.
    """
    inside = np.clip(share, 0.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = (inside + 0.5 / number) / (1.0 + 1.0 / number)
        half = np.sqrt(inside * (1.0 - inside) / number + 0.25 / number**2) / (1.0 + 1.0 / number)
        return np.minimum(middle - half, share), np.maximum(middle + half, share)
