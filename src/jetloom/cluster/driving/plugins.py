"""Where Snakemake's executor plugins would wait for ever, or give the whole run up, and need not.

* Slurm: the plugin looks ever more seldom. A job that the answers no longer name, one that was preempted for good, one
  that a node took with it, and accounting's ``CANCELLED by UID`` are waited on for ever; ``UNKNOWN`` counts as success.
  If nothing answers five times in a row, the jobs are not even asked for any more. Arrays may never be submitted.
* HTCondor: a submission that the queue refuses ends the driver with all its jobs; and now and then a driver that begins
  never sees one of its jobs end.
* Any: with a limit on submissions, the driver looks at all waiting jobs again a minute after each look, once for each.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from jetloom.cluster.driving.credentials import Credentials
from jetloom.cluster.driving.event_log import EventLog
from jetloom.cluster.driving.hopeless import HopelessJobs
from jetloom.cluster.schedulers import schedds
from jetloom.cluster.schedulers.scheduler import SilentSchedulerError
from jetloom.cluster.schedulers.slurm import Slurm

NEVER_OVER = ("PREEMPTED", "REVOKED", "NODE_FAIL")
"""States on which the plugin waits for Slurm to begin the job again."""
FORGOTTEN_AFTER = 60.0
"""Seconds that a job may be missing from good answers before it is asked for by itself."""


@dataclass
class SlurmAnswers:
    """Turns Slurm's answers into those that the plugin can end on.

    Parameters
    ----------
    state_of : callable
        Asks for one job: its state, or "" if nobody knows it; may raise SilentSchedulerError.
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
        """Return the states with the plugin's words."""
        final = {job: self._word(job, state) for job, state in states.items()}
        final = {job: state for job, state in final.items() if state}
        for job in self.watched - self._named(states):
            if self._lasts(job):
                try:
                    state = self.state_of(job).split(" ")[0]
                except SilentSchedulerError:
                    continue  # it may be in the queue
                final[job] = "FAILED" if not state else "CANCELLED" if state in NEVER_OVER else state
        return final

    def _word(self, job: str, state: str) -> str:
        word = state.split(" ")[0]
        if word in NEVER_OVER:
            # For a moment a job that Slurm is about to put back into the queue says so too.
            return "CANCELLED" if self._lasts(job) else "PENDING"
        self._since.pop(job, None)
        return "" if word == "UNKNOWN" else word

    def _lasts(self, job: str) -> bool:
        return self.clock() - self._since.setdefault(job, self.clock()) >= FORGOTTEN_AFTER

    def _named(self, states: Iterable[str]) -> set[str]:
        named = set(states)
        for name in states:
            named |= waiting_tasks(name, self.watched)
        return named | {job for job in self.watched if job.split("_")[0] in named}


def waiting_tasks(name: str, watched: set[str]) -> set[str]:
    """Return the jobs behind the one name of an array's tasks that wait, as ``66_[2-4,7%2]``; long ones end in dots."""
    array, bracket, rest = name.partition("_[")
    if not bracket:
        return set()
    if "..." in rest:
        return {job for job in watched if job.split("_")[0] == array}
    ranges = [part.partition("-") for part in rest.split("]")[0].split("%")[0].split(",")]
    return {
        f"{array}_{task}"
        for first, _, last in ranges
        for task in range(int(first), int((last or first).split(":")[0]) + 1)
    }


def understand_slurm(hopeless: HopelessJobs) -> None:
    """Wrap the Slurm plugin's question for states, if the plugin is there; look for hopeless jobs beside it."""
    plugin: Any = sys.modules.get("snakemake_executor_plugin_slurm")
    if plugin is None:
        return
    answers = SlurmAnswers(Slurm().state)
    ask = getattr(plugin.query_job_status, "original", plugin.query_job_status)
    check = getattr(plugin.Executor.check_active_jobs, "original", plugin.Executor.check_active_jobs)

    async def query_job_status(command: str, logger: Any) -> tuple[dict[str, str] | None, float | None]:
        states, duration = await ask(command, logger)
        if states is None:
            return {}, 0.0  # for the plugin no answer at all would be the end of its interest in the jobs
        return answers.read(states), duration

    async def check_active_jobs(self: Any, active_jobs: list[Any]) -> AsyncIterator[Any]:
        answers.watched = {str(job.external_jobid) for job in active_jobs}
        await hopeless.look(self, active_jobs)
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


def submit_arrays_at_once() -> None:
    """Wrap the Slurm plugin's arrays, if the plugin is there.

    With more points than jobs at a time, the plugin waits for the others, which are not coming, and submits nothing.
    And the tasks of one array ask for what the first of them asks for, though another has learnt that it needs more.
    """
    plugin: Any = sys.modules.get("snakemake_executor_plugin_slurm")
    if plugin is None:
        return
    submit = getattr(plugin.Executor._submit_array_jobs, "original", plugin.Executor._submit_array_jobs)

    def submit_array_jobs(self: Any, jobs: list[Any]) -> None:
        alike: dict[str, list[Any]] = {}
        for job in jobs:
            alike.setdefault(repr((job.threads, sorted(job.resources.items()))), []).append(job)
        for group in alike.values():
            if len(group) > 1:
                submit(self, group)
            else:
                self._submit_job(group[0])

    submit_array_jobs.original = submit  # type: ignore[attr-defined]
    plugin.Executor._submit_array_jobs = submit_array_jobs
    plugin.pending_jobs_for_rule = lambda *_: 0


def guess_no_account() -> None:
    """Wrap the Slurm plugin's guess of an account: without the command ``sacct`` it fails, and each submission too."""
    plugin: Any = sys.modules.get("snakemake_executor_plugin_slurm")
    if plugin is None:
        return
    guess = getattr(plugin.get_account, "original", plugin.get_account)

    def get_account(logger: Any) -> str | None:
        return guess(logger) if shutil.which("sacct") else None

    get_account.original = guess  # type: ignore[attr-defined]
    plugin.get_account = get_account


def be_patient_with_condor(hopeless: HopelessJobs) -> None:
    """Wrap the HTCondor plugin's submission, if the plugin is there: a refused one is a failed job like others."""
    plugin: Any = sys.modules.get("snakemake_executor_plugin_htcondor")
    if plugin is None:
        return
    submit = getattr(plugin.Executor.run_job, "original", plugin.Executor.run_job)
    events, credentials = EventLog(), Credentials(getattr(plugin, "htcondor", None))

    def run_job(self: Any, job: Any) -> None:
        from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

        credentials.give(job)
        try:
            submit(self, job)
        except (plugin.WorkflowError, plugin.htcondor.HTCondorException) as error:  # the second: it finds no schedd
            self.report_job_error(SubmittedJobInfo(job), msg=f"HTCondor submission failed: {error}")

    check = getattr(plugin.Executor.check_active_jobs, "original", plugin.Executor.check_active_jobs)

    async def check_active_jobs(self: Any, active_jobs: list[Any]) -> AsyncIterator[Any]:
        # The thread that looks begins before the plugin has made what it looks with. If it looks too early it dies, and
        # the driver waits for ever; as long as there is no job there is nothing to look at.
        if active_jobs:
            await hopeless.look(self, active_jobs)
            looked_at = events.keep(self, active_jobs)
            for job in active_jobs:
                if job not in looked_at:
                    yield job
            async for job in check(self, looked_at):
                yield job

    read = getattr(plugin.Executor, "_try_read_job_log", None)
    if read is not None:
        plugin.Executor._try_read_job_log = events.without_events(getattr(read, "original", read))

    report = getattr(plugin.Executor, "report_job_submission", None)
    if report is not None:
        report = getattr(report, "original", report)

        def report_job_submission(self: Any, job_info: Any, register_job: bool = True) -> None:
            schedds.note(str(job_info.external_jobid))
            report(self, job_info, register_job=register_job)

        report_job_submission.original = report  # type: ignore[attr-defined]
        plugin.Executor.report_job_submission = report_job_submission

    run_job.original = submit  # type: ignore[attr-defined]
    check_active_jobs.original = check  # type: ignore[attr-defined]
    plugin.Executor.run_job = run_job
    plugin.Executor.check_active_jobs = check_active_jobs


def keep_blanks_for_condor() -> None:
    """Wrap the HTCondor plugin's clean-up of arguments, if the plugin is there: it drops quotes, and so cuts paths."""
    plugin: Any = sys.modules.get("snakemake_executor_plugin_htcondor")
    if plugin is None:
        return
    drop = getattr(plugin.Executor._sanitize_job_args, "original", plugin.Executor._sanitize_job_args)

    def sanitize_job_args(self: Any, job_args: str) -> Any:
        try:
            words = shlex.split(job_args)
        except ValueError:  # no shell would take it either
            return drop(self, job_args)
        return condor_arguments(words) if any(" " in word for word in words) else drop(self, job_args)

    sanitize_job_args.original = drop  # type: ignore[attr-defined]
    plugin.Executor._sanitize_job_args = sanitize_job_args


def condor_arguments(words: Iterable[str]) -> str:
    """Write arguments as HTCondor's submit files take them: all in double quotes, those with blanks in single ones."""

    def written(word: str) -> str:
        word = word.replace('"', '""')
        return "'" + word.replace("'", "''") + "'" if re.search(r"[\s']", word) or not word else word

    return '"' + " ".join(map(written, words)) + '"'


def look_again_once() -> None:
    """Wrap the scheduler's wish to be woken: one waiting alarm is enough for it, and none keeps a done driver alive."""
    from snakemake.scheduling.job_scheduler import JobScheduler

    alarms: list[threading.Timer] = []

    def schedule_reevaluation(self: Any, delay: float) -> None:
        def ring() -> None:
            alarms.clear()
            self._open_jobs.release()

        if not alarms:
            alarms.append(threading.Timer(delay, ring))
            alarms[0].daemon = True
            alarms[0].start()

    JobScheduler._schedule_reevalutation = schedule_reevaluation  # Snakemake's spelling
