"""The most that a site gives to the jobs of a rule, as the look before the first submission found it.

A request that grows beyond it would wait in the queue for ever. So growth ends here, as it ends at the limits of the
configuration. The first request of a rule is never cut: one that is too large is refused before anything is submitted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from jetloom.config.cluster import Cluster, Growth
from jetloom.io.atomic import write_json

CEILINGS = Path(".snakemake") / "jetloom_ceilings.json"
"""In the working directory of a run."""


@dataclass(frozen=True)
class Ceiling:
    """The most that a job of a rule may ask for; 0: nobody says."""

    memory: int = 0
    """In MB."""
    minutes: int = 0
    memory_of: str = ""
    """Whose limit it is, as ``partition short``."""
    minutes_of: str = ""


NONE = Ceiling()


def write(ceilings: Mapping[tuple[str, str], Ceiling], path: Path = CEILINGS) -> bool:
    """Write the ceilings by rule and task; say whether they are others than before."""
    content = {_key(*name): asdict(ceiling) for name, ceiling in sorted(ceilings.items())}
    if content == _read(path):
        return False
    write_json(path, content)
    return True


def find(rule: str, task: str, path: Path = CEILINGS) -> Ceiling:
    """Return the ceiling of the jobs of a rule for a task, "" for one without; :data:`NONE` if none is known."""
    content = _read(path)
    found = content.get(_key(rule, task), content.get(_key(rule, "")))
    try:
        return Ceiling(**found) if isinstance(found, dict) else NONE
    except TypeError:
        return NONE


def limited(growth: Growth, ceiling: Ceiling) -> Growth:
    """Return the limits of growth, lowered to a ceiling."""
    limits = {
        "memory_limit": min(growth.memory_limit, ceiling.memory or growth.memory_limit),
        "minutes_limit": min(growth.minutes_limit, ceiling.minutes or growth.minutes_limit),
    }
    return growth.model_copy(update=limits)


def limited_cluster(cluster: Cluster, ceiling: Ceiling) -> Cluster:
    """Return the settings of a cluster with the limits of growth lowered to a ceiling."""
    return cluster.model_copy(update={"growth": limited(cluster.growth, ceiling)})


def whose(settings: Growth, ceiling: Ceiling, what: str) -> str:
    """Say whose limit ends the growth of ``memory`` or ``minutes``."""
    ours, theirs = getattr(settings, f"{what}_limit"), getattr(ceiling, what)
    return getattr(ceiling, f"{what}_of") if theirs and theirs <= ours else f"cluster.growth.{what}_limit"


def _key(rule: str, task: str) -> str:
    return f"{rule}/{task}"


def _read(path: Path) -> dict[str, object]:
    """Read the file; nothing if there is none, or it is damaged: then nobody says."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
