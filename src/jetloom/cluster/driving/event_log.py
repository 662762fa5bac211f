"""HTCondor's event log, which the plugin reads: taken away while the driver runs, no job would be seen to end.

The plugin keeps the file open, so one that was deleted (with ``.snakemake/htcondor``, say) has no news for ever; and
into a directory that is not there HTCondor writes none. So the directory is made again, the file is opened anew, and
the jobs whose events may have been lost are asked for by name, now and then, until they are over.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

logger = logging.getLogger("snakemake")

BETWEEN = 30.0
"""Seconds between two questions for jobs whose events may have been lost; a hasty profile asks every few looks."""
LOOKS = 6


@dataclass
class EventLog:
    """Sees to the event log of an executor, before each look at its jobs.

    Parameters
    ----------
    clock : callable
        Seconds.
    """

    clock: Callable[[], float] = time.monotonic
    lost: set[Any] = field(default_factory=set)
    """The jobs whose events may have been lost."""
    _read: tuple[int, int] | None = None
    """Device and number of the file that the plugin reads."""
    _asked: float = float("-inf")

    def keep(self, executor: Any, active: Iterable[Any]) -> list[Any]:
        """Mend what was taken away; give the jobs that are to be looked at now.

        Parameters
        ----------
        executor : the plugin's executor
        active : iterable of SubmittedJobInfo
            The jobs that it waits for.
        """
        jobs = list(active)
        Path(executor.jobDir).mkdir(parents=True, exist_ok=True)
        file = Path(executor.jobDir) / "snakemake-rules.log"
        if self._read is not None and _identity(file) != self._read:
            logger.warning(f"jetloom: {file} was taken away: HTCondor is asked for {len(jobs)} jobs instead")
            self.lost |= {job.external_jobid for job in jobs}
            executor._unified_event_log_reader = None
            for job in self.lost:
                executor._event_logs.pop(job, None)
                executor._job_current_states.pop(job, None)
        self._read = _identity(file)
        self.lost &= {job.external_jobid for job in jobs}
        if not self.lost:
            return jobs
        pace = executor.workflow.remote_execution_settings.seconds_between_status_checks
        if self.clock() - self._asked < min(BETWEEN, LOOKS * pace):
            return [job for job in jobs if job.external_jobid not in self.lost]
        self._asked = self.clock()
        for job in self.lost:
            executor._log_missing_counts[job] = executor._log_missing_threshold
        return jobs

    def without_events(self, read: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """Wrap the executor's method that reads the events of a job: those that may have been lost have none."""

        def read_job_log(executor: Any, job: Any) -> Any:
            return None if job in self.lost else read(executor, job)

        read_job_log.original = read  # type: ignore[attr-defined]
        return read_job_log


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
