"""What jetloom asks of a batch system, whichever it is."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from jetloom.errors import JetloomError
from jetloom.scan.attempts.ledger import Cause

PATIENCE = 20.0
"""Seconds that one command of a batch system may take."""


class SilentSchedulerError(JetloomError):
    """A command of the batch system failed or did not answer."""


class Place(StrEnum):
    """Where a job is that Snakemake's plugin takes for over."""

    GONE = "gone"
    HELD = "held"
    """In the queue, for somebody to release it."""
    ALIVE = "alive"
    """In the queue: it waits, runs, or is about to be held."""


@dataclass(frozen=True)
class Facts:
    """What a scheduler says of a job that is over."""

    cause: Cause | None
    """None: it says nothing that jetloom does not know better from the job itself."""
    words: str
    """Its own words, for people."""
    memory_used_mb: float = 0.0
    host: str = ""
    log: str = ""
    """The file that holds the output of the job's own script."""
    place: Place = Place.GONE


SUSPENDED = "suspended"
"""The reason of a job that has begun and stands still, until the batch system lets it go on."""


@dataclass(frozen=True)
class QueuedJob:
    """A job that waits or runs."""

    job: str
    running: bool
    reason: str
    """Why it waits, or :data:`SUSPENDED`; empty if it runs."""
    host: str = ""


class Scheduler(Protocol):
    """A batch system, asked by its commands. Job ids are those that Snakemake's plugin gives."""

    name: str

    def facts(self, job: str) -> Facts | None:
        """Say why a job is over; None if nothing is known of it."""

    def alive(self, jobs: Iterable[str]) -> dict[str, QueuedJob]:
        """Return those of some jobs that wait or run, in one question.

        Raises
        ------
        SilentSchedulerError
            If there is no answer: that a job is not named then means nothing.
        """

    def hopeless(self, jobs: Iterable[str]) -> dict[str, str]:
        """Return those of some jobs that wait and cannot run as they were asked for, with the reason.

        Raises
        ------
        SilentSchedulerError
            If there is no answer.
        """

    def remove(self, jobs: Iterable[str]) -> None:
        """Take jobs out of the queue, running or not."""


def call(command: list[str], tries: int = 3, pause: float = 2.0, certain: str = "") -> str:
    """Run a command of a batch system and give what it prints.

    Parameters
    ----------
    command : list of str
        The command with its options.
    tries : int
        How often it is run until it succeeds.
    pause : float
        Seconds between two tries.
    certain : str
        Words of a failure that is an answer: another try would say the same.

    Raises
    ------
    SilentSchedulerError
        If it fails each time, or does not answer in time.
    """
    problem = ""
    for attempt in range(tries):
        if attempt:
            time.sleep(pause)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603
        except FileNotFoundError:
            raise SilentSchedulerError("there is no such command on this machine", where=command[0]) from None
        except subprocess.TimeoutExpired:
            problem = f"no answer in {PATIENCE:.0f} s"
            continue
        if done.returncode == 0:
            return done.stdout
        problem = " ".join((done.stderr or done.stdout).split()) or f"exit code {done.returncode}"
        if certain and certain in problem:
            break
    raise SilentSchedulerError(problem, where=" ".join(command[:2]))
