"""What a bundle of trainings asks for: what those that are still to be done ask for by their ledgers, together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import nlargest
from pathlib import Path
from typing import NamedTuple

from jetloom import paths
from jetloom.cluster.attempts import ceilings, requests
from jetloom.cluster.attempts.learning import LEARNING
from jetloom.config.analysis import Analysis
from jetloom.config.cluster import Growth
from jetloom.scan.attempts import ledger
from jetloom.scan.bundles.manifest import lacking
from jetloom.scan.bundles.membership import Training


def to_do(analysis: Analysis, task: str, trainings: Sequence[Training]) -> list[Training]:
    """Return those of some trainings that a job of theirs has to do: all, if each has a result that is out of date."""
    return lacking(analysis, task, trainings) or list(trainings)


def own_minutes(analysis: Analysis, task: str, training: Training) -> int:
    """Return the wall time (minutes) that one training asks for."""
    return _minutes(analysis, task, *_ledgers(analysis, task, [training]))


def _memory(analysis: Analysis, task: str, attempts: Sequence[ledger.Attempt]) -> int:
    first = LEARNING.first(analysis, task).memory
    return requests.memory(first, growth(analysis, "train", task, attempts), attempts)


def _minutes(analysis: Analysis, task: str, attempts: Sequence[ledger.Attempt]) -> int:
    first = LEARNING.first(analysis, task).minutes
    return requests.minutes(first, growth(analysis, "train", task, attempts), attempts)


def growth(analysis: Analysis, rule: str, task: str, attempts: Sequence[ledger.Attempt]) -> Growth:
    """Return how requests grow; what the site allows matters, and is read, only after an attempt."""
    if not attempts:
        return analysis.cluster.growth
    return ceilings.limited(analysis.cluster.growth, ceilings.find(rule, task))


class Needs(NamedTuple):
    """What a job of several trainings asks for."""

    memory: int
    """In MB: of the training that needs most, or of as many as are done at a time. No more than
    ``cluster.growth.memory_limit``, or than the site gives, for each of them."""
    minutes: int
    """Wall time of all that is still to be done, one after the other. No more than ``cluster.growth.minutes_limit``, or
    than the site gives: what is not done by then goes on in the next attempt."""
    longest: int
    """Minutes of the training that asks for most."""


def needs(analysis: Analysis, task: str, trainings: Sequence[Training]) -> Needs:
    """Return what a job of some trainings asks for, by what there is of results and ledgers."""
    left = to_do(analysis, task, trainings)
    lines = _ledgers(analysis, task, left)
    memory = memory_of(analysis, task, [_memory(analysis, task, one) for one in lines])
    each = [_minutes(analysis, task, one) for one in lines]
    minutes = minutes_of(analysis, task, each)
    if len(left) > 1 and (most := ceilings.find("train", task).minutes):
        minutes = min(minutes, max(most, LEARNING.first(analysis, task).minutes))
    return Needs(memory, minutes, max(each))


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


def _ledgers(analysis: Analysis, task: str, trainings: Sequence[Training]) -> list[list[ledger.Attempt]]:
    root = str(paths.scan(analysis, task))  # once: a scan may have 10,000 trainings, and each is asked for its ledger
    return [ledger.read(Path(f"{root}/{one.point}/{one.run}/{ledger.LEDGER}")) for one in trainings]
