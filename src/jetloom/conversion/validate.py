"""Values that cannot be: what has them is dropped and counted by reason, and too many of them fail the file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from jetloom.conversion.absence import without_weight
from jetloom.cutflow import CutFlow
from jetloom.errors import BadValueError
from jetloom.io.root.events import Collection, Column, EventBlock, Mask

if TYPE_CHECKING:
    from jetloom.config.conversion import Budget
    from jetloom.locations import Location

CHECKED = ("pt", "eta", "phi", "m", "energy")
NOT_NEGATIVE = ("pt", "energy")
JET_GONE = "its jet is not kept"


class Validator:
    """Drops jets and constituents with impossible values, and holds the losses against the budget.

    pt, eta, phi, m and energy must be finite, pt and energy not negative, and links within their container. NaN in
    other variables is allowed: it often says that something could not be computed.

    Parameters
    ----------
    budget : Budget
        The shares that may be lost.
    path : Path or Remote
        The file, for messages.
    """

    def __init__(self, budget: Budget, path: Location) -> None:
        self._budget = budget
        self._path = path
        self._found: dict[str, int] = {}
        self._lost: dict[str, dict[str, int]] = {}

    def apply(self, block: EventBlock, flow: CutFlow) -> EventBlock:
        """Return the block without impossible jets and constituents.

        Raises
        ------
        BadValueError, MissingObjectError
            If an event's weight is not finite, or not there: the sum of weights of the whole sample would be lost.
        """
        self._require_weights(block)
        for loss in block.losses:
            flow.add("validate" if loss.damage else "read", loss.collection, loss.reason, loss.before, loss.after)
            if loss.damage:
                self._count(loss.collection, loss.reason, loss.before - loss.after, loss.before - loss.after)
        good = self._check("jets", block.jets, flow)
        if good is not None:
            for name, other in block.others.items():
                left = int(other.counts[good].sum())
                flow.add("validate", name, JET_GONE, len(other), left)
            block = block.keep_jets(good)
        others = {}
        for name, other in block.others.items():
            fine = self._check(name, other, flow)
            others[name] = other if fine is None else other.keep_rows(fine)
        return replace(block, others=others, losses=[])  # they are counted now

    def _require_weights(self, block: EventBlock) -> None:
        weights = block.events["mc_event_weight"]
        bad = ~np.isfinite(weights)
        if not bad.any():
            return
        if np.isnan(weights).all():
            raise without_weight(self._path, f"there is none in any of {len(weights)} events")
        first = int(np.flatnonzero(bad)[0])
        raise BadValueError(
            f"is {weights[first]} in event {block.events['event_number'][first]} and {int(bad.sum()) - 1} others",
            path=self._path,
            where="mc_event_weight",
            advice="the sum of weights of the sample would be lost: take the file out",
        )

    def _check(self, name: str, rows: Collection, flow: CutFlow) -> Mask | None:
        """Count the impossible rows by reason; None if there are none."""
        good: Mask | None = None
        left = len(rows)
        self._count(name, "", 0, left)
        for key in CHECKED:
            column = rows.columns.get(key)
            if column is None or column.dtype.kind != "f":
                continue
            for reason, fine in _tests(key, column):
                good = fine if good is None else good & fine
                after = int(good.sum())
                flow.add("validate", name, reason, left, after)
                self._count(name, reason, left - after, 0)
                left = after
        return good

    def _count(self, name: str, reason: str, lost: int, found: int) -> None:
        self._found[name] = self._found.get(name, 0) + found
        if lost:
            reasons = self._lost.setdefault(name, {})
            reasons[reason] = reasons.get(reason, 0) + lost

    def finish(self) -> None:
        """Hold the losses of the whole file against the budget.

        Raises
        ------
        BadValueError
            If more was lost than the budget allows; with the reasons.
        """
        for name, reasons in self._lost.items():
            lost, found = sum(reasons.values()), self._found[name]
            key = "jets" if name == "jets" else "constituents"
            allowed: float = getattr(self._budget, key)
            if lost > allowed * found:
                listed = ", ".join(f"{reason}: {count}" for reason, count in reasons.items())
                raise BadValueError(
                    f"{lost} of {max(found, lost)} have impossible values ({listed})",
                    path=self._path,
                    where=name,
                    advice=f"find out why, or allow a share with conversion.budget.{key} (now {allowed:g})",
                )


def _tests(key: str, column: Column) -> list[tuple[str, Mask]]:
    """Return the tests that a column fails; smallest and largest element tell fast that it fails none."""
    if not len(column):
        return []
    low, high = column.min(), column.max()  # NaN wins both, and fails every comparison
    tests = []
    if not (low > -np.inf and high < np.inf):
        tests.append((f"{key} is not finite", np.isfinite(column)))
    if key in NOT_NEGATIVE and not low >= 0 and (column < 0).any():
        tests.append((f"{key} is negative", ~(column < 0)))
    return tests
