"""The transforms of what belongs to a jet, on the entries that have a place, jet by jet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.inputs.transforms import Transform
from jetloom.expressions import ROW

Array = npt.NDArray[Any]
Values = dict[str, Array]


def transformed(transforms: Sequence[Transform], columns: Values, row: npt.NDArray[np.int64]) -> Values:
    """Return the variables of entries after some transforms, one after the other, as float64.

    Parameters
    ----------
    transforms : sequence of Transform
    columns : dict of str to array, shape (entries,)
        Variables of the entries and, as ``jets.<name>``, of their jets; NaN where one is missing.
    row : int64 array, shape (entries,)
        The jet of each, never falling; the first entry of a jet is its leading one.
    """
    found = dict(columns)
    for one in transforms:
        names = one.variables
        match one.use:
            case "relative":
                found |= _relative(one, found, row)
            case "flip":
                found |= {name: _flipped(found[name], found[one.by], row) for name in names}
            case "fractions":
                found |= _fractions(one, found)
            case "scale":
                assert one.highest is not None
                width = one.highest - one.start
                found |= {name: (_floats(found[name]) - one.start) / width for name in names}
            case "limit":
                found |= {name: np.clip(_floats(found[name]), one.lowest, one.highest) for name in names}
    return found


def _floats(values: Array) -> npt.NDArray[np.float64]:
    return np.asarray(values, np.float64)


def _relative(one: Transform, columns: Values, row: npt.NDArray[np.int64]) -> Values:
    """Return differences to the leading entry or to the jet."""
    first = np.searchsorted(row, row)
    found: Values = {}
    for name in one.variables:
        other = one.origin_of(name)
        origin = _floats(columns[other])[first] if one.to == "leading" else _floats(columns[f"{ROW}.{other}"])
        difference = _floats(columns[name]) - origin
        if name in one.angles:
            difference = (difference + np.pi) % (2 * np.pi) - np.pi
        found[name] = difference
    return found


def _flipped(values: Array, weights: Array, row: npt.NDArray[np.int64]) -> Array:
    """Return values times the sign of their weighted sum over the entries of the jet; what is missing adds none."""
    exact = _floats(values)
    sums = np.bincount(row, np.nan_to_num(exact * _floats(weights), posinf=0.0, neginf=0.0)) if len(row) else row
    return exact * np.where(sums[row] >= 0, 1.0, -1.0) if len(row) else exact


def _fractions(one: Transform, columns: Values) -> Values:
    """Return shares of the sum; 0 where there is none."""
    values = np.stack([_floats(columns[name]) for name in one.variables])
    total = values.sum(axis=0)
    shares = np.divide(values, total, out=np.zeros_like(values), where=total != 0)
    return dict(zip(one.variables, shares, strict=True))
