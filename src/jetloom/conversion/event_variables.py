"""Variables of events that follow from their jets: ``jets[0].pt``, ``len(jets)``, ``sum(jets.pt)``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from jetloom.config.conversion import Conversion
from jetloom.expressions import evaluate
from jetloom.expressions.of_jets import Wanted, parted
from jetloom.io.root.events import Collection, Column, EventBlock

REDUCED = {"sum": (np.add, 0.0), "max": (np.maximum, np.nan), "min": (np.minimum, np.nan)}
"""What is made of the values of an event's jets, and what it is without any."""


def with_event_variables(block: EventBlock, conversion: Conversion) -> EventBlock:
    """Return a block whose events have the variables that follow from their jets.

    With ``rows: events`` each event then has one row without columns of its own in the place of its jets.

    Raises
    ------
    ExpressionError
        If an expression cannot be computed.
    """
    if not conversion.event_variables and conversion.rows == "jets":
        return block
    events = dict(block.events)
    for name, text in conversion.event_variables.items():
        plain, wanted = parted(text)
        columns = {**block.events, **{key: _value(block.jets, one) for key, one in wanted.items()}}
        values = np.asarray(evaluate(plain, columns))
        events[name] = np.broadcast_to(values.astype(np.float32), (block.entries,)).copy()
    if conversion.rows == "jets":
        return replace(block, events=events)
    rows = Collection(np.arange(block.entries + 1, dtype=np.int64), {})
    return replace(block, events=events, jets=rows, others={})


def _value(jets: Collection, wanted: Wanted) -> Column:
    """Return one number an event: NaN of a jet that is not there."""
    counts = jets.counts
    if wanted.kind == "len":
        return counts.astype(np.int64)
    values: npt.NDArray[np.float64] = jets.columns[wanted.variable].astype(np.float64)
    if wanted.kind == "item":
        there = counts > wanted.place
        found = np.full(len(counts), np.nan)
        found[there] = values[jets.offsets[:-1][there] + wanted.place]
        return found
    function, empty = REDUCED[wanted.kind]
    found = np.full(len(counts), empty)
    filled = counts > 0
    if filled.any():
        found[filled] = function.reduceat(values, jets.offsets[:-1][filled])
    return found


def jet_variables(texts: Mapping[str, str]) -> set[str]:
    """Return the variables of jets that some expressions need."""
    return {one.variable for text in texts.values() for one in parted(text)[1].values() if one.variable}
