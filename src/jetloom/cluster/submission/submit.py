"""Submitting a driver as a job, once; and stopping it, which leaves its jobs alone."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jetloom.cluster.driving import driver_lock
from jetloom.cluster.schedulers.scheduler import Scheduler
from jetloom.cluster.submission.engines import CondorEngine, SlurmEngine
from jetloom.cluster.submission.journal import Event, Journal, driving, is_over, place, waiting
from jetloom.cluster.submission.request import LOG, Driver
from jetloom.errors import BusyError, ConfigurationError
from jetloom.io.atomic import make_directory

logger = logging.getLogger(__name__)


def submit(driver: Driver, engine: SlurmEngine | CondorEngine, scheduler: Scheduler) -> str:
    """Submit a driver; give the id of its job.

    Raises
    ------
    BusyError
        If a driver of the analysis lives, or one waits in the queue.
    SilentSchedulerError
        If the batch system takes no job, or does not answer.
    """
    directory = place(driver.analysis)
    with _alone(directory):
        refuse_second(driver.analysis, scheduler)
        if driver.minutes * 60 <= driver.margin:
            raise ConfigurationError(
                f"a driver of {driver.minutes} minutes that ends {driver.margin:.0f} s before them would do nothing",
                where="--minutes",
            )
        driver.write(directory)
        job = engine.submit(driver, directory)
        Journal(directory).add(Event.SUBMITTED, job)
    logger.info("job %s will drive %s; what it says is in %s", job, driver.analysis, directory / LOG)
    return job


def refuse_second(analysis: str, scheduler: Scheduler) -> None:
    """Refuse a second driver.

    Raises
    ------
    BusyError
        If one lives, or waits in the queue.
    """
    if (holder := driver_lock.find_holder(analysis)) is not None:
        raise driver_lock.busy(analysis, holder)
    entries = Journal(place(analysis)).read()
    if is_over(entries):
        return
    begun = driving(entries)
    named = {waiting(entries), begun.job if begun else "", *(entry.job for entry in entries)} - {""}
    if alive := scheduler.alive(sorted(named)):
        job = next(iter(alive.values()))
        state = "runs" if job.running else f"waits in the queue ({job.reason})"
        raise BusyError(f"job {job.job} {state}, to drive it", where=analysis, advice="`jetloom submit --stop` ends it")


def stop(analysis: str, scheduler: Scheduler) -> list[str]:
    """Take the driver and its successor out of the queue for good; its jobs go on. Give the jobs that were there.

    Raises
    ------
    SilentSchedulerError
        If the batch system does not answer.
    """
    directory = place(analysis)
    journal = Journal(directory)
    entries = journal.read()
    with _alone(directory):
        if is_over(entries) is None and entries:
            journal.add(Event.STOPPED, entries[-1].job, words="stopped by you")
        alive = scheduler.alive(sorted({entry.job for entry in entries}))
        # The one that waits first: it would begin as soon as the other one is gone.
        jobs = sorted(alive, key=lambda name: alive[name].running)
        for job in jobs:
            scheduler.remove([job])
    return jobs


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Be the only one that submits or stops the driver of an analysis; others wait a moment for their turn."""
    make_directory(directory)
    with (directory / "submit.lock").open("a") as file:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
