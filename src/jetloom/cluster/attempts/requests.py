"""What the next attempt of a job asks for: it follows from why the last ones ended."""

from __future__ import annotations

from collections.abc import Iterable

from jetloom.config.cluster import Growth
from jetloom.scan.attempts.ledger import Attempt, Cause


def memory(start: int, growth: Growth, attempts: Iterable[Attempt]) -> int:
    """Return the memory (MB) to ask for: more than what was not enough, after an end for lack of memory only."""
    asked = start
    for attempt in attempts:
        if attempt.cause == Cause.OUT_OF_MEMORY:
            asked = max(asked, _more(attempt.memory_asked_mb or asked, growth.factor, max(start, growth.memory_limit)))
    return asked


def minutes(start: int, growth: Growth, attempts: Iterable[Attempt]) -> int:
    """Return the wall time (minutes) to ask for: more than what was not enough, after an end at a time limit only."""
    asked = start
    for attempt in attempts:
        if attempt.cause == Cause.OUT_OF_TIME:
            asked = max(asked, _more(attempt.minutes_asked or asked, growth.factor, max(start, growth.minutes_limit)))
    return asked


def _more(before: int, factor: float, limit: int) -> int:
    return min(limit, max(before + 1, round(before * factor)))
