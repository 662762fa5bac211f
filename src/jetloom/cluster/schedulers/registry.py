"""The batch systems that jetloom can ask, by the name of Snakemake's executor."""

from __future__ import annotations

from jetloom.cluster.schedulers.condor import Condor
from jetloom.cluster.schedulers.scheduler import Scheduler
from jetloom.cluster.schedulers.slurm import Slurm

SCHEDULERS: dict[str, Scheduler] = {"slurm": Slurm(), "htcondor": Condor()}


def find_scheduler(executor: str) -> Scheduler | None:
    """Return the batch system behind an executor of Snakemake; None for one that jetloom cannot ask, as ``local``."""
    return SCHEDULERS.get(executor)
