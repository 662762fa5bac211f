"""What a converted file says of itself, in the attributes that the conversion gave it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import FiniteFloat, NonNegativeInt

from jetloom.io.hdf5.tables import TableReader
from jetloom.io.stored import Stored

SKIPPED, WAITING = "skipped", "waiting"


class Booked(Stored):
    """What a file's own bookkeeping tells of all that was generated for it."""

    events: NonNegativeInt | None
    sum_of_weights: FiniteFloat


@dataclass(frozen=True)
class FileFacts:
    """Facts about one file of a sample.

    Attributes
    ----------
    path : Path
        The converted file.
    status, reason : str
        ``converted``; ``skipped`` and why; or ``waiting``, if it is not converted yet.
    entries, events : int
        Events in the file that it was made from, and those of them that were read.
    sum_of_weights : float
        Sum of the generator weights of the events that were read.
    rows : int
        Jets.
    bookkeeping : dict or None
        ``events`` and ``sum_of_weights`` of all that were generated for the file, from its own bookkeeping.
    channels : dict of str to [int, float] or None
        Events and sum of weights of each process by its channel number; None if the file has no such numbers.
    source, content : str
        Digests of the bytes that it was made from, and of the events and jets that came out.
    counts : list of dict
        The cut flow.
    absent : dict of str to str
        Variables and collections that the file lacks, with their groups (``jets.width``), and the branches.
    """

    path: Path
    status: str = "converted"
    reason: str = ""
    entries: int = 0
    events: int = 0
    sum_of_weights: float = 0.0
    rows: int = 0
    bookkeeping: dict[str, Any] | None = None
    channels: dict[str, list[float]] | None = None
    source: str = ""
    content: str = ""
    counts: list[dict[str, Any]] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Share of the events of the file that were read."""
        return self.events / self.entries if self.entries else 1.0


def read_facts(path: Path) -> FileFacts:
    """Read the facts about a converted file, or one of trees.

    Raises
    ------
    MissingFileError, CorruptFileError
        If there is no such file, it cannot be read, or an attribute is not of its kind.
    """
    with TableReader(path) as reader:

        def known(key: str, kind: Any, default: Any) -> Any:
            return reader.attribute(key, kind) if reader.has_attribute(key) else default

        status, source = reader.attribute("status", str), known("source", str, "")
        if status == SKIPPED:
            return FileFacts(path, status, reader.attribute("reason", str), source=source)
        events = reader.attribute("events", NonNegativeInt)
        booked = known("bookkeeping", Booked | None, None)
        return FileFacts(
            path,
            status,
            entries=known("entries", NonNegativeInt, events),
            events=events,
            sum_of_weights=reader.attribute("sum_of_weights", FiniteFloat),
            rows=reader.count("jets"),
            bookkeeping=booked and booked.model_dump(),
            channels=known("channels", dict[str, tuple[NonNegativeInt, FiniteFloat]] | None, None),
            source=source,
            content=known("content", str, ""),
            counts=known("counts", list[dict[str, Any]], []),
            absent=known("absent", dict[str, str], {}),
        )
