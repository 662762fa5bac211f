"""How the values of inputs are spread: their bulk, and values far from it that recur or that nothing can scale."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.fitting.moments import Moments
from jetloom.errors import BadValueError
from jetloom.expressions import column_name

logger = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
Blocks = Callable[[], Iterable[npt.NDArray[np.floating]]]

SAMPLED = 100_000
"""So many rows, evenly taken, say where the bulk is: its quantiles to about half a percent of their probability."""

LARGEST = 1e15
"""A value beyond this, in GeV, mm, ns or radians, is no measurement, and its square is near the end of float32."""

FAR = 20.0
"""A value that recurs at so many spreads from the median of the others is looked at."""

NARROW = 1e-7
"""Networks divide by this where the spread is smaller, so that the input is next to constant."""

CANDIDATES = 4
"""So many values at each end are looked at."""


@dataclass(frozen=True)
class Bulk:
    """Where the bulk of some inputs is.

    Attributes
    ----------
    median, spread : float64 arrays of shape (inputs,)
        The spread is half the distance of the quantiles 16 % and 84 %: one standard deviation of a normal distribution.
    rows : float64 array of shape (n, inputs)
        The sample.
    """

    median: Floats
    spread: Floats
    rows: Floats


def bulk_of(blocks: Blocks, total: int) -> Bulk:
    """Take a sample of the rows, evenly over all of them.

    Parameters
    ----------
    blocks : callable
        Starts a pass over blocks of shape (rows, inputs).
    total : int
        Number of rows.
    """
    step, taken, start = max(1, -(-total // SAMPLED)), [], 0
    for block in blocks():
        taken.append(np.asarray(block[(-start) % step :: step], np.float64))
        start += len(block)
    rows = np.concatenate(taken)
    ends = [_middle(column) for column in rows.T]
    return Bulk(np.array([median for median, _ in ends]), np.array([spread for _, spread in ends]), rows)


def _middle(column: Floats) -> tuple[float, float]:
    """Return the median and the spread of the finite values; 0 of none."""
    known = column[np.isfinite(column)]
    if not len(known):
        return 0.0, 0.0
    low, median, high = np.quantile(known, [0.15865525, 0.5, 0.84134475])
    return float(median), float(high - low) / 2


def recurring(bulk: Bulk, inputs: list[str], low: Floats, high: Floats, blocks: Blocks) -> list[dict[str, Any]]:
    """Find values far from all others that recur, such as -999 for "not computed".

    Parameters
    ----------
    bulk : Bulk
        Of the inputs.
    inputs : list of str
        Their columns.
    low, high : float64 arrays of shape (inputs,)
        Their extremes.
    blocks : callable
        Starts a pass over blocks of shape (rows, inputs).

    Returns
    -------
    list of dict
        ``column``, ``value``, ``jets`` (rows) that have it and their ``share``, and how many ``spreads`` it is away.
    """
    found = [
        (place, value, distance)
        for place, column in enumerate(bulk.rows.T)
        for value, distance in _far(column, float(low[place]), float(high[place]))
    ]
    jets, total = np.zeros(len(found), np.int64), 0
    for block in blocks() if found else ():
        total += len(block)
        jets += [int((block[:, place] == value).sum()) for place, value, _ in found]
    return [
        {"column": inputs[place], "value": value, "jets": count, "share": count / total, "spreads": distance}
        for (place, value, distance), count in zip(found, jets.tolist(), strict=True)
        if count > 1
    ]


def _far(column: Floats, low: float, high: float) -> list[tuple[float, float]]:
    """Return values at the ends of a column that are far from the rest, and their distances in spreads."""
    found: list[tuple[float, float]] = []
    rest = column[np.isfinite(column)]
    for end, extreme in ((low, np.min), (high, np.max)):
        value = end
        for _ in range(CANDIDATES):
            others = rest[rest != value]
            median, spread = _middle(others)
            spread = spread or (float(others.std()) if len(others) else 0.0)  # most of them may be equal
            if not spread or abs(value - median) <= FAR * spread:
                break
            found.append((value, abs(value - median) / spread))
            rest, value = others, float(extreme(others))
    return found


def tell(inputs: list[str], bulk: Bulk, std: Floats, suspects: list[dict[str, Any]], of: str = "jets") -> None:
    """Say in the log what makes inputs of jets, or of entries of a collection, next to useless."""
    whose = "" if of == "jets" else f" of '{of}'"
    for entry in suspects:
        logger.warning(
            "input '%s'%s: %.9g in %d %s (%.3g %%), %.3g spreads from the others: if it says 'missing', name it under "
            "'missing' of the variable in the schema",
            entry["column"], whose, entry["value"], entry["jets"], of, 100 * entry["share"], entry["spreads"],
        )  # fmt: skip
    for name, wide, spread in zip(inputs, std.tolist(), bulk.spread.tolist(), strict=True):
        if spread and wide > FAR * spread:
            logger.warning(
                "input '%s'%s: few values far away make its standard deviation %.3g, where its bulk has %.3g: cut "
                "them, or set 'scaling: robust'",
                name, whose, wide, spread,
            )  # fmt: skip
        if wide < NARROW:
            logger.warning(
                "input '%s'%s: its spread of %.3g is next to nothing for a network: multiply it", name, whose, wide
            )


def scaling_of(scaling: str, inputs: list[str], moments: Moments, blocks: Blocks, of: str = "jets") -> dict[str, Any]:
    """Return what inputs are scaled by, and tell of the values among them that one should look at.

    Parameters
    ----------
    scaling : str
        ``standard`` or ``robust``.
    inputs : list of str
        Their columns.
    moments : Moments
        Of these columns, and perhaps of others behind them.
    blocks : callable
        Starts a pass over blocks of shape (rows, inputs).
    of : str
        What the rows are.

    Returns
    -------
    dict
        ``mean`` and ``std`` of each input, and ``suspects``, see :func:`recurring`.
    """
    size = len(inputs)
    bulk = bulk_of(blocks, moments.rows)
    suspects = recurring(bulk, inputs, moments.low[:size], moments.high[:size], blocks)
    mean, std = moments.mean[:size], moments.std[:size]
    if scaling == "robust":
        mean, std = bulk.median, np.where(bulk.spread > 0, bulk.spread, std)
    tell(inputs, bulk, std, suspects, of)
    return {"mean": mean.tolist(), "std": std.tolist(), "suspects": suspects}


class Oversized:
    """Counts values of inputs that are too large to be scaled, over all samples."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._found: dict[tuple[str, str], tuple[float, int, Path]] = {}

    def look(self, inputs: list[str], rows: npt.NDArray[np.void], source: Path, of: str = "jets") -> None:
        """Look at the inputs of some jets, or of entries of a collection of theirs; NaN is none of these values."""
        self._rows[of] = self._rows.get(of, 0) + len(rows)
        for text in inputs:
            values = rows[column_name(text)]
            beyond = np.abs(values) > LARGEST
            if beyond.any():
                value, count, first = self._found.get((of, text), (float(values[beyond][0]), 0, source))
                self._found[of, text] = (value, count + int(beyond.sum()), first)

    def refuse(self) -> None:
        """Refuse what was found.

        Raises
        ------
        BadValueError
            With input, value, share, and the first file.
        """
        for (of, text), (value, count, source) in self._found.items():
            total = self._rows[of]
            raise BadValueError(
                f"{value:.9g} in {count} of {total} {of} ({100 * count / total:.3g} %) is no measurement, and nothing "
                "can scale it",
                path=source,
                where=f"input '{text}'",
                advice=f"name it under 'missing' of the variable in the schema ('missing: [{value:.9g}]'), or cut it",
            )
