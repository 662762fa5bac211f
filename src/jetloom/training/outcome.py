"""How a training ended, whichever way it was trained."""

from __future__ import annotations

from dataclasses import dataclass, field

FALLBACK = "it stops nothing and chooses nothing; all epochs are trained, and the last network is kept"
"""What becomes of a training whose own criterion means nothing."""


@dataclass
class Outcome:
    """How a training ended."""

    status: str
    """``trained`` or ``diverged``."""
    reason: str
    history: list[dict[str, float]]
    best_epoch: float
    seconds: float
    attempts: int
    doubts: list[dict[str, str]] = field(default_factory=list)
    """By row of the history, why metrics mean nothing; they are NaN in it."""
    stopped: str = ""
    """Why it ended before its last epoch; empty if it did not."""
    forbidden: str = ""
    """Why the weights that were kept may not be kept, if none may be; empty otherwise."""

    continued: int = 0
    """Epochs of the shorter training that it went on from; 0 if it began at the start."""

    @property
    def epochs(self) -> int:
        """Epochs that are complete."""
        return int(self.history[-1]["epoch"]) if self.history else 0
