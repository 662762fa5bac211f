"""How a batch system takes a driver as a job, and how another one follows on it, by the system's own means.

* Slurm: the successor is a job with ``--dependency=afterany`` on the one that drives. It begins however that one ended,
  looks why, and leaves at once if a person cancelled it.
* HTCondor: the job is its own successor. ``on_exit_remove`` keeps it in the queue unless it says that it is done, and
  the queue starts it again; ``condor_rm`` takes it out for good. It is a job of the universe ``scheduler``, as DAGMan
  is: it runs beside its queue, without a match, and needs no way back from a worker.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from jetloom.cluster.profiles.asked import Asked, Examined, by_profile
from jetloom.cluster.profiles.sources import Sources
from jetloom.cluster.schedulers.scheduler import SilentSchedulerError, call
from jetloom.cluster.site import most_slurm
from jetloom.cluster.site.checks_slurm import options
from jetloom.cluster.site.probe import SUBMIT, description
from jetloom.cluster.site.site_slurm import read_site
from jetloom.cluster.submission.request import SCRIPT, Driver
from jetloom.config.analysis import Analysis

AGAIN = 85
"""Exit code with which a job of HTCondor stays in the queue, and is begun again."""
STAYS = f"ExitBySignal =?= True || ExitCode =?= {AGAIN} || ExitCode =?= 137 || ExitCode =?= 143"
RULE = "collect"
"""The small rule whose partition, account and the like the driver shares."""


class Engine(Protocol):
    """Takes drivers as jobs."""

    follows_itself: bool
    """Whether a job that ended is begun again by its queue."""

    def submit(self, driver: Driver, directory: Path, after: str = "") -> str:
        """Submit, to begin when another job is over if one is named; give the job's id.

        Raises
        ------
        SilentSchedulerError
            If the batch system takes none.
        """


class SlurmEngine:
    """Slurm."""

    follows_itself = False

    def __init__(self, analysis: Analysis, profiles: Sequence[str]) -> None:
        self._asked, self._examined = _like_a_small_job(analysis, profiles)

    def longest(self) -> int:
        """Return the longest wall time (minutes) that a job of this profile can have; 0 if nobody says."""
        try:
            found = most_slurm.ceilings(read_site(), self._examined)
        except SilentSchedulerError:
            return 0
        return found[self._asked.rule, self._asked.task].minutes

    def command(self, driver: Driver, directory: Path, after: str = "") -> list[str]:
        """Return the command line of ``sbatch``."""
        asked = replace(self._asked, memory=driver.memory, minutes=driver.minutes, threads=1, gpus=0)
        words = ["sbatch", "--parsable", f"--job-name=jetloom-driver-{driver.analysis}", f"--chdir={Path.cwd()}"]
        words += [f"--output={directory.absolute()}/slurm-%j.log", "--ntasks=1", "--no-requeue"]
        words += [f"--dependency=afterany:{after}"] if after else []
        return [*words, *options(asked, self._examined), *driver.options, str(directory.absolute() / SCRIPT)]

    def submit(self, driver: Driver, directory: Path, after: str = "") -> str:
        """Submit by ``sbatch``."""
        return call(self.command(driver, directory, after), tries=1).strip().split(";")[0]


class CondorEngine:
    """HTCondor."""

    follows_itself = True

    def __init__(self, analysis: Analysis, profiles: Sequence[str]) -> None:
        self._asked, _ = _like_a_small_job(analysis, profiles)

    def longest(self) -> int:
        """Return 0: no wall time is too long for the machine of the queue."""
        return 0

    def description(self, driver: Driver, directory: Path) -> dict[str, str]:
        """Return the submit description."""
        asked = replace(self._asked, memory=driver.memory, minutes=driver.minutes, threads=1, gpus=0)
        place = directory.absolute()
        described = description(asked, place / SCRIPT, place, "condor") if driver.universe == "vanilla" else {}
        described |= {
            "universe": driver.universe,
            "executable": str(place / SCRIPT),
            "arguments": "$(ClusterId)",
            "initialdir": str(Path.cwd()),
            "output": f"{place}/condor.log",
            "error": f"{place}/condor.log",
            "log": f"{place}/condor.events",
            "batch_name": f"jetloom-driver-{driver.analysis}",
            "on_exit_remove": f"!({STAYS})",
        }
        return described | dict(_pair(line) for line in driver.options)

    def command(self, driver: Driver, directory: Path) -> list[str]:
        """Return the lines of the submit description."""
        return [*(f"{name} = {value}" for name, value in self.description(driver, directory).items()), "queue"]

    def submit(self, driver: Driver, directory: Path, after: str = "") -> str:  # noqa: ARG002 - it follows itself
        """Submit through HTCondor's own bindings, as Snakemake's plugin does."""
        described = json.dumps(self.description(driver, directory))
        return call([sys.executable, "-c", SUBMIT, described], tries=1).strip().splitlines()[-1]


def engine_of(executor: str, analysis: Analysis, profiles: Sequence[str]) -> SlurmEngine | CondorEngine:
    """Return what takes drivers for an executor of Snakemake that is a batch system."""
    return SlurmEngine(analysis, profiles) if executor == "slurm" else CondorEngine(analysis, profiles)


def _like_a_small_job(analysis: Analysis, profiles: Sequence[str]) -> tuple[Asked, Examined]:
    sources = Sources.read(profiles)
    asked = by_profile(sources, analysis)
    small = next((entry for entry in asked if entry.rule == RULE), asked[0])
    return replace(small, others=_without_cards(small)), Examined(sources, asked)


def _without_cards(asked: Asked) -> dict[str, object]:
    return {name: value for name, value in asked.others.items() if name not in ("gpu", "gpu_model", "gres")}


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    return name.strip(), value.strip()
