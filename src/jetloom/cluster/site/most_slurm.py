"""The most that a Slurm gives to a job: by its partition and nodes, its QOS, and the user's association."""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf

from jetloom.cluster.attempts.ceilings import Ceiling
from jetloom.cluster.profiles.asked import Asked, Examined
from jetloom.cluster.schedulers.scheduler import SilentSchedulerError, call
from jetloom.cluster.schedulers.slurm import megabytes
from jetloom.cluster.site.site_slurm import Partition, SlurmSite, minutes

MEMORY = re.compile(r"(?:^|,)mem=([0-9.]+[KMGT]?)")


@dataclass(frozen=True)
class Limit:
    """What a job may have at most by one of the rules of a site, in MB and minutes."""

    whose: str
    memory: float = inf
    minutes: float = inf


def ceilings(site: SlurmSite, examined: Examined) -> dict[tuple[str, str], Ceiling]:
    """Return the most for the jobs of each rule and task.

    Limits of QOS and associations are asked for only where this Slurm enforces them.
    """
    of_qos, of_user = ({}, {}) if not site.enforces("limits") else (read_qos(), read_associations())
    setting = str(examined.sources.merged.get("slurm-qos") or "")
    found = {}
    for entry in examined.asked:
        chosen = site.chosen(entry.get("slurm_partition"))
        qos = [entry.get("qos") or setting, *(partition.qos_of_jobs for partition in chosen)]
        accounts = entry.get("slurm_account").lower().replace(",", " ").split()
        limits = [_of_partitions(chosen, entry, site.settings.get("EnforcePartLimits", "NO"))]
        limits += [of_qos[name] for name in qos if name in of_qos]
        limits += [limit for name, limit in of_user.items() if not accounts or name in accounts]
        found[entry.rule, entry.task] = _lowest(limits)
    return found


def _of_partitions(chosen: Iterable[Partition], entry: Asked, enforced: str) -> Limit:
    """Return the limit of the partitions that a job may go to: of the widest, unless it must fit into each."""
    each = [
        Limit(f"partition {one.name}", one.memory_with(entry.gpus, entry.get("gpu_model")), one.max_minutes)
        for one in chosen
    ]
    if not each:
        return Limit("")
    of = min if enforced == "ALL" else max
    name = " or ".join(limit.whose for limit in each)
    return Limit(name, of(limit.memory for limit in each), of(limit.minutes for limit in each))


def _lowest(limits: Iterable[Limit]) -> Ceiling:
    limits = list(limits)
    memory, time = min(limits, key=lambda one: one.memory), min(limits, key=lambda one: one.minutes)
    return Ceiling(
        memory=int(memory.memory) if memory.memory < inf else 0,
        minutes=int(time.minutes) if time.minutes < inf else 0,
        memory_of=memory.whose if memory.memory < inf else "",
        minutes_of=time.whose if time.minutes < inf else "",
    )


def read_qos() -> dict[str, Limit]:
    """Ask for the limits of a job by QOS; nothing if nobody answers."""
    return parse_limits(_asked("qos", "format=name,maxwall,maxtres"), "QOS")


def read_associations() -> dict[str, Limit]:
    """Ask for the limits of the user's jobs by account; nothing if nobody answers."""
    named = ["assoc", "where", f"user={getpass.getuser()}", "format=account,maxwall,maxtres"]
    return {name.lower(): limit for name, limit in parse_limits(_asked(*named), "account").items()}


def _asked(*words: str) -> str:
    try:
        return call(["sacctmgr", "-nP", "show", *words], tries=1)
    except SilentSchedulerError:
        return ""


def parse_limits(text: str, kind: str) -> dict[str, Limit]:
    """Read lines of name, longest wall time and resources (``cpu=4,mem=16G``) of a job, divided by ``|``."""
    return dict(_limits(text, kind))


def _limits(text: str, kind: str) -> Iterator[tuple[str, Limit]]:
    for line in text.splitlines():
        name, _, rest = line.strip().partition("|")
        wall, _, resources = rest.partition("|")
        if not name:
            continue
        match = MEMORY.search(resources)
        yield (
            name,
            Limit(f"{kind} {name}", megabytes(match[1]) if match else inf, minutes(wall) if wall.strip() else inf),
        )
