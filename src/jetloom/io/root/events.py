"""Events in memory: flat columns with offsets, for the events, their jets, and what belongs to the jets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[Any]
Offsets = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Collection:
    """Rows that belong to parents: parent ``i`` owns rows ``offsets[i]`` to ``offsets[i + 1]``.

    Attributes
    ----------
    offsets : int64 array of ``n_parent + 1``
        Starts at 0 and never falls; the last one is the number of rows.
    columns : dict of str to array
        One-dimensional, all with as many elements as there are rows.
    """

    offsets: Offsets
    columns: dict[str, Column]

    def __len__(self) -> int:
        return int(self.offsets[-1])

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Number of rows of each parent."""
        return np.diff(self.offsets)

    @property
    def parents(self) -> npt.NDArray[np.int64]:
        """Index of the parent of each row."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.counts)

    def keep_rows(self, mask: Mask) -> Collection:
        """Return the collection with the rows of a mask (one bool a row) only; the parents stay."""
        before = np.zeros(len(mask) + 1, np.int64)
        np.cumsum(mask, out=before[1:])
        return Collection(before[self.offsets], {name: column[mask] for name, column in self.columns.items()})

    def keep_parents(self, mask: Mask) -> Collection:
        """Return the collection with the parents of a mask (one bool a parent) and their rows only."""
        counts = self.counts
        rows = np.repeat(mask, counts)
        columns = {name: column[rows] for name, column in self.columns.items()}
        return Collection(offsets_of(counts[mask]), columns)


@dataclass(slots=True)
class EventBlock:
    """Some consecutive events.

    Attributes
    ----------
    events : dict of str to array
        One element an event.
    jets : Collection
        Parents are the events.
    others : dict of str to Collection
        What belongs to the jets; parents are the jets.
    losses : list of Loss
        What the reader could not use and left out already.
    """

    events: dict[str, Column]
    jets: Collection
    others: dict[str, Collection]
    losses: list[Loss] = field(default_factory=list)

    @property
    def entries(self) -> int:
        """Number of events."""
        return len(self.jets.offsets) - 1

    def keep_events(self, mask: Mask) -> EventBlock:
        """Return the events of a mask with their jets and what belongs to those."""
        jets = np.repeat(mask, self.jets.counts)
        return replace(
            self,
            events={name: column[mask] for name, column in self.events.items()},
            jets=self.jets.keep_parents(mask),
            others={name: other.keep_parents(jets) for name, other in self.others.items()},
        )

    def keep_jets(self, mask: Mask) -> EventBlock:
        """Return all events with the jets of a mask and what belongs to those."""
        others = {name: other.keep_parents(mask) for name, other in self.others.items()}
        return replace(self, jets=self.jets.keep_rows(mask), others=others)

    def jet_view(self) -> Mapping[str, Column]:
        """Return the columns that expressions over jets see: those of the jets, and of their events, one a jet."""
        return _JetView(self)


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows of a collection that were left out for one reason, out of how many."""

    collection: str
    reason: str
    before: int
    after: int
    damage: bool = False
    """Whether the values cannot be (counts against the budget), or are merely not there."""


class _JetView(Mapping[str, Column]):
    """Looks event columns up only when an expression asks for them: most cuts are on jets alone."""

    def __init__(self, block: EventBlock) -> None:
        self._block = block

    def __getitem__(self, name: str) -> Column:
        block = self._block
        if name in block.jets.columns:
            return block.jets.columns[name]
        return np.repeat(block.events[name], block.jets.counts)

    def __iter__(self) -> Any:
        return iter({**self._block.events, **self._block.jets.columns})

    def __len__(self) -> int:
        return len({**self._block.events, **self._block.jets.columns})


def offsets_of(counts: npt.NDArray[Any]) -> Offsets:
    """Return the offsets that belong to numbers of rows: ``[2, 0, 3]`` gives ``[0, 2, 2, 5]``."""
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets
