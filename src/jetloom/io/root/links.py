"""From the links of a file to the rows that belong to each jet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from jetloom.io.root.branches import Group
from jetloom.io.root.events import Loss, Offsets, offsets_of
from jetloom.io.root.jagged import described, leaf, levels, member

Index = npt.NDArray[np.int64]
OUT_OF_RANGE = "link index out of range"
NO_TARGET = "links without a target"
NO_JET = "belongs to no jet"


@dataclass
class Resolved:
    """Rows of a container that belong to jets.

    Attributes
    ----------
    offsets : int64 array of ``n_jets + 1``
        Which of the rows belong to which jet.
    rows : int64 array or None
        Rows of the container, jet by jet; None: all of them, as they are.
    losses : list of Loss
        Links that point nowhere, and links that cannot be.
    """

    offsets: Offsets
    rows: Index | None
    losses: list[Loss] = field(default_factory=list)


def resolve(name: str, group: Group, arrays: dict[str, Any], targets: Offsets, jets: Offsets) -> Resolved:
    """Find the rows that belong to each jet.

    Parameters
    ----------
    name : str
        The collection.
    group : Group
        Its branches and the kind of its link.
    arrays : dict of str to awkward array
        The branches that were read.
    targets, jets : int64 arrays of ``n_events + 1``
        Offsets of the container and of the jets over the events.
    """
    first = arrays[group.link["branch"]]
    if group.kind == "element_link":
        return _element_links(name, first, group.key, targets, jets)
    if group.kind == "begin_count":
        return _ranges(name, first, arrays[group.link["count"]], targets, jets)
    if group.kind == "index_pairs":
        return _pairs(name, first, arrays[group.link["target"]], targets, jets)
    return _jet_indices(name, first, targets, jets)


def _element_links(name: str, array: Any, key: int | None, targets: Offsets, jets: Offsets) -> Resolved:
    """Follow ElementLinks of the jets. A key of 0 means that the target was thinned away."""
    (outer, inner), links = levels(array, 2)
    _same(outer, jets)
    keys = member(links, "m_persKey")
    index = member(links, "m_persIndex").astype(np.int64)
    there = keys != 0 if key is None else keys == key
    jet = np.repeat(np.arange(len(inner) - 1), np.diff(inner))[there]
    event = _parents(jets)[jet]
    return _in_range(name, index[there], jet, event, targets, len(inner) - 1, len(keys))


def _in_range(name: str, index: Index, jet: Index, event: Index, targets: Offsets, jets: int, links: int) -> Resolved:
    """Keep the links whose index, counted from the start of their event, is within the container."""
    good = (index >= 0) & (index < np.diff(targets)[event])
    losses = [
        Loss(name, NO_TARGET, links, len(index)),
        Loss(name, OUT_OF_RANGE, len(index), int(good.sum()), damage=True),
    ]
    rows = (targets[event] + index)[good]
    return Resolved(offsets_of(np.bincount(jet[good], minlength=jets)), rows, losses)


def _ranges(name: str, begins: Any, counts: Any, targets: Offsets, jets: Offsets) -> Resolved:
    """Take ``count`` rows from ``begin`` on for each jet."""
    (outer,), begin_values = levels(begins, 1)
    (also,), count_values = levels(counts, 1)
    _same(outer, jets)
    _same(also, jets)
    count = np.maximum(_integers(count_values), 0)
    starts = offsets_of(count)
    jet = np.repeat(np.arange(len(count)), count)
    index = _integers(begin_values)[jet] + np.arange(starts[-1]) - starts[jet]
    return _in_range(name, index, jet, _parents(jets)[jet], targets, len(count), len(index))


def _pairs(name: str, jet_indices: Any, row_indices: Any, targets: Offsets, jets: Offsets) -> Resolved:
    """Follow a table of its own, each line of which names a jet and a constituent; a negative index names none."""
    (pairs,), jet_values = levels(jet_indices, 1)
    (also,), row_values = levels(row_indices, 1)
    _same(pairs, also)
    if len(pairs) != len(jets):
        raise ValueError("links of other events than the jets")
    jet, row, event = _integers(jet_values), _integers(row_values), _parents(pairs)
    assigned = jet >= 0
    linked = assigned & (row >= 0)
    good = linked & (jet < np.diff(jets)[event]) & (row < np.diff(targets)[event])
    losses = [
        Loss(name, NO_JET, len(jet), int(assigned.sum())),
        Loss(name, NO_TARGET, int(assigned.sum()), int(linked.sum())),
        Loss(name, OUT_OF_RANGE, int(linked.sum()), int(good.sum()), damage=True),
    ]
    return _by_jet((jets[event] + jet)[good], (targets[event] + row)[good], int(jets[-1]), losses)


def _by_jet(jet: Index, rows: Index, jets: int, losses: list[Loss]) -> Resolved:
    """Bring rows together that belong to one jet; within a jet they stay in their order."""
    if len(jet) and (np.diff(jet) < 0).any():
        order = np.argsort(jet, kind="stable")
        jet, rows = jet[order], rows[order]
    return Resolved(offsets_of(np.bincount(jet, minlength=jets)), rows, losses)


def _jet_indices(name: str, array: Any, targets: Offsets, jets: Offsets) -> Resolved:
    """Group rows by the index of their jet, which may be a vector of indices; a negative one means no jet."""
    (outer,), values = levels(array, 1)
    _same(outer, targets)
    rows: Index | None = None
    if leaf(values) is None:  # a row may belong to several jets
        (several,), values = levels(values, 1)
        rows = _parents(several)
    index = _integers(values)
    if rows is None and (found := _in_order(name, index, targets, jets)) is not None:
        return found
    event = _parents(targets)
    event = event if rows is None else event[rows]
    assigned = index >= 0
    good = assigned & (index < np.diff(jets)[event])
    losses = _index_losses(name, len(index), int(assigned.sum()), int(good.sum()))
    rows = np.flatnonzero(good) if rows is None else rows[good]
    return _by_jet((jets[event] + index)[good], rows, int(jets[-1]), losses)


def _in_order(name: str, index: npt.NDArray[Any], targets: Offsets, jets: Offsets) -> Resolved | None:
    """Take the usual case in one pass: every row has a jet and rows come jet by jet. None if it is not so."""
    counts = np.zeros(int(jets[-1]), np.int64)
    if not count_in_order(index, targets, jets, counts):
        return None
    return Resolved(offsets_of(counts), None, _index_losses(name, len(index), len(index), len(index)))


def _index_losses(name: str, found: int, assigned: int, good: int) -> list[Loss]:
    return [
        Loss(name, NO_JET, found, assigned),
        Loss(name, OUT_OF_RANGE, assigned, good, damage=True),
    ]


@njit(cache=True)
def count_in_order(
    index: npt.NDArray[Any], targets: Offsets, jets: Offsets, counts: npt.NDArray[np.int64]
) -> bool:  # pragma: no cover - compiled
    """Count the rows of each jet; False, with useless counts, if they are out of range or out of order."""
    for event in range(len(targets) - 1):
        first, number, last = jets[event], jets[event + 1] - jets[event], 0
        for row in range(targets[event], targets[event + 1]):
            jet = index[row]
            if jet < last or jet >= number:
                return False
            counts[first + jet] += 1
            last = jet
    return True


def _integers(layout: Any) -> npt.NDArray[np.signedinteger | np.unsignedinteger]:
    """Return indices or numbers as integers that int64 can hold; some ntuples store them as floats.

    Raises
    ------
    ValueError
        If they are no single numbers, or not whole.
    """
    values = leaf(layout)
    if values is None or values.dtype.kind not in "iuf":
        raise ValueError(f"{described(layout)} where a whole number is expected")
    if np.can_cast(values.dtype, np.int64):
        return values
    if values.dtype.kind == "f" and not (np.abs(values) < 2**53).all():
        raise ValueError("an index that is no number")
    index = values.astype(np.int64)
    if values.dtype.kind == "f" and not (index == values).all():
        raise ValueError("an index that is not whole")
    return index


def _parents(offsets: Offsets) -> Index:
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def _same(offsets: Offsets, expected: Offsets) -> None:
    if not np.array_equal(offsets, expected):
        raise ValueError("links are not as many as what they link")
