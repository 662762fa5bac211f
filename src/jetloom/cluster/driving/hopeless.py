"""Jobs that wait for what will never come: told, taken out of the queue, and given up alone, with the reason.

A request can fit when it is submitted and not any more an hour later, when an administrator has shortened a partition;
or nobody looked before. Schedulers keep such a job for ever without a word.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from jetloom.cluster.schedulers.scheduler import Scheduler, SilentSchedulerError

logger = logging.getLogger("snakemake")

BETWEEN = 60.0
"""Seconds between two questions at most; a hasty profile is asked every few of its own looks."""
LOOKS = 6


@dataclass
class HopelessJobs:
    """Looks now and then, in the driver, which of its jobs cannot run.

    Parameters
    ----------
    find : callable
        Gives the scheduler behind an executor by its name.
    clock : callable
        Seconds.
    """

    find: Callable[[str], Scheduler | None]
    clock: Callable[[], float] = time.monotonic
    removed: dict[str, str] = field(default_factory=dict)
    """The jobs that were taken out of the queue, with the reason."""
    _last: float = float("-inf")
    _seen: dict[str, str] = field(default_factory=dict)
    """What the last look found."""

    async def look(self, executor: Any, active: Iterable[Any]) -> None:
        """Look if it is time, while the executor looks at its jobs.

        Parameters
        ----------
        executor : Snakemake's executor
        active : iterable of SubmittedJobInfo
            The jobs that it waits for.
        """
        pace = executor.workflow.remote_execution_settings.seconds_between_status_checks
        jobs = {str(one.external_jobid): one.job for one in active}
        if jobs and self.clock() - self._last >= min(BETWEEN, LOOKS * pace):
            self._last = self.clock()
            await asyncio.to_thread(self.remove, self.find(executor.workflow.executor_plugin.name), jobs)

    def remove(self, scheduler: Scheduler | None, jobs: dict[str, Any]) -> None:
        """Take those of some jobs out of the queue that two looks in a row found hopeless, for the same reason."""
        if scheduler is None:
            return
        try:
            found = scheduler.hopeless(jobs)
            sure = {job: reason for job, reason in found.items() if self._seen.get(job) == reason}
            self._seen = found
            if sure:
                self.removed |= sure  # before it is seen to be over
                scheduler.remove(sure)
        except SilentSchedulerError as error:
            logger.warning(f"jetloom: {error.line()}")
            return
        for job, reason in sure.items():
            logger.error(f"jetloom: job {job} ({jobs[job]}) waited for what will never come, and is removed: {reason}")
