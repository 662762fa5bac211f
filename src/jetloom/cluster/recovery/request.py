"""What ``jetloom resume`` is asked for, and how that is said to Snakemake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jetloom.cluster.profiles.profile import CHECKOUT


@dataclass(frozen=True)
class Request:
    """What is asked for."""

    profiles: tuple[str, ...]
    config: Path
    running: str = "keep"
    """What is done with trainings that run: ``keep``, ``stop`` or ``wait``."""
    failed: bool = False
    dry: bool = False
    snakefile: Path = CHECKOUT / "Snakefile"
    words: tuple[str, ...] = ()
    """Options and targets for Snakemake."""
    until: float | None = None
    """Time (of ``time.monotonic``) at which it ends, its jobs as they are, for another one to go on."""

    def command(self, without: Iterable[str] = ()) -> list[str]:
        """Return Snakemake's options, for a run without some files and all that is made from them."""
        omitted = sorted(without)
        profiles = [word for name in self.profiles for word in ("--profile", name)]
        words = ["--snakefile", str(self.snakefile), *(["--omit-from", *omitted] if omitted else [])]
        return [*words, "--configfile", str(self.config), *profiles, *self.words]


def given(words: tuple[str, ...], names: tuple[str, ...]) -> str:
    """Return the value of an option among Snakemake's; "" if it is not there."""
    for index, word in enumerate(words):
        name, _, value = word.partition("=")
        if name in names:
            return value or next(iter(words[index + 1 : index + 2]), "")
    return ""


def seconds(profile: Mapping[str, Any]) -> float:
    """Return the seconds between two looks at the queue, as a profile says."""
    try:
        return float(profile.get("seconds-between-status-checks", 10))
    except (TypeError, ValueError):
        return 10.0
