"""What a ROOT file records of the events that it was made from: ATLAS' CutBookkeepers, or the tree Runs of NanoAOD."""

from __future__ import annotations

import math
from typing import Any

from jetloom.config.bookkeeping import Bookkeeping as Bookkeeper
from jetloom.errors import BadValueError, MissingObjectError, near_misses
from jetloom.io.root.files import guarded, opened
from jetloom.locations import Location

METADATA, CONTAINER = "MetaData", "CutBookkeepersAux."
ALL_EVENTS = "AllExecutedEvents"
STREAM, DERIVED = "StreamAOD", "StreamDAOD"
"""The stream whose events are all that were generated, and those that went through a filter before."""
RUNS = "Runs"
RUN_RECORDS = (("genEventSumw", "genEventCount"), ("genEventSumw_", "genEventCount_"))
"""Sums of weights and numbers of events, also as NanoAOD v6 calls them."""

Bookkeeping = dict[str, Any]


def read_bookkeeping(path: Location) -> Bookkeeping | None:
    """Read how many events were generated for a file, and their sum of weights, before anything was left out.

    Of the CutBookkeepers those are named ``AllExecutedEvents``; a derivation of a derivation has one for each step. The
    first step's count: those of stream ``StreamAOD``, of the highest cycle; without that stream, of the highest cycle
    that did not read a derivation. Records of merged files are added up.

    Parameters
    ----------
    path : Path or Remote
        A ROOT file.

    Returns
    -------
    dict or None
        ``events`` and ``sum_of_weights``; None if the file has no such record, as recorded data.

    Raises
    ------
    CorruptFileError, BadValueError
        If the record cannot be read, or is no number.
    """
    with opened(path) as file:
        trees = guarded(lambda: set(file.keys(cycle=False, recursive=False)), path)
        found = None
        if METADATA in trees:
            found = guarded(lambda: _cut_bookkeepers(file[METADATA]), path, METADATA)
        if found is None and RUNS in trees:
            found = guarded(lambda: _runs(file[RUNS]), path, RUNS)
    if found is None:
        return None
    events, weights = found
    if not math.isfinite(weights) or events < 0:
        raise BadValueError(
            f"the record of generated events has {events} events of weight {weights:g}", path=path, where=METADATA
        )
    return {"events": events, "sum_of_weights": weights}


def read_named(path: Location, where: Bookkeeper) -> Bookkeeping:
    """Read the sum of weights of a histogram or a branch; how many events it is of is not known.

    Raises
    ------
    MissingObjectError
        If there is no such object, with the near misses.
    CorruptFileError, BadValueError
        If it cannot be read, or is not a finite number.
    """
    with opened(path) as file:
        known = guarded(lambda: list(file.keys(cycle=False)), path)
        if where.object not in known:
            raise MissingObjectError(
                "has no such histogram or tree", path=path, where=where.object, advice=near_misses(where.object, known)
            )
        found = guarded(lambda: file[where.object], path, where.object)
        weights = guarded(lambda: _named(found, where), path, where.object)
    if not math.isfinite(weights):
        raise BadValueError(f"the sum of weights is {weights}", path=path, where=where.object)
    return {"events": None, "sum_of_weights": weights}


def _named(found: Any, where: Bookkeeper) -> float:
    """Return the content of the bin, or the sum of the branch."""
    if where.branch is None:
        return float(found.values(flow=True)[where.bin])
    return math.fsum(found[where.branch].array(library="np").astype(float).tolist())


def _cut_bookkeepers(tree: Any) -> tuple[int, float] | None:
    """Return events and weights of all entries together, one for each file that was merged."""
    names = {name.rsplit("/", 1)[-1]: name for name in tree.keys()}  # noqa: SIM118 - a tree is no mapping
    fields = ("name", "inputStream", "cycle", "nAcceptedEvents", "sumOfEventWeights")
    branches = [names.get(CONTAINER + field) for field in fields]
    if not all(branches):
        return None
    columns = [tree[branch].array().tolist() for branch in branches]
    chosen = [_chosen(list(zip(*entry, strict=True))) for entry in zip(*columns, strict=True)]
    known = [record for record in chosen if record is not None]
    if not known or len(known) < len(chosen):
        return None
    return sum(int(events) for events, _ in known), math.fsum(weights for _, weights in known)


def _chosen(records: list[tuple[str, str, int, int, float]]) -> tuple[int, float] | None:
    """Return events and weights of the record of all events, see :func:`read_bookkeeping`."""
    every = [record for record in records if record[0] == ALL_EVENTS]
    streams = [record for record in every if record[1] == STREAM]
    streams = streams or [record for record in every if not record[1].startswith(DERIVED)]
    if not streams:
        return None
    highest = max(record[2] for record in streams)
    first, *others = {(events, weights) for _, _, cycle, events, weights in streams if cycle == highest}
    return None if others else first


def _runs(tree: Any) -> tuple[int, float] | None:
    """Return events and weights of all runs together."""
    names = set(tree.keys())
    known = [record for record in RUN_RECORDS if names.issuperset(record)]
    if not known:
        return None
    sums, events = (tree[name].array(library="np") for name in known[0])
    return int(events.sum()), math.fsum(sums.tolist())
