"""Which job a process belongs to, by what the job's own Snakemake says, not by what the environment happens to hold.

A driver can run inside of a job itself (``sbatch --wrap 'snakemake --profile local'``). The environment of all that it
starts names that job then; the trainings that it starts are processes of this machine all the same.
"""

from __future__ import annotations

import os
from pathlib import Path

JOB = "JETLOOM_JOB"
"""Environment variable in which a job's own Snakemake hands its id on to the verb, and a bundle to its trainings."""
DRIVE = "JETLOOM_DRIVE"
"""Environment variable that tells jobs which run of Snakemake they belong to: when it began, by its host's clock."""


def scheduler_job() -> str:
    """Return the scheduler's id of the job around this process; "" if there is none.

    Slurm says it in the environment. HTCondor says it in the job's own description, the file that ``_CONDOR_JOB_AD``
    names.
    """
    if slurm := os.environ.get("SLURM_JOB_ID"):
        array, task = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
        return f"{array}_{task}" if array and task else slurm
    if advert := os.environ.get("_CONDOR_JOB_AD"):
        try:
            lines = Path(advert).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        for line in lines:
            name, _, value = line.partition("=")
            if name.strip() == "ClusterId":
                return value.strip()
    return ""


def hand_on() -> None:
    """In a job's own Snakemake: tell the verb which job it belongs to."""
    if found := scheduler_job():
        os.environ[JOB] = found


def forget() -> None:
    """In a driver: whatever job it runs in, its jobs are others."""
    os.environ.pop(JOB, None)


def job_id() -> str:
    """Return the scheduler's id of the job that this process is the work of; without a scheduler, a process id.

    It is that of this process, or of the one above it that does a bundle of trainings.
    """
    return os.environ.get(JOB) or f"pid {os.getpid()}"
