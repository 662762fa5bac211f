"""Whether a job that failed is tried again, after what pause, or given up: by its cause and its ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from jetloom.config.cluster import Cluster
from jetloom.scan.attempts.ledger import Attempt, Cause

NEVER_AGAIN = (Cause.BAD_INPUT, Cause.CONFIGURATION, Cause.CANCELLED)
LONGEST_PAUSE = 300.0
WAITS = (Cause.REFUSED, Cause.DUPLICATE, Cause.WRONG_RESOURCE, Cause.STORAGE)
"""Tried again after a pause: at once it would be the same, the machine that has just become free above all."""


class Action(StrEnum):
    """What to do with a job that failed."""

    DONE = "done"
    """Its results are complete: what failed came after them."""
    RETRY = "retry"
    GIVE_UP = "give up"


@dataclass(frozen=True)
class Verdict:
    """What to do, why, and after how many seconds."""

    action: Action
    words: str
    pause: float = 0.0


def judge(attempts: Sequence[Attempt], since: str, settings: Cluster, resumable: bool) -> Verdict:
    """Judge a job by its ledger, the last line of which is the failure.

    Parameters
    ----------
    attempts : sequence of Attempt
        The ledger.
    since : str
        When this run of Snakemake began: a new run gives each job all its attempts again. What earlier attempts
        taught about memory and time is not forgotten.
    settings : Cluster
        The limits.
    resumable : bool
        Whether an attempt goes on where the last one stopped, as trainings do.
    """
    last = attempts[-1]
    cause = Cause(last.cause)
    if cause in NEVER_AGAIN:
        return Verdict(Action.GIVE_UP, f"{cause}: not tried again")
    limit = getattr(settings.attempts, cause.name.lower(), settings.attempts.bug)
    count = sum(attempt.cause == cause and attempt.ended >= since for attempt in attempts)
    if count >= limit:
        return Verdict(Action.GIVE_UP, f"{cause} in {count} attempts of at most {limit}")
    if cause == Cause.OUT_OF_MEMORY and last.memory_asked_mb >= settings.growth.memory_limit:
        return Verdict(Action.GIVE_UP, f"{cause} with {last.memory_asked_mb} MB, the most there may be")
    if cause == Cause.OUT_OF_TIME and not resumable and last.minutes_asked >= settings.growth.minutes_limit:
        return Verdict(Action.GIVE_UP, f"{cause} after {last.minutes_asked} minutes, the most there may be")
    pause = 0.0
    if cause in WAITS:
        pause = min(LONGEST_PAUSE, settings.pause * 2 ** (count - 1))
    return Verdict(Action.RETRY, f"{cause}: tried again (attempt {count + 1} of at most {limit})", pause)
