"""A failed job: its cause is found, its ledger gets its line, and it is judged."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from jetloom import paths
from jetloom.cluster.attempts import ceilings
from jetloom.cluster.attempts.killed import settle_killed
from jetloom.cluster.attempts.stalls import Stalls
from jetloom.cluster.attempts.verdict import WANTED, Action, Verdict, judge
from jetloom.cluster.attempts.words import REFUSED, cause_of_words, last_words, refusal, verb_error
from jetloom.cluster.schedulers.scheduler import Facts, Place, Scheduler
from jetloom.config.analysis import Analysis
from jetloom.errors import DiskFullError, JetloomError
from jetloom.io.lock import is_held
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.failed import failed_runs, tolerated, write_failed
from jetloom.scan.attempts.ledger import Attempt, Cause

logger = logging.getLogger(__name__)

SETTLES = 20.0
"""Seconds that a queue may take to know that a job is over."""
ENDS = 90.0
"""Seconds that a held job may take to end: those of the profile's max_vacate_time, and some more."""


@dataclass(frozen=True)
class FailedJob:
    """What Snakemake knows of a job that failed."""

    rule: str
    wildcards: Mapping[str, str]
    log: str
    """The log of the verb."""
    outputs: tuple[str, ...] = ()
    job: str = ""
    """The scheduler's id; empty if it was never submitted."""
    words: str = ""
    """What the executor said."""
    memory: int = 0
    minutes: int = 0
    gpus: int = 0

    def is_job(self, job: str) -> bool:
        """Say whether an id in a ledger is this job's. On this machine it is that of some process."""
        return job == self.job if self.job else job.startswith("pid ")


