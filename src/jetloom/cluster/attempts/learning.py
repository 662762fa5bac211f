"""Requests learnt from what trainings used, by choice (``cluster.learn``): of the next ones of the same task.

They take the place of the first request. What an attempt's own end teaches still comes on top of it, and the limits of
the configuration and of the site hold as ever.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jetloom.cluster.attempts import ceilings
from jetloom.config.analysis import Analysis
from jetloom.config.cluster import Stage
from jetloom.scan.attempts.usage import Usage, usage

AFTER = 20
"""Finished trainings before anything is learnt."""
QUANTILE = 0.95
MEMORY_MARGIN, MINUTES_MARGIN = 1.25, 1.5
BESIDE = 500
"""MB of a job beside its training: two Snakemakes and a shell, which some batch systems count with it."""
LEAST_MINUTES = 5
BETWEEN = 60.0
"""Seconds between two looks at all ledgers."""


@dataclass(frozen=True)
class Learnt:
    """A first request that was learnt."""

    memory: int
    minutes: int
    finished: int
    """From so many trainings."""

    def words(self) -> str:
        """Say it in a line."""
        request = f"{self.memory} MB and {self.minutes} min"
        return f"the next trainings ask for {request}, learnt from {self.finished} finished ones"


def learn(analysis: Analysis, task: str, used: Usage) -> Learnt | None:
    """Return the first request of a task's next trainings; None if too few have finished, or nobody wants it.

    Parameters
    ----------
    analysis : Analysis
        The configuration.
    task : str
        The task.
    used : Usage
        What its trainings used.
    """
    if not analysis.cluster.learn or len(used.memory) < AFTER:
        return None
    growth = ceilings.limited(analysis.cluster.growth, ceilings.find("train", task))
    memory = math.ceil((MEMORY_MARGIN * quantile(used.memory, QUANTILE) + BESIDE) / 100) * 100
    minutes = math.ceil(MINUTES_MARGIN * quantile(used.minutes, QUANTILE) + analysis.cluster.margin / 60)
    return Learnt(
        min(growth.memory_limit, max(memory, used.too_small)),
        min(growth.minutes_limit, max(minutes, LEAST_MINUTES)),
        len(used.memory),
    )


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest of some values that is no less than a share of them."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


class Learning:
    """First requests by task; the ledgers are looked at now and then.

    Parameters
    ----------
    clock : callable
        Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._found: dict[tuple[str, str], tuple[float, Learnt | None]] = {}

    def first(self, analysis: Analysis, task: str) -> Stage:
        """Return the first request of a training: as learnt, or as configured."""
        configured = analysis.cluster.stages.train
        if not analysis.cluster.learn:
            return configured
        name = (analysis.analysis, task)
        looked, found = self._found.get(name, (float("-inf"), None))
        if self._clock() - looked >= BETWEEN:
            found = learn(analysis, task, usage(analysis, task))
            self._found[name] = self._clock(), found
        return configured if found is None else Stage(memory=found.memory, minutes=found.minutes)


LEARNING = Learning()
"""Of this process."""
