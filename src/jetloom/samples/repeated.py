"""Events that are in a sample more than once: equal channel, run and event number. Memory does not grow with them."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jetloom.io.hdf5.tables import TableReader

EVENTS = "events"
EVENT = np.dtype([("channel", "<i8"), ("run_number", "<u4"), ("event_number", "<u8")])
"""One row of the table of a converted file for each event that passed the cuts on events; channel -1: not known."""
KEYED = np.dtype([*EVENT.descr, ("file", "<u4")])

BUCKET_ROWS = 1 << 21
"""Events that are sorted at a time, about 50 MB."""
READ_ROWS = 1 << 18
MOST_PAIRS = 1000
SHOWN = 3

Rows = npt.NDArray[np.void]


@dataclass(frozen=True)
class Repeated:
    """How many events there are of which some come again, and in which files.

    Attributes
    ----------
    events, repeated : int
        All events, and those that are there already.
    pairs : dict of (str, str) to int
        Names of the files where such events stood first and again, and their number.
    """

    events: int
    repeated: int
    pairs: dict[tuple[str, str], int]

    def warning(self) -> str | None:
        """Return one line about it, None if no event comes again."""
        if not self.repeated:
            return None
        most = sorted(self.pairs.items(), key=lambda item: -item[1])[:SHOWN]
        places = ", ".join(
            f"{number} within {first}" if first == again else f"{number} of {first} again in {again}"
            for (first, again), number in most
        )
        return (
            f"{self.repeated} of {self.events} events are there already (equal channel, run and event number): {places}"
            f"{', ...' if len(self.pairs) > SHOWN else ''}"
        )


def repeated_events(
    files: Sequence[Path],
    bucket_rows: int = BUCKET_ROWS,
    *,
    names: Sequence[str] | None = None,
    known_only: bool = False,
) -> Repeated:
    """Count the events of some converted files that are there more than once.

    Parameters
    ----------
    files : sequence of Path
        Files of one sample; those without a table of events count as empty.
    bucket_rows : int
        Events that are held in memory at a time.
    names : sequence of str, optional
        What ``pairs`` calls the files; their own names if not given.
    known_only : bool
        Whether only events of a known channel count.
    """
    names = [path.stem for path in files] if names is None else names
    total = sum(_number(path) for path in files)
    if total <= bucket_rows:
        parts = list(_keyed(files, known_only))
        return _summed([np.concatenate(parts) if parts else np.zeros(0, KEYED)], total, names)
    buckets = -(-total // bucket_rows)
    with tempfile.TemporaryDirectory(prefix="jetloom-") as scratch:
        paths = [Path(scratch) / str(bucket) for bucket in range(buckets)]
        for rows in _keyed(files, known_only):
            place = _bucket(rows, buckets)
            order = np.argsort(place, kind="stable")
            ends = np.searchsorted(place[order], np.arange(buckets + 1))
            for path, start, stop in zip(paths, ends[:-1], ends[1:], strict=True):
                if stop > start:
                    with path.open("ab") as file:
                        file.write(rows[order[start:stop]].tobytes())
        return _summed((np.fromfile(path, KEYED) for path in paths if path.exists()), total, names)


def _number(path: Path) -> int:
    with TableReader(path) as reader:
        return reader.rows.get(EVENTS, 0)


def _keyed(files: Sequence[Path], known_only: bool) -> Iterator[Rows]:
    """Yield the events of all files in blocks, each with the number of its file."""
    for number, path in enumerate(files):
        if not _number(path):
            continue
        with TableReader(path) as reader:
            for block in reader.blocks(EVENTS, READ_ROWS):
                rows = np.zeros(len(block), KEYED)
                for name in EVENT.names or ():
                    rows[name] = block[name]
                rows["file"] = number
                yield rows[rows["channel"] > 0] if known_only else rows


def _bucket(rows: Rows, buckets: int) -> npt.NDArray[np.uint64]:
    """Share events out evenly, equal ones to one bucket: the upper bits of a product with an odd constant are mixed."""
    with np.errstate(over="ignore"):
        mixed = rows["event_number"] * np.uint64(0x9E3779B97F4A7C15)
        mixed += rows["run_number"].astype(np.uint64) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(31)
        mixed *= np.uint64(0x94D049BB133111EB)
    return (mixed >> np.uint64(33)) % np.uint64(buckets)


def _summed(buckets: Iterator[Rows] | list[Rows], total: int, names: Sequence[str]) -> Repeated:
    repeated, pairs = 0, Counter[tuple[str, str]]()
    for rows in buckets:
        ordered = rows[np.lexsort((rows["file"], rows["channel"], rows["run_number"], rows["event_number"]))]
        same = np.ones(max(len(ordered) - 1, 0), bool)
        for name in EVENT.names or ():
            same &= ordered[name][1:] == ordered[name][:-1]
        repeated += int(same.sum())
        both = np.stack([ordered["file"][:-1][same], ordered["file"][1:][same]], axis=1)
        for (first, again), number in zip(*np.unique(both, axis=0, return_counts=True), strict=True):
            pair = names[first], names[again]
            if pair in pairs or len(pairs) < MOST_PAIRS:
                pairs[pair] += int(number)
    return Repeated(total, repeated, dict(pairs))
