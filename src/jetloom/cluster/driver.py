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
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jetloom.cluster import plugins
from jetloom.cluster.registry import find_scheduler
from jetloom.cluster.resubmission import FailedJob, Resubmission
from jetloom.cluster.verdict import Action, Verdict
from jetloom.config.analysis import Analysis
from jetloom.scan import ledger

logger = logging.getLogger("snakemake")

SINCE = "JETLOOM_DRIVE"
"""Environment variable that tells jobs when the run of Snakemake began that they belong to."""


def attach(workflow: Any, analysis: Analysis) -> None:
    """Wrap what jetloom knows better. Called once, when the Snakefile is read.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow under way.
    analysis : Analysis
        Its configuration.
    """
    from snakemake_interface_executor_plugins.settings import ExecMode

    if workflow.exec_mode == ExecMode.DEFAULT:
        os.environ[SINCE] = ledger.now()
        _judge_failures(analysis)
        plugins.understand_slurm()
        plugins.be_patient_with_condor()
    elif workflow.exec_mode == ExecMode.REMOTE:
        _pass_signals_on()


def _judge_failures(analysis: Analysis) -> None:
    """Let each failure of a job be judged before Snakemake counts it."""
    from snakemake_interface_executor_plugins.executors.base import AbstractExecutor

    original = getattr(AbstractExecutor.report_job_error, "original", AbstractExecutor.report_job_error)
    judges: dict[str, Resubmission] = {}
    one_at_a_time = threading.Lock()

    def report_job_error(self: Any, job_info: Any, msg: str | None = None, **kwargs: Any) -> None:
        executor = self.workflow.executor_plugin.name
        with one_at_a_time:
            judge = judges.setdefault(executor, Resubmission(analysis, find_scheduler(executor)))
            verdict, rows = _judge(judge, job_info, msg or "")
        job = job_info.job
        if rows:
            logger.error(f"jetloom: {_named(job)} failed, a row of the scan without a model: {verdict.words}")
            self.report_job_success(job_info)
            return
        # Snakemake counts attempts of any cause together; jetloom counts them by cause, so it takes the count back,
        # or uses it up.
        job.attempt = job.attempt - 1 if verdict.action == Action.RETRY else job.restart_times + 1
        words = f"{(msg or '').rstrip()}\njetloom: {verdict.words}".strip()
        if verdict.pause:
            threading.Timer(verdict.pause, original, (self, job_info, words), kwargs).start()
        else:
            original(self, job_info, words, **kwargs)

    report_job_error.original = original  # type: ignore[attr-defined]
    AbstractExecutor.report_job_error = report_job_error


def _judge(judge: Resubmission, job_info: Any, msg: str) -> tuple[Verdict, bool]:
    """Judge a job or a group; say also whether it became a row (all of it that is not done)."""
    job = job_info.job
    external = "" if job_info.external_jobid is None else str(job_info.external_jobid)
    members = [_failed_job(member, external, msg) for member in (job.jobs if job.is_group() else [job])]
    if job.is_group():
        verdicts = [judge.judge_member(member) for member in members]
        worst = max((v for v in verdicts if v), key=lambda v: (v.action == Action.GIVE_UP, v.pause), default=None)
        return worst or Verdict(Action.RETRY, "the job ended before its members were done"), False
    verdict = judge.judge(members[0])
    if verdict.action == Action.RETRY or not judge.becomes_row(members[0], verdict.words):
        return verdict, False
    if job.benchmark:
        Path(job.benchmark).parent.mkdir(parents=True, exist_ok=True)
        Path(job.benchmark).touch()  # Snakemake asks for it
    return verdict, True


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
    checkpoint.
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


def descendants(process: int) -> Iterable[int]:
    """Give the processes below one, as /proc knows them."""
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
