"""Whether a job that failed is tried again, after what pause, or given up: by its cause and its ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from jetloom import paths
from jetloom.cluster.attempts import ceilings
from jetloom.cluster.attempts.ceilings import NONE, Ceiling, limited_cluster, whose
from jetloom.config.analysis import Analysis
from jetloom.config.cluster import Cluster
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.ledger import Attempt, Cause
from jetloom.scan.bundles.membership import Training

NEVER_AGAIN = (Cause.BAD_INPUT, Cause.CONFIGURATION, Cause.CANCELLED, Cause.INTERRUPTED)
WANTED = (Cause.CANCELLED, Cause.INTERRUPTED)
"""Ended by a person, who may start it again; no failure that a row would tell of."""
LONGEST_PAUSE = 300.0
WAITS = (Cause.REFUSED, Cause.DUPLICATE, Cause.WRONG_RESOURCE, Cause.STORAGE)
"""Tried again after a pause: at once it would be the same, the machine that has just become free above all."""


STALLED = 2
"""Attempts in a row at the longest wall time that may leave the checkpoint where it was."""


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


def judge(
    attempts: Sequence[Attempt],
    since: str,
    settings: Cluster,
    resumable: bool,
    ceiling: Ceiling = NONE,
    stalled: int | None = None,
) -> Verdict:
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
    ceiling : Ceiling
        The most that the site gives.
    stalled : int, optional
        How many attempts in a row, up to this one, ended where they had begun. None: nobody looked.
    """
    last = attempts[-1]
    cause = Cause(last.cause)
    if cause in NEVER_AGAIN:
        return Verdict(Action.GIVE_UP, f"{cause}: not tried again")
    own, settings = settings.growth, limited_cluster(settings, ceiling)
    longest = cause == Cause.OUT_OF_TIME and last.minutes_asked >= settings.growth.minutes_limit
    if longest and resumable and stalled is not None:
        return _at_the_longest(last, whose(own, ceiling, "minutes"), stalled)
    limit = getattr(settings.attempts, cause.name.lower(), settings.attempts.bug)
    count = sum(attempt.cause == cause and attempt.is_of(since) for attempt in attempts)
    if count >= limit:
        return Verdict(Action.GIVE_UP, f"{cause} in {count} attempts of at most {limit}")
    if cause == Cause.OUT_OF_MEMORY and last.memory_asked_mb >= settings.growth.memory_limit:
        most = f"the most there may be ({whose(own, ceiling, 'memory')})"
        return Verdict(Action.GIVE_UP, f"{cause} with {last.memory_asked_mb} MB, {most}")
    if longest and not resumable:
        most = f"the most there may be ({whose(own, ceiling, 'minutes')})"
        return Verdict(Action.GIVE_UP, f"{cause} after {last.minutes_asked} minutes, {most}")
    pause = 0.0
    if cause in WAITS:
        pause = min(LONGEST_PAUSE, settings.pause * 2 ** (count - 1))
    return Verdict(Action.RETRY, f"{cause}: tried again (attempt {count + 1} of at most {limit})", pause)


def _at_the_longest(last: Attempt, limit: str, stalled: int) -> Verdict:
    """Judge a training that used the longest wall time there may be: it goes on as long as its checkpoint moves."""
    most = f"{Cause.OUT_OF_TIME} after {last.minutes_asked} minutes, the most there may be ({limit})"
    if stalled >= STALLED:
        return Verdict(Action.GIVE_UP, f"{most}, and in {stalled} attempts it came no further")
    return Verdict(Action.RETRY, f"{most}: goes on from its checkpoint" if not stalled else f"{most}: tried again")


def given_up(analysis: Analysis, task: str, training: Training, since: str) -> str:
    """Say whether a training has used up its attempts in this run of Snakemake, and why; "" if it has not.

    Parameters
    ----------
    analysis : Analysis
        The configuration.
    task : str
        The task.
    training : Training
        The training.
    since : str
        When this run of Snakemake began.
    """
    attempts = ledger.read(paths.training(analysis, task, *training) / ledger.LEDGER)
    if not attempts or attempts[-1].cause in (Cause.DONE, Cause.DIVERGED, "") or not attempts[-1].is_of(since):
        return ""
    verdict = judge(attempts, since, analysis.cluster, True, ceilings.find("train", task))
    return verdict.words if verdict.action == Action.GIVE_UP else ""
