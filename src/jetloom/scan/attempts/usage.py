"""What the trainings of a task asked for and used, by their ledgers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jetloom import paths
from jetloom.config.analysis import Analysis
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.ledger import Attempt, Cause
from jetloom.scan.bundles.membership import scan_trainings

FINISHED = (Cause.DONE, Cause.DIVERGED)


@dataclass(frozen=True)
class Usage:
    """What the trainings of a task used; those that finished tell what one needs."""

    memory: tuple[float, ...] = ()
    """The largest memory (MB) of each that finished."""
    minutes: tuple[float, ...] = ()
    """The wall time of each that finished, all of its attempts together."""
    too_small: int = 0
    """The most memory (MB) with which an attempt ended for lack of memory."""
    asked_mb: float = 0.0
    """On average over attempts, by their wall time."""
    used_mb: float = 0.0
    asked_minutes: float = 0.0
    """On average over attempts."""
    used_minutes: float = 0.0

    def words(self) -> str:
        """Say it in a line; "" if no attempt asked for anything."""
        if not self.asked_mb or not self.asked_minutes:
            return ""
        memory = max(0.0, 1 - self.used_mb / self.asked_mb)
        time = max(0.0, 1 - self.used_minutes / self.asked_minutes)
        asked = f"{self.asked_mb:.0f} MB and {self.asked_minutes:.0f} min"
        used = f"{self.used_mb:.0f} MB and {self.used_minutes:.1f} min"
        wasted = f"{memory:.0%} of the memory and {time:.0%} of the time"
        return f"asked for {asked} on average, used {used}: {wasted} wasted"


def usage(analysis: Analysis, task: str) -> Usage:
    """Read the ledgers of all trainings of a task."""
    root = str(paths.scan(analysis, task))  # once: a scan may have 10,000 trainings
    ledgers = [
        ledger.read(Path(f"{root}/{one.point}/{one.run}/{ledger.LEDGER}")) for one in scan_trainings(analysis, task)
    ]
    return of_ledgers(ledgers)


def of_ledgers(ledgers: Sequence[Sequence[Attempt]]) -> Usage:
    """Return what ledgers tell; each is that of one training."""
    memory, minutes = [], []
    for lines in ledgers:
        if lines and lines[-1].cause in FINISHED:
            own = _last_training(lines)
            memory.append(max(line.memory_used_mb for line in own))
            minutes.append(sum(line.wall_time_s for line in own) / 60)
    every = [line for lines in ledgers for line in lines]
    counted = [line for line in every if line.memory_asked_mb and line.minutes_asked and line.wall_time_s]
    seconds = sum(line.wall_time_s for line in counted) or 1.0
    number = len(counted) or 1
    return Usage(
        tuple(memory),
        tuple(minutes),
        max((line.memory_asked_mb for line in every if line.cause == Cause.OUT_OF_MEMORY), default=0),
        sum(line.memory_asked_mb * line.wall_time_s for line in counted) / seconds,
        sum(line.memory_used_mb * line.wall_time_s for line in counted) / seconds,
        sum(line.minutes_asked for line in counted) / number,
        sum(line.wall_time_s for line in counted) / 60 / number,
    )


def _last_training(lines: Sequence[Attempt]) -> Sequence[Attempt]:
    """Return the attempts since the training was last done before: it may have been made again."""
    before = [place for place, line in enumerate(lines[:-1]) if line.cause in FINISHED]
    return lines[before[-1] + 1 :] if before else lines
