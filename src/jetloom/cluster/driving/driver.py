"""Snakemake as the driver of an analysis: what jetloom adds to it while it runs, on this machine or on a cluster.

Snakemake and its executor plugins submit, watch and report. Where a job has failed they know less than jetloom does,
so the one function that reports it (``AbstractExecutor.report_job_error``) is wrapped: the cause decides whether and
how the job is tried again, not a count alone. In a job's own Snakemake a signal is passed on to the verb, which leaves
a checkpoint.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from jetloom.cluster.attempts.bundle_verdict import judge_bundle
from jetloom.cluster.attempts.resubmission import FailedJob, Resubmission
from jetloom.cluster.attempts.verdict import Action, Verdict
from jetloom.cluster.driving import driver_lock, ending, once, orphans, plugins
from jetloom.cluster.driving.hopeless import HopelessJobs
from jetloom.cluster.schedulers.registry import find_scheduler
from jetloom.config.analysis import Analysis
from jetloom.errors import BusyError
from jetloom.scan.attempts import identity, ledger
from jetloom.scan.attempts.attempt import BEGAN

logger = logging.getLogger("snakemake")


def attach(workflow: Any, analysis: Analysis, stored: Path, judged: Callable[[], None] = lambda: None) -> None:
    """Wrap what jetloom knows better. Called once, when the Snakefile is read.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow under way.
    analysis : Analysis
        Its configuration.
    stored : Path
        The copy of the configuration that never changes. The Snakemake of each job reads it, and not the user's file,
        which may be edited while jobs wait in a queue.
    judged : callable
        Is called when a failure has been judged: what the next attempt asks for is to be found anew.
    """
    from snakemake_interface_executor_plugins.settings import ExecMode

    once.look_at_functions_once()
    if workflow.exec_mode == ExecMode.DEFAULT:
        os.environ[identity.DRIVE] = ledger.now()
        os.environ.pop(BEGAN, None)  # a driver may run inside a job
        identity.forget()
        workflow.config_settings.configfiles = [stored.resolve()]
        hopeless = HopelessJobs(find_scheduler)
        _judge_failures(analysis, hopeless.removed, judged)
        plugins.understand_slurm(hopeless)
        plugins.submit_arrays_at_once()
        plugins.guess_no_account()
        once.ask_once()
        plugins.be_patient_with_condor(hopeless)
        plugins.keep_blanks_for_condor()
        plugins.look_again_once()
        orphans.record_at_submission(workflow)
        orphans.record_that_none_lacks()
        ending.end_when_told(workflow, analysis.analysis, descendants)
        _name_driver(analysis)
    else:
        orphans.keep_ids(workflow)
        if workflow.exec_mode == ExecMode.REMOTE:
            identity.hand_on()
            _pass_signals_on()
            os.environ.setdefault(BEGAN, f"{began(os.getpid()):.1f}")


def give_to_jobs(workflow: Any, config: Path) -> None:
    """Let jobs read a copy of the configuration that never changes, not the files that a person may edit meanwhile.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow under way; it has read its own configuration.
    config : Path
        The copy, with all that the command line changed.
    """
    from snakemake_interface_executor_plugins.settings import ExecMode

    if workflow.exec_mode == ExecMode.DEFAULT:
        workflow.config_settings.configfiles = [config.absolute()]
        workflow.config_settings.config_args = []


def begin(workflow: Any, analysis: Analysis) -> None:
    """Be the one driver of an analysis. Called when the first job is about to start, not in a dry run.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow under way.
    analysis : Analysis
        Its configuration.
    """
    from snakemake_interface_executor_plugins.settings import ExecMode

    if workflow.exec_mode != ExecMode.DEFAULT:
        return
    try:
        driver_lock.hold(analysis.analysis)
    except BusyError as error:
        sys.stderr.write(f"jetloom: error: {error.line()}\n")
        sys.exit(int(error.exit_code))


def _name_driver(analysis: Analysis) -> None:
    """Let Snakemake's refusal of a second driver say who the first one is, or that it is gone."""
    from snakemake import exceptions

    class LockException(exceptions.WorkflowError):
        def __init__(self) -> None:
            if holder := driver_lock.find_holder(analysis.analysis):
                super().__init__(f"jetloom: error: {driver_lock.busy(analysis.analysis, holder).line()}")
            else:
                super().__init__(
                    f"jetloom: error: {analysis.analysis}: Snakemake's lock is left from a driver that is gone; "
                    "`jetloom resume --profile NAME` goes on where it was"
                )

    exceptions.LockException = LockException


def _judge_failures(analysis: Analysis, hopeless: Mapping[str, str], judged: Callable[[], None]) -> None:
    """Let each failure of a job be judged before Snakemake counts it."""
    from snakemake_interface_executor_plugins.executors.base import AbstractExecutor

    original = getattr(AbstractExecutor.report_job_error, "original", AbstractExecutor.report_job_error)
    judges: dict[str, Resubmission] = {}
    since = os.environ.get(identity.DRIVE, "")  # not when the first job fails: it has left its line before that
    one_at_a_time = threading.Lock()

    def report_job_error(self: Any, job_info: Any, msg: str | None = None, **kwargs: Any) -> None:
        executor = self.workflow.executor_plugin.name
        with one_at_a_time:
            judge = judges.setdefault(
                executor,
                Resubmission(analysis, find_scheduler(executor), since, hopeless, driver_lock.began(analysis.analysis)),
            )
            verdict = _judge(judge, job_info, msg or "")
            judged()
        job = job_info.job
        if verdict.action == Action.DONE:
            logger.warning(f"jetloom: {', '.join(map(_named, _members(job)))}: {verdict.words}")
            _make_benchmarks(job)
            self.report_job_success(job_info)
            return
        # Snakemake counts attempts of any cause together; jetloom counts them by cause, so it takes the count back,
        # or uses it up.
        job.attempt = job.attempt - 1 if verdict.action == Action.RETRY else job.restart_times + 1
        # Snakemake adds its own words right behind.
        words = f"{(msg or '').rstrip()}\njetloom: {verdict.words}".strip() + "\n"
        if verdict.pause:
            threading.Timer(verdict.pause, original, (self, job_info, words), kwargs).start()
        else:
            original(self, job_info, words, **kwargs)

    report_job_error.original = original  # type: ignore[attr-defined]
    AbstractExecutor.report_job_error = report_job_error


def _judge(judge: Resubmission, job_info: Any, msg: str) -> Verdict:
    """Judge a job by its cause; of a group that a person made of jobs, the worst of them."""
    external = "" if job_info.external_jobid is None else str(job_info.external_jobid)
    verdicts = []
    for member in _members(job_info.job):
        failed = _failed_job(member, external, msg)
        verdicts.append(judge_bundle(judge, failed) if failed.rule == "train" else judge.judge(failed))
    order = (Action.DONE, Action.RETRY, Action.GIVE_UP)
    return max(verdicts, key=lambda verdict: (order.index(verdict.action), verdict.pause))


def _members(job: Any) -> list[Any]:
    return list(job.jobs) if job.is_group() else [job]


def _make_benchmarks(job: Any) -> None:
    """Let there be the benchmark files that Snakemake asks for."""
    for member in _members(job):
        if member.benchmark:
            Path(member.benchmark).parent.mkdir(parents=True, exist_ok=True)
            Path(member.benchmark).touch()


def _failed_job(job: Any, external: str, msg: str) -> FailedJob:
    resources = job.resources
    return FailedJob(
        rule=job.rule.name,
        wildcards=dict(job.wildcards_dict),
        log=str(job.log[0]) if job.log else "",
        outputs=tuple(str(path) for path in job.output),
        job=external,
        words=msg,
        memory=_number(resources.get("mem_mb")),
        minutes=_number(resources.get("runtime")),
        gpus=_number(resources.get("gpu")),
    )


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _named(job: Any) -> str:
    return f"{job.rule.name} {' '.join(job.wildcards_dict.values())}"


def _pass_signals_on() -> None:
    """Pass SIGTERM on from the Snakemake of a job to the verb; and live on when a warning signal comes.

    HTCondor signals the first process of a job only, and Snakemake would wait for the verb to end by itself. Slurm's
    ``--signal`` and preemption reach every process of a step: SIGUSR1 would end Snakemake before the verb has left its
    checkpoint. (Rules whose verb leaves one start it with ``exec``: a shell would not live on.)
    """
    from snakemake.scheduling.job_scheduler import JobScheduler

    signal.signal(signal.SIGUSR1, lambda *_: None)
    original = getattr(JobScheduler.exit_gracefully, "original", JobScheduler.exit_gracefully)

    def exit_gracefully(self: Any, *arguments: Any) -> None:
        for process in descendants(os.getpid()):
            try:
                os.kill(process, signal.SIGTERM)
            except ProcessLookupError:
                continue
        original(self, *arguments)

    exit_gracefully.original = original  # type: ignore[attr-defined]
    JobScheduler.exit_gracefully = exit_gracefully


def began(process: int) -> float:
    """Return the time at which a process began, in seconds since 1970, as /proc knows it; now if it does not."""
    try:
        ticks = int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return time.time()
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")


def descendants(process: int) -> Iterable[int]:
    """Return the processes below one, as /proc knows them."""
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
    except OSError:
        return
    for task in tasks:
        try:
            children = (task / "children").read_text(encoding="ascii").split()
        except OSError:
            continue
        for child in children:
            yield int(child)
            yield from descendants(int(child))
