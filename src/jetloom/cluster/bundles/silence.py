"""Trainings that say nothing any more: stopped by a machine, or waiting for a file that never comes.

A training leaves a line in its log once a minute. Time counts by the looks of the process above it, so that a job that
was suspended as a whole was not silent meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

LONGEST_LOOK = 120.0
"""Seconds between two looks that count at most: in a longer time nobody was there to look, or to say something."""


class Silence:
    """Finds the trainings of a job that have said nothing for too long.

    Parameters
    ----------
    minutes : float
        How long that is; 0: nothing is too long.
    log_of : callable
        Gives the log of a training by its name.
    clock : callable
        Seconds.
    """

    def __init__(
        self, minutes: float, log_of: Callable[[str], Path], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.minutes, self._log_of, self._clock = minutes, log_of, clock
        self._last = clock()
        self._said: dict[str, tuple[int, int]] = {}
        self._silent: dict[str, float] = {}

    def find(self, running: Iterable[str]) -> list[str]:
        """Return those of the trainings that run that are silent for too long."""
        passed = min(self._clock() - self._last, LONGEST_LOOK)
        self._last = self._clock()
        found = []
        for name in running if self.minutes else ():
            said = _stamp(self._log_of(name))
            self._silent[name] = self._silent.get(name, 0.0) + passed if self._said.get(name) == said else 0.0
            self._said[name] = said
            if self._silent[name] >= 60 * self.minutes:
                found.append(name)
        return found

    @property
    def words(self) -> str:
        """Say what was found, for the ledger."""
        return f"said nothing for {self.minutes:g} minutes (cluster.silent_minutes), and was stopped"


def _stamp(log: Path) -> tuple[int, int]:
    try:
        found = log.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
