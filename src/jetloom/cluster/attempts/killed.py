"""The ledger's line of a training that was killed, and so could not write it."""

from __future__ import annotations

from pathlib import Path

from jetloom.cluster.attempts.words import cause_of_words
from jetloom.cluster.schedulers.scheduler import Facts
from jetloom.scan.attempts import interrupted, ledger
from jetloom.scan.attempts.ledger import Attempt, Cause, OpenAttempt


def settle_killed(directory: Path, found: OpenAttempt, facts: Facts | None, said: str = "") -> Attempt | None:
    """Close the attempt of a training that was killed, or obeyed a signal; give the line, None if it is closed already.

    Parameters
    ----------
    directory : Path
        Of the training; nobody works on it.
    found : OpenAttempt
        What it left.
    facts : Facts or None
        What the scheduler says of its job: it sent the signal, or let somebody else.
    said : str
        The error in the verb's log, if it left one without closing its line: the disk was full.
    """
    words = facts.words if facts else ""
    told = facts.cause if facts else None
    if interrupted.by_person(found.attempt.drive, found.signal, told):
        cause, words = Cause.INTERRUPTED, "; ".join(filter(None, (interrupted.WORDS, words)))
    elif told is not None:
        cause = told
    elif found.signal:
        cause, words = Cause.PREEMPTED, words or f"told to stop by {found.signal}"
    elif said:
        cause, words = cause_of_words(said), said
    else:
        cause, words = Cause.BUG, "; ".join(filter(None, ("killed, nobody says by whom", words)))
    detail = "; ".join(filter(None, (found.attempt.detail, words)))
    known = {"memory_used_mb": max(found.attempt.memory_used_mb, facts.memory_used_mb)} if facts else {}
    return ledger.settle(directory, cause, detail, **known)
