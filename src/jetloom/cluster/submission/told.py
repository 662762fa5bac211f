"""What ``jetloom status`` says of a driver that is a job."""

from __future__ import annotations

from collections.abc import Iterator

from jetloom.cluster.schedulers.registry import find_scheduler
from jetloom.cluster.schedulers.scheduler import QueuedJob, SilentSchedulerError
from jetloom.cluster.submission.journal import Event, Journal, driving, is_over, last_of, place, waiting
from jetloom.cluster.submission.request import LOG, Driver
from jetloom.errors import MissingFileError

NAMES = {"slurm": "Slurm", "htcondor": "HTCondor"}


def lines(analysis: str) -> Iterator[str]:
    """Say which job drives an analysis, since when, and which follows; nothing if no driver was submitted.

    The batch system is asked once.
    """
    directory = place(analysis)
    entries = Journal(directory).read()
    try:
        driver = Driver.read(directory)
    except MissingFileError:
        return
    if not entries:
        return
    system = NAMES[driver.executor]
    if (over := is_over(entries)) is not None:
        words = f": {over.words}" if over.words else ""
        yield f"its driver, job {over.job} of {system}, is over since {over.at}: {over.event}{words}"
        return
    begun, next_one = driving(entries), waiting(entries)
    alive, silent = _alive(driver.executor, [begun.job if begun else "", next_one, entries[-1].job])
    if silent:
        yield f"{system} does not answer, this is from the files alone: {silent}"
    count = sum(entry.event == Event.BEGAN for entry in entries)
    if begun is not None and (silent or begun.job in alive):
        nth = f", the {count}. of its kind" if count > 1 else ""
        yield f"its driver is job {begun.job} of {system}{nth}, on {begun.host} since {begun.at} ({directory / LOG})"
    elif begun is not None:
        yield f"its driver, job {begun.job} of {system}, ended without a word"
    elif (ended := last_of(entries, Event.GOES_ON, Event.TOLD)) is not None:
        yield f"its driver, job {ended.job} of {system}, ended at {ended.at} ({ended.words})"
    if next_one:
        queued = alive.get(next_one)
        state = "is not in the queue any more" if queued is None and not silent else _waits(queued)
        yield f"job {next_one} {'follows' if count else 'is to drive it'}: {state}"
    elif begun is None or (begun.job not in alive and not silent):
        known = alive.get(entries[-1].job)
        yield _waits(known) if known else "no other one is in the queue: `jetloom submit` or `jetloom resume` goes on"


def _waits(job: QueuedJob | None) -> str:
    if job is None:
        return "nobody says how it is"
    return f"it runs on {job.host}" if job.running else f"it waits ({job.reason or 'no reason given'})"


def _alive(executor: str, jobs: list[str]) -> tuple[dict[str, QueuedJob], str]:
    scheduler = find_scheduler(executor)
    try:
        return (scheduler.alive([job for job in jobs if job]) if scheduler else {}), ""
    except SilentSchedulerError as error:
        return {}, error.line()
