"""The cut flow: what each step found and what it left, in order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class CutFlow:
    """Adds up, block by block, how many events, jets and constituents each step found and left.

    Steps stay in the order in which they were first counted.
    """

    def __init__(self, entries: Iterable[dict[str, Any]] = ()) -> None:
        self._steps: dict[tuple[str, str, str], list[int]] = {}
        self.merge(entries)

    def add(self, stage: str, level: str, reason: str, before: int, after: int) -> None:
        """Count one step.

        Parameters
        ----------
        stage : str
            ``read``, ``validate``, ``select`` or ``slots``.
        level : str
            ``events``, ``jets`` or the name of a collection.
        reason : str
            Why some are gone: the cut, or the damage.
        before, after : int
            How many there were before and after.
        """
        step = self._steps.setdefault((stage, level, reason), [0, 0])
        step[0] += int(before)
        step[1] += int(after)

    def merge(self, entries: Iterable[dict[str, Any]]) -> None:
        """Add the counts of another file or block, as :meth:`as_json` gives them."""
        for entry in entries:
            self.add(entry["stage"], entry["level"], entry["reason"], entry["before"], entry["after"])

    def as_json(self) -> list[dict[str, Any]]:
        """Give a list of ``{stage, level, reason, before, after}``."""
        return [
            {"stage": stage, "level": level, "reason": reason, "before": before, "after": after}
            for (stage, level, reason), (before, after) in self._steps.items()
        ]

    def left(self, level: str) -> int:
        """Give the number that the last step of a level left, 0 if the level was never counted."""
        last = [after for (_, name, _), (_, after) in self._steps.items() if name == level]
        return last[-1] if last else 0

    def found(self, level: str) -> int:
        """Give the number that the first step of a level found, 0 if the level was never counted."""
        first = [before for (_, name, _), (before, _) in self._steps.items() if name == level]
        return first[0] if first else 0
