"""What goes along with converted events: counts, sums, origin, and jets as they were before the selection."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.io.root.events import EventBlock, Mask

BEFORE_EVENTS = 5000
"""About so many events of a file show their jets before the selection, for plots."""


@dataclass
class Record:
    """Facts about one converted file, stored with the result.

    Attributes
    ----------
    events : int
        Events read.
    sum_of_weights : float
        Sum of their generator weights, before any cut.
    counts : list of dict
        The cut flow, see :class:`jetloom.cutflow.CutFlow`.
    absent : dict of str to str
        Optional variables (``jets.width``) and collections that the file does not have, and the branches it lacks.
    entries : int
        Events in the file, read or not.
    bookkeeping : dict or None
        ``events`` and ``sum_of_weights`` that were generated for the file, as it says itself.
    channels : dict of str to [int, float] or None
        Events read and their sum of weights by channel number; None if the file has no such numbers.
    channel : str
        Variable of the events with that number, or "".
    source : str
        Digest of the file.
    origin : dict
        See :func:`jetloom.provenance.origin`.
    before_share : float
        Share of the events whose jets are in the table ``before``.
    status, reason : str
        ``converted``, or ``skipped`` and why.
    """

    events: int = 0
    sum_of_weights: float = 0.0
    counts: list[dict[str, Any]] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    entries: int = 0
    bookkeeping: dict[str, Any] | None = None
    channels: dict[str, list[float]] | None = None
    channel: str = ""
    source: str = ""
    origin: dict[str, Any] = field(default_factory=dict)
    before_share: float = 1.0
    status: str = "converted"
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return a JSON-like form."""
        return asdict(self)


def before_share(entries: int) -> float:
    """Return the share of a file's events whose jets are shown before the selection."""
    return min(1.0, BEFORE_EVENTS / max(entries, 1))


def chosen_events(block: EventBlock, share: float) -> Mask:
    """Choose a share of events by a hash of run and event number, the same ones whatever else is read."""
    if share >= 1.0:
        return np.ones(block.entries, bool)
    return event_hash(block.events["run_number"], block.events["event_number"]) < np.uint64(share * 2.0**64)


def event_hash(run: npt.NDArray[Any], event: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Mix run and event number to 64 even bits (splitmix64: Steele, Lea, Flood, OOPSLA 2014, with its constants)."""
    with np.errstate(over="ignore"):
        mixed = event.astype(np.uint64) + run.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
