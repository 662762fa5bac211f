"""Which of a site's queues (HTCondor's schedds) has a job: noted when it is submitted, so that any machine can ask it.

A login machine sends its jobs to a schedd that a site chooses for each user (``SCHEDD_HOST``), and may choose another
one tomorrow; or it has one of its own. The numbers of jobs are those of their schedd.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jetloom.cluster.schedulers.scheduler import SilentSchedulerError, call

PLACE = Path(".snakemake") / "jetloom_schedds.txt"
"""In the working directory: a line for each job, its number and its schedd."""


@cache
def own_schedd() -> str:
    """Return the schedd that this machine's commands speak to."""
    for name in ("SCHEDD_HOST", "SCHEDD_NAME", "FULL_HOSTNAME"):
        try:
            if found := call(["condor_config_val", name], tries=1).strip():
                return found
        except SilentSchedulerError:
            continue
    return socket.getfqdn()


def note(job: str, place: Path = PLACE) -> None:
    """Note where a job was submitted to; a disk that takes no note ends no driver."""
    try:
        place.parent.mkdir(exist_ok=True)
        with place.open("a", encoding="utf-8") as file:
            file.write(f"{job} {own_schedd()}\n")
    except OSError:
        return


def by_schedd(jobs: Iterable[str], place: Path = PLACE) -> dict[str, list[str]]:
    """Return some jobs by the schedd to ask, "" for the one that the commands speak to by themselves."""
    try:
        noted = dict(line.split(" ", 1) for line in place.read_text(encoding="utf-8").splitlines() if " " in line)
    except (OSError, UnicodeDecodeError):
        noted = {}
    found: dict[str, list[str]] = {}
    for job in jobs:
        schedd = noted.get(job, "")
        found.setdefault(schedd if schedd and schedd != own_schedd() else "", []).append(job)
    return found


def named(schedd: str) -> list[str]:
    """Return the options that name a schedd to HTCondor's commands."""
    return ["-name", schedd] if schedd else []
