"""The cut flow: how many events, jets and constituents there were, and what each step took away, in order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

STAGES = ("read", "validate", "select", "slots", "trees", "dataset", "apply")
FOUND = "in the file"
"""The step that starts each level; it takes nothing away."""


class CutFlow:
    """Adds up, over blocks and files, how many there were of each level and how many each step took away.

    Losses are added, not the numbers before and after: a step that a block or a file did not need (a kind of damage it
    does not have) took nothing away from it, and the chain of all steps still closes.
    """

    def __init__(self, entries: Iterable[dict[str, Any]] = ()) -> None:
        self._found: dict[str, int] = {}
        self._lost: dict[tuple[str, str, str], int] = {}
        self.merge(entries)

    def saw(self, level: str, number: int) -> None:
        """Count what there is of a level (``events``, ``jets`` or a collection) before any step."""
        self._found[level] = self._found.get(level, 0) + int(number)

    def add(self, stage: str, level: str, reason: str, before: int, after: int) -> None:
        """Count what a step took away.

        Parameters
        ----------
        stage : str
            One of :data:`STAGES`.
        level : str
            ``events``, ``jets`` or the name of a collection.
        reason : str
            Why some are gone: the cut, or the damage.
        before, after : int
            How many there were before and after.
        """
        step = (stage, level, reason)
        self._lost[step] = self._lost.get(step, 0) + int(before) - int(after)

    def merge(self, entries: Iterable[dict[str, Any]]) -> None:
        """Add the counts of another file, as :meth:`as_json` gives them."""
        for entry in entries:
            if entry["reason"] == FOUND:
                self.saw(entry["level"], entry["before"])
            else:
                self.add(entry["stage"], entry["level"], entry["reason"], entry["before"], entry["after"])

    def absorb(self, other: CutFlow) -> None:
        """Add what the steps of another cut flow took away."""
        for step, lost in other._lost.items():
            self._lost[step] = self._lost.get(step, 0) + lost

    def as_json(self) -> list[dict[str, Any]]:
        """Return ``{stage, level, reason, before, after}`` of each step; one goes on from the last of its level."""
        entries = []
        for level, number in self._found.items():
            entries.append(_entry(STAGES[0], level, FOUND, number, number))
            steps = [step for step in self._lost if step[1] == level]
            for step in sorted(steps, key=lambda step: STAGES.index(step[0])):
                entries.append(_entry(*step, number, number - self._lost[step]))
                number -= self._lost[step]
        return entries

    def found(self, level: str) -> int:
        """Return the number of a level before any step."""
        return self._found.get(level, 0)

    def left(self, level: str) -> int:
        """Return the number of a level after all steps."""
        return self.found(level) - sum(lost for step, lost in self._lost.items() if step[1] == level)


def _entry(stage: str, level: str, reason: str, before: int, after: int) -> dict[str, Any]:
    return {"stage": stage, "level": level, "reason": reason, "before": before, "after": after}
