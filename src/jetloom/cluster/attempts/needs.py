"""What a bundle of trainings asks for: what those that are still to be done ask for by their ledgers, together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import nlargest

from jetloom import paths
from jetloom.cluster.attempts import ceilings, requests
from jetloom.config.analysis import Analysis
from jetloom.config.cluster import Growth
from jetloom.scan.attempts import ledger
from jetloom.scan.bundles.manifest import lacking
from jetloom.scan.bundles.membership import Training


def to_do(analysis: Analysis, task: str, trainings: Sequence[Training]) -> list[Training]:
    """Return those of some trainings that a job of theirs has to do: all, if each has a result that is out of date."""
    return lacking(analysis, task, trainings) or list(trainings)


def own_memory(analysis: Analysis, task: str, training: Training) -> int:
    """Return the memory (MB) that one training asks for."""
    attempts = _read(analysis, task, training)
    return requests.memory(analysis.cluster.stages.train.memory, growth(analysis, "train", task, attempts), attempts)


def own_minutes(analysis: Analysis, task: str, training: Training) -> int:
    """Return the wall time (minutes) that one training asks for."""
    attempts = _read(analysis, task, training)
    return requests.minutes(analysis.cluster.stages.train.minutes, growth(analysis, "train", task, attempts), attempts)


def growth(analysis: Analysis, rule: str, task: str, attempts: Sequence[ledger.Attempt]) -> Growth:
    """Return how requests grow; what the site allows matters, and is read, only after an attempt."""
    if not attempts:
        return analysis.cluster.growth
    return ceilings.limited(analysis.cluster.growth, ceilings.find(rule, task))


def memory(analysis: Analysis, task: str, trainings: Sequence[Training]) -> int:
    """Return the memory (MB) of a job: that of the training that needs most, or of as many as are done at a time.

    No more than ``cluster.growth.memory_limit`` for each of them.
    """
    return memory_of(analysis, task, (own_memory(analysis, task, one) for one in to_do(analysis, task, trainings)))


def minutes(analysis: Analysis, task: str, trainings: Sequence[Training]) -> int:
    """Return the wall time (minutes) of a job: of all that is still to be done, one after the other.

    No more than ``cluster.growth.minutes_limit``, or than the site gives: what is not done by then goes on in the next
    attempt.
    """
    left = to_do(analysis, task, trainings)
    asked = minutes_of(analysis, task, [own_minutes(analysis, task, one) for one in left])
    if len(left) > 1 and (most := ceilings.find("train", task).minutes):
        return min(asked, max(most, analysis.cluster.stages.train.minutes))
    return asked


def memory_of(analysis: Analysis, task: str, asked: Iterable[int]) -> int:
    """Return the memory (MB) of a job of trainings that ask for so much each."""
    return sum(nlargest(at_a_time(analysis, task), asked))


def minutes_of(analysis: Analysis, task: str, asked: Sequence[int]) -> int:
    """Return the wall time (minutes) of a job of trainings that ask for so much each."""
    together = -(-sum(asked) // at_a_time(analysis, task))
    return min(analysis.cluster.growth.minutes_limit, max(together, *asked))


def at_a_time(analysis: Analysis, task: str) -> int:
    """Return how many trainings of a bundle run at a time: several only where they share a card."""
    return analysis.cluster.share if analysis.tasks[task].training.device == "gpu" else 1


def _read(analysis: Analysis, task: str, training: Training) -> list[ledger.Attempt]:
    return ledger.read(paths.training(analysis, task, *training) / ledger.LEDGER)