class Resubmission:
    """Judges failed jobs during one run of Snakemake.

    Parameters
    ----------
    analysis : Analysis
        The configuration: limits, and where the ledgers are.
    scheduler : Scheduler or None
        Who is asked for causes; None if jobs run on this machine.
    since : str
        When this run of Snakemake began: a job that leaves its line must not come before it. Now, if it is left out.
    hopeless : mapping of str to str
        Jobs that the driver took out of the queue because they could never run, and why.
    began : float, optional
        When this run began by the clock of the file system, in seconds since 1970: the ages of logs are by the same.
    """

    def __init__(
        self,
        analysis: Analysis,
        scheduler: Scheduler | None,
        since: str = "",
        hopeless: Mapping[str, str] = MappingProxyType({}),
        began: float | None = None,
    ) -> None:
        self.analysis, self.scheduler = analysis, scheduler
        self.since = since or ledger.now()
        self.hopeless = hopeless
        self._judged: dict[Path, float] = {}
        """When a job was judged last, by the clock of the file system: an older log is that of an earlier attempt."""
        self._lines: dict[Path, int] = {}
        """How many lines a ledger had then: they are those of earlier attempts."""
        self._stalls = Stalls()
        self._told: tuple[str, Facts | None] | None = None
        """The job that was asked for last, and the answer."""
        self._began = datetime.fromisoformat(self.since).timestamp() if began is None else began

    def judge(self, failed: FailedJob) -> Verdict:
        """Find the cause of a failure, write the line, and say what to do."""
        path = paths.attempts(self.analysis, failed.rule, failed.wildcards)
        try:
            line = self._line(failed, path)
        except DiskFullError as error:  # attempts that cannot be counted would have no end
            return Verdict(Action.GIVE_UP, f"{Cause.DISK_FULL}: {error.line()}")
        lines = ledger.read(path)
        self._judged[path], self._lines[path] = path.stat().st_mtime, len(lines)
        training = failed.rule == "train"
        ceiling = ceilings.find(failed.rule, failed.wildcards.get("task", ""))
        stalled = self._stalls.after(path.parent, lines[-1]) if training else None
        verdict = judge(lines, self.since, self.analysis.cluster, training, ceiling, stalled)
        return replace(verdict, words=f"{verdict.words}; {line.detail}" if line.detail else verdict.words)

    def judge_begun(self, failed: FailedJob) -> Verdict | None:
        """Judge a training without a result that may have begun in a job that failed; None if it had not."""
        path = paths.attempts(self.analysis, failed.rule, failed.wildcards)
        found = ledger.read_open(path.parent)
        if (found is None or not failed.is_job(found.attempt.job)) and self._own_line(failed, path) is None:
            return None
        return self.judge(failed)

    def let_end(self, jobs: Sequence[FailedJob]) -> None:
        """Wait until no training of a job that failed works any more: each may save a checkpoint, and its line."""
        self._facts(jobs[0])  # a held job is taken out of the queue
        end = time.monotonic() + ENDS
        while any(self._works(failed) for failed in jobs) and time.monotonic() < end:
            time.sleep(0.2)

    def becomes_row(self, failed: FailedJob, reason: str, identity: str) -> bool:
        """Make a training that is given up a row of its scan, if the tolerance has room for it."""
        if reason.startswith(WANTED):
            return False
        task = failed.wildcards["task"]
        if len(failed_runs(self.analysis, task)) >= tolerated(self.analysis, task):
            return False
        try:
            write_failed(self.analysis, task, failed.wildcards["point"], failed.wildcards["run"], reason, identity)
        except DiskFullError as error:
            logger.warning("%s", error.line())
            return False
        return True

    @staticmethod
    def _works(failed: FailedJob) -> bool:
        """Say whether a process of a failed job still trains."""
        directory = Path(failed.outputs[0]).parent
        found = ledger.read_open(directory)
        return found is not None and failed.is_job(found.attempt.job) and is_held(directory)

    def done_before(self, failed: FailedJob) -> str:
        """Say what befell a job after its results were complete, and have it leave the queue if it is held."""
        facts = self._facts(failed)
        return f"done; after that: {facts.words if facts else 'it failed'}"

    def _line(self, failed: FailedJob, path: Path) -> Attempt:
        """Return the ledger's line of the failure: the job's own if it left one, or a new one."""
        facts = self._facts(failed)
        found = ledger.read_open(path.parent) if failed.rule == "train" else None
        if found is not None and not is_held(path.parent) and failed.is_job(found.attempt.job):
            settled = settle_killed(path.parent, found, facts, self._said(failed, path))
            if settled is not None:
                return settled
        own = self._own_line(failed, path)
        if own is not None:
            return own
        cause, detail = self._cause_without_line(failed, facts)
        line = Attempt(
            attempt=len(ledger.read(path)) + 1,
            cause=cause,
            detail=detail,
            memory_asked_mb=failed.memory,
            minutes_asked=failed.minutes,
            gpus_asked=failed.gpus,
            memory_used_mb=facts.memory_used_mb if facts else 0.0,
            host=facts.host if facts else "",
            job=failed.job,
            ended=ledger.now(),
            drive=self.since,
        )
        ledger.append(path, line)
        return line

    def _facts(self, failed: FailedJob) -> Facts | None:
        if self.scheduler is None or not failed.job:
            return None
        if self._told and self._told[0] == failed.job:
            # Of a group: a held job is removed below, and the next member must not hear that a person removed it.
            return self._told[1]
        try:
            facts = self._settled(self.scheduler, failed.job)
        except JetloomError as error:
            logger.warning("the scheduler does not say why job %s failed: %s", failed.job, error.line())
            return None
        self._told = failed.job, facts
        if facts is not None and facts.place != Place.GONE:
            # Snakemake's plugin forgets a held job; in the queue it would wait for ever, or run one day.
            try:
                self.scheduler.remove([failed.job])
            except JetloomError as error:
                logger.warning("job %s is left in the queue, remove it: %s", failed.job, error.line())
        return facts

    @staticmethod
    def _settled(scheduler: Scheduler, job: str) -> Facts | None:
        """Ask until the queue knows what the job's event log said before it: HTCondor writes of a hold first."""
        end = time.monotonic() + SETTLES
        while (facts := scheduler.facts(job)) is not None and facts.place == Place.ALIVE and time.monotonic() < end:
            time.sleep(1)
        return facts

    def _own_line(self, failed: FailedJob, path: Path) -> Attempt | None:
        """Return the line that the job itself left, if it did."""
        lines = [line for line in ledger.read(path)[self._lines.get(path, 0) :] if failed.is_job(line.job)]
        if failed.rule != "train" or not lines or not lines[-1].is_of(self.since):
            return None
        return None if lines[-1].cause in (Cause.DONE, Cause.DIVERGED) else lines[-1]

    def _said(self, failed: FailedJob, path: Path) -> str:
        """Return the error that the verb left in its log in this attempt."""
        return verb_error(failed.log, self._judged.get(path, self._began))

    def _cause_without_line(self, failed: FailedJob, facts: Facts | None) -> tuple[Cause, str]:
        """Return the cause of a failure of which the job itself left no line."""
        if not failed.job and REFUSED.search(failed.words):
            before = ledger.read(paths.attempts(self.analysis, failed.rule, failed.wildcards))
            return refusal(failed.words, [line for line in before if line.is_of(self.since)])
        if reason := self.hopeless.get(failed.job):
            return Cause.CONFIGURATION, f"{reason}: it would have waited for ever"
        if facts is not None and facts.cause is not None:
            return facts.cause, facts.words
        if said := self._said(failed, paths.attempts(self.analysis, failed.rule, failed.wildcards)):
            return cause_of_words(said), said
        told = filter(None, (facts.words, last_words(facts.log))) if facts else ()
        return Cause.BUG, "; ".join(told) or "the job ended before its verb said why"
