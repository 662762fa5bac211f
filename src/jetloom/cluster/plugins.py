"""Where Snakemake's executor plugins would wait for ever, or give the whole run up, and need not.

* Slurm: the plugin looks ever more seldom. A job that the answers no longer name, one that was preempted for good, one
  that a node took with it, and accounting's ``CANCELLED by UID`` are waited on for ever; ``UNKNOWN`` counts as success.
* HTCondor: a submission that the queue refuses ends the driver with all its jobs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from jetloom.cluster.slurm import Slurm

FORGOTTEN_AFTER = 60.0
"""Seconds that a job may be missing from good answers before it is asked for by itself."""


@dataclass
class SlurmAnswers:
    """Turns Slurm's answers into those that the plugin can end on.

    Parameters
    ----------
    state_of : callable
        Asks for one job: its state, or "" if nobody knows it.
    clock : callable
        Seconds.
    """

    state_of: Callable[[str], str]
    clock: Callable[[], float] = time.monotonic
    watched: set[str] = field(default_factory=set)
    """The jobs that the plugin waits for."""
    _since: dict[str, float] = field(default_factory=dict)
    """Since when a job is missing, or in a state that may still change."""

    def read(self, states: dict[str, str]) -> dict[str, str]:
        """Give the states with the plugin's words."""
        final = {job: self._word(job, state) for job, state in states.items()}
        final = {job: state for job, state in final.items() if state}
        for job in self.watched - self._named(states):
            if self._lasts(job):
                state = self.state_of(job).split(" ")[0]
                final[job] = {"": "FAILED", "PREEMPTED": "CANCELLED", "REVOKED": "CANCELLED"}.get(state, state)
        return final

    def _word(self, job: str, state: str) -> str:
        word = state.split(" ")[0]
        if word in ("PREEMPTED", "REVOKED", "NODE_FAIL"):
            # For a moment a job that Slurm is about to put back into the queue says so too.
            return "CANCELLED" if self._lasts(job) else "PENDING"
        self._since.pop(job, None)
        return "" if word == "UNKNOWN" else word

    def _lasts(self, job: str) -> bool:
        return self.clock() - self._since.setdefault(job, self.clock()) >= FORGOTTEN_AFTER

    def _named(self, states: Iterable[str]) -> set[str]:
        return set(states) | {job for job in self.watched if job.split("_")[0] in states}


def understand_slurm() -> None:
    """Wrap the Slurm plugin's question for states, if the plugin is there."""
    plugin: Any = sys.modules.get("snakemake_executor_plugin_slurm")
    if plugin is None:
        return
    answers = SlurmAnswers(Slurm().state)
    ask = getattr(plugin.query_job_status, "original", plugin.query_job_status)
    check = getattr(plugin.Executor.check_active_jobs, "original", plugin.Executor.check_active_jobs)

    async def query_job_status(command: str, logger: Any) -> tuple[dict[str, str] | None, float | None]:
        states, duration = await ask(command, logger)
        return (states if states is None else answers.read(states)), duration

    async def check_active_jobs(self: Any, active_jobs: list[Any]) -> AsyncIterator[Any]:
        answers.watched = {str(job.external_jobid) for job in active_jobs}
        async for job in check(self, active_jobs):
            yield job
        # The plugin waits 10 s longer after each look at which nothing was over, up to 3 minutes, whatever the profile
        # says: here the profile says how long.
        longest = self.workflow.remote_execution_settings.seconds_between_status_checks
        self.next_seconds_between_status_checks = min(self.next_seconds_between_status_checks, longest)

    query_job_status.original = ask  # type: ignore[attr-defined]
    check_active_jobs.original = check  # type: ignore[attr-defined]
    plugin.query_job_status = query_job_status
    plugin.Executor.check_active_jobs = check_active_jobs


def be_patient_with_condor() -> None:
    """Wrap the HTCondor plugin's submission, if the plugin is there: a refused one is a failed job like others."""
    plugin: Any = sys.modules.get("snakemake_executor_plugin_htcondor")
    if plugin is None:
        return
    submit = getattr(plugin.Executor.run_job, "original", plugin.Executor.run_job)

    def run_job(self: Any, job: Any) -> None:
        from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

        try:
            submit(self, job)
        except plugin.WorkflowError as error:
            self.report_job_error(SubmittedJobInfo(job), msg=f"HTCondor submission failed: {error}")

    run_job.original = submit  # type: ignore[attr-defined]
    plugin.Executor.run_job = run_job
