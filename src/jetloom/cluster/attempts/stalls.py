"""Whether a training that ran out of time came further than the attempt before it, as its checkpoint tells."""

from __future__ import annotations

from pathlib import Path

from jetloom.scan.attempts.ledger import Attempt, Cause
from jetloom.training.checkpoint import position


class Stalls:
    """Counts, for one run of Snakemake, the attempts in a row after which a checkpoint was where it had been."""

    def __init__(self) -> None:
        self._reached: dict[Path, tuple[int, int]] = {}
        self._count: dict[Path, int] = {}

    def after(self, directory: Path, last: Attempt) -> int:
        """Return the count after an attempt; one that ended for another reason than time leaves it as it is.

        Parameters
        ----------
        directory : Path
            Of the training.
        last : Attempt
            The attempt that has ended.
        """
        if last.cause == Cause.OUT_OF_TIME:
            reached = position(directory / "checkpoint.npz")
            moved = reached > self._reached.get(directory, (0, 0))
            self._count[directory] = 0 if moved else self._count.get(directory, 0) + 1
            self._reached[directory] = reached
        return self._count.get(directory, 0)
