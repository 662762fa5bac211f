"""Being the driver within a job: go on with the analysis, end before the wall time, and see that a successor comes."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from jetloom.cluster.driving.ending import TOLD_TO_END
from jetloom.cluster.schedulers.scheduler import Scheduler, SilentSchedulerError
from jetloom.cluster.submission.engines import AGAIN, Engine
from jetloom.cluster.submission.journal import Entry, Event, Journal, is_over, last_of, waiting
from jetloom.cluster.submission.request import Driver
from jetloom.errors import BusyError, JetloomError
from jetloom.scan.attempts.ledger import Cause

logger = logging.getLogger(__name__)

WAITS = 60.0
"""Seconds in which the lock of a driver that was killed must become free."""
SHORT = 120.0
MOST_SHORT = 5
"""So many drivers in a row that were killed within two minutes each: the next one would be, too."""

Work = Callable[[float, Callable[[], None]], int]
"""Drives until a time (of ``time.monotonic``); calls a function when it has the lock; gives the exit code."""


@dataclass
class Here:
    """One job that drives.

    Parameters
    ----------
    driver : Driver
        What was asked for.
    journal : Journal
        What became of it so far.
    engine : Engine
        Takes the successor.
    scheduler : Scheduler
        Knows how the job before this one ended.
    """

    driver: Driver
    journal: Journal
    engine: Engine
    scheduler: Scheduler

    def drive(self, job: str, work: Work, elapsed: float = 0.0) -> int:
        """Drive until the analysis is done, or the wall time nearly over; give the exit code of the job.

        Parameters
        ----------
        job : str
            The id of this job.
        work : callable
            Drives.
        elapsed : float
            Seconds since the job began.
        """
        entries = self.journal.read()
        if reason := self._not_again(entries, job):
            logger.info("the driver ends at once: %s", reason)
            if is_over(entries) is None:
                self.journal.add(Event.STOPPED, job, words=reason)
            return 0
        until = time.monotonic() - elapsed + 60.0 * self.driver.minutes - self.driver.margin
        try:
            code = self._work(work, until, lambda: self._begin(job))
        except JetloomError as error:
            self.journal.add(Event.FAILED, job, words=error.line())
            self._drop_successor()
            raise
        return self._ended(job, code, until)

    def _not_again(self, entries: Sequence[Entry], job: str) -> str:
        """Say why this job must not drive; "" if it may."""
        if (over := is_over(entries)) is not None:
            return f"{over.event}{f' ({over.words})' if over.words else ''}"
        before = last_of(entries, Event.BEGAN)
        if before is not None and before.job != job and last_of(entries, Event.GOES_ON, Event.BEGAN) == before:
            facts = self.scheduler.facts(before.job)
            if facts is not None and facts.cause == Cause.CANCELLED:
                return f"job {before.job} was cancelled by its user ({facts.words})"
        return self._killed_too_often(entries)

    @staticmethod
    def _killed_too_often(entries: Sequence[Entry]) -> str:
        begun = [place for place, entry in enumerate(entries) if entry.event == Event.BEGAN][-MOST_SHORT:]
        if len(begun) < MOST_SHORT or any(entry.event == Event.GOES_ON for entry in entries[begun[0] :]):
            return ""
        times = [datetime.fromisoformat(entries[place].at).timestamp() for place in begun] + [time.time()]
        if all(times[place + 1] - times[place] < SHORT for place in range(MOST_SHORT)):
            return f"{MOST_SHORT} drivers in a row were killed within {SHORT:.0f} s each"
        return ""

    def _work(self, work: Work, until: float, begun: Callable[[], None]) -> int:
        """Drive, as soon as the lock is free: the processes of a driver that was killed take a moment to go."""
        end = time.monotonic() + WAITS
        while True:
            try:
                return work(until, begun)
            except BusyError:
                if time.monotonic() > end:
                    raise
                time.sleep(1)
            except SystemExit as told:
                return told.code if isinstance(told.code, int) else TOLD_TO_END

    def _begin(self, job: str) -> None:
        """Note that this job drives, and have its successor wait for its end."""
        self.journal.add(Event.BEGAN, job, host=socket.gethostname())
        if not self.engine.follows_itself and not waiting(self.journal.read()):
            self._queue_successor(job)

    def _queue_successor(self, job: str) -> None:
        try:
            successor = self.engine.submit(self.driver, self.journal.directory, after=job)
        except SilentSchedulerError as error:
            logger.warning("no successor is queued: %s", error.line())
            return
        self.journal.add(Event.QUEUED, successor)
        logger.info("job %s drives, job %s follows when it is over", job, successor)

    def _ended(self, job: str, code: int, until: float) -> int:
        entries = self.journal.read()
        if over := is_over(entries):  # a person stopped it
            logger.info("the driver is over: %s", over.words or over.event)
            return 0
        if code == TOLD_TO_END and time.monotonic() >= until:
            self.journal.add(Event.GOES_ON, job, words="its wall time was nearly over")
            if self.engine.follows_itself:
                return AGAIN
            if not waiting(entries):
                self._queue_successor(job)
            return 0
        if code == TOLD_TO_END:
            self.journal.add(Event.TOLD, job, words="SIGTERM")
            return code
        self.journal.add(Event.FAILED if code else Event.DONE, job, words=f"exit code {code}" if code else "")
        self._drop_successor()
        return code

    def _drop_successor(self) -> None:
        """Take the successor out of the queue; one that is left would begin, see that all is over, and end."""
        queued = last_of(self.journal.read(), Event.QUEUED)
        begun = {entry.job for entry in self.journal.read() if entry.event == Event.BEGAN}
        if queued is not None and queued.job not in begun:
            try:
                self.scheduler.remove([queued.job])
            except SilentSchedulerError as error:
                logger.warning("job %s is left in the queue, and ends by itself: %s", queued.job, error.line())


def forget_allocation() -> None:
    """Let the jobs of this driver be jobs of their own: Slurm's commands read what the environment says of this one."""
    for name in list(os.environ):
        if name.startswith(("SLURM_", "SBATCH_")):
            del os.environ[name]
