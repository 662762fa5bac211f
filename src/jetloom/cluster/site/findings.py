"""What was found at a site, in plain words, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: only what is WRONG stops a run."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "WRONG"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    what: str
    """One word or two: what was looked at."""
    words: str
    mend: str = ""
    """Which line of which file mends it, or what else does."""

    def line(self) -> str:
        """Return it as one line."""
        text = f"{self.words}; {self.mend}" if self.mend else self.words
        return f"{self.level:<8} {self.what}: {' '.join(text.split())}"


def ok(what: str, words: str) -> Finding:
    """Return what is as it should be."""
    return Finding(Level.OK, what, words)


def warning(what: str, words: str, mend: str = "") -> Finding:
    """Return what may be meant so, and costs something."""
    return Finding(Level.WARNING, what, words, mend)


def wrong(what: str, words: str, mend: str = "") -> Finding:
    """Return what stops jobs."""
    return Finding(Level.WRONG, what, words, mend)
