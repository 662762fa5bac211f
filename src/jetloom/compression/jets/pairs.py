"""Two files of the same events, as one with all bits and one with truncated floats: jets side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt

from jetloom.compression.jets.branches import find_branches
from jetloom.compression.jets.extraction import TABLE, Columns, blocks, packed, row_type
from jetloom.config.jet_variables import SETS
from jetloom.errors import InputError, MissingObjectError
from jetloom.io.atomic import publishing
from jetloom.io.hdf5.tables import TableWriter
from jetloom.io.root.files import open_source
from jetloom.provenance import file_digest, origin

OTHER = "other_"
"""Begins the names of what the second file says."""


@dataclass
class Matched:
    """How many found their like.

    Attributes
    ----------
    events, events_alone, other_events_alone : int
        In both files; in one only.
    jets, jets_alone, other_jets_alone : int
        Of the events in both files.
    missing : dict of str to str
        Variables that one of the files has not, and why.
    """

    events: int = 0
    events_alone: int = 0
    other_events_alone: int = 0
    jets: int = 0
    jets_alone: int = 0
    other_jets_alone: int = 0
    missing: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Side:
    """A file that is held in memory: it has to be, because the other may have its events in any order."""

    numbers: npt.NDArray[Any]
    columns: Columns
    counts: npt.NDArray[np.int64]
    missing: dict[str, str]


def pair(paths: tuple[Path, Path], trees: tuple[str, str], output: Path, variables: str, prefixes: tuple[str, str],
         radius: float) -> Matched:  # fmt: skip
    """Write jets that two files have both: events by their numbers, jets by their distance.

    A pair is two jets that are each other's nearest, less than ``radius`` apart. Columns of the second file begin with
    ``other_``. Both files are held in memory.

    Raises
    ------
    MissingObjectError
        If a file has no numbers of events, or no variable.
    InputError
        If an event comes twice in a file, or the files have none in common.
    """
    one, other = (
        _read(path, tree, variables, prefix) for path, tree, prefix in zip(paths, trees, prefixes, strict=True)
    )
    _, here, there = np.intersect1d(one.numbers, other.numbers, return_indices=True)
    if not len(here):
        raise InputError(f"has no event in common with {paths[1]}", path=paths[0])
    order = np.argsort(here)
    here, there = here[order], there[order]
    first, second = _of_events(one, here), _of_events(other, there)
    mine, theirs = _nearest(first, second, radius)
    rows: Columns = {"event_number": np.repeat(one.numbers["event"][here], ak.to_numpy(ak.num(mine)))}
    for name in one.columns:
        if name in other.columns:
            rows[name] = ak.to_numpy(ak.flatten(first[name][mine]))
            rows[f"{OTHER}{name}"] = ak.to_numpy(ak.flatten(second[name][theirs]))
    found = len(rows["event_number"])
    jets = int(one.counts[here].sum()), int(other.counts[there].sum())
    matched = Matched(
        len(here), len(one.numbers) - len(here), len(other.numbers) - len(there),
        found, jets[0] - found, jets[1] - found, {**one.missing, **other.missing},
    )  # fmt: skip
    with publishing(output) as part, TableWriter(part, {TABLE: (row_type(rows), None)}) as writer:
        writer.append(**{TABLE: packed(rows)})
        settings = {"set": variables, "prefixes": list(prefixes), "radius": radius}
        writer.attributes["origin"] = origin(settings, {path.name: file_digest(path) for path in paths})
        writer.attributes["matched"] = vars(matched)
    return matched


def _read(path: Path, tree: str, variables: str, prefix: str) -> _Side:
    with open_source(path, [tree]) as source:
        branches = find_branches(source, prefix, SETS[variables])
        if "event_number" not in branches.events or not {"eta", "phi"} <= set(branches.jets):
            raise MissingObjectError("has no eventNumber, or no eta and phi to match by", path=path, where=tree)
        parts = list(blocks(source, branches))
    if not parts:
        raise InputError("has no entry", path=path, where=tree)
    event = np.concatenate([part["event_number"] for part, _, _ in parts]).astype(np.uint64)
    run = np.zeros(len(event), np.uint64)
    if "run_number" in branches.events:
        run = np.concatenate([part["run_number"] for part, _, _ in parts]).astype(np.uint64)
    numbers = np.empty(len(event), [("run", np.uint64), ("event", np.uint64)])
    numbers["run"], numbers["event"] = run, event
    if len(np.unique(numbers)) < len(numbers):
        raise InputError("has an event twice: events cannot be matched by their numbers", path=path, where=tree)
    columns = {name: np.concatenate([part[name] for _, part, _ in parts]) for name in branches.jets}
    return _Side(numbers, columns, np.concatenate([counts for _, _, counts in parts]), branches.missing)


def _of_events(side: _Side, events: npt.NDArray[np.intp]) -> Any:
    return ak.unflatten(ak.zip(side.columns), side.counts)[events]


def _nearest(one: Any, other: Any, radius: float) -> tuple[Any, Any]:
    """Return the positions of jets that are each other's nearest within a radius, a list an event each."""
    distance, to_other = _distances(one, other)
    _, to_one = _distances(other, one)
    near = ak.fill_none(ak.min(distance, axis=2) < radius, False)
    there = ak.values_astype(ak.drop_none(ak.mask(to_other, near), axis=1), np.int64)
    here = ak.local_index(near)[near]
    mutual = ak.fill_none(to_one[there] == here, False)
    return here[mutual], there[mutual]


def _distances(one: Any, other: Any) -> tuple[Any, Any]:
    """Return the distance of each jet from all of the other file, and which of them is nearest."""
    left, right = ak.unzip(ak.cartesian([one[["eta", "phi"]], other[["eta", "phi"]]], nested=True))
    around = np.abs(left.phi - right.phi) % (2 * np.pi)
    distance = np.hypot(left.eta - right.eta, np.minimum(around, 2 * np.pi - around))
    return distance, ak.argmin(distance, axis=2)
