"""A failed job: its cause is found, its ledger gets its line, and it is judged."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from jetloom import paths
from jetloom.cluster.scheduler import Facts, Scheduler
from jetloom.cluster.verdict import Action, Verdict, judge
from jetloom.config.analysis import Analysis
from jetloom.errors import JetloomError
from jetloom.io.lock import is_held
from jetloom.scan import ledger
from jetloom.scan.failed import failed_runs, tolerated, write_failed
from jetloom.scan.ledger import Attempt, Cause

logger = logging.getLogger(__name__)

REFUSED = re.compile(r"sbatch failed|submission failed|Failed to submit", re.IGNORECASE)
NEVER_TAKEN = re.compile(
    r"invalid (partition|account|qos|feature|generic resource|gres|wckey|license|time limit)"
    r"|requested node configuration is not available|memory specification can not be satisfied"
    r"|unable to parse|parse error|unrecognized option|invalid option",
    re.IGNORECASE,
)
"""What Slurm's ``sbatch`` and HTCondor's submission say of a request that no waiting makes acceptable."""
VERB_ERROR = re.compile(r"^jetloom \w+: error: (.*)$")


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


class Resubmission:
    """Judges failed jobs during one run of Snakemake.

    Parameters
    ----------
    analysis : Analysis
        The configuration: limits, and where the ledgers are.
    scheduler : Scheduler or None
        Who is asked for causes; None if jobs run on this machine.
    """

    def __init__(self, analysis: Analysis, scheduler: Scheduler | None) -> None:
        self.analysis, self.scheduler = analysis, scheduler
        self.since = ledger.now()
        self._judged: dict[Path, float] = {}
        """When a job was judged last, in seconds since 1970: an older log is that of an earlier attempt."""
        self._began = time.time()

    def judge(self, failed: FailedJob) -> Verdict:
        """Find the cause of a failure, write the line, and say what to do."""
        path = paths.attempts(self.analysis, failed.rule, failed.wildcards)
        line = self._line(failed, path)
        self._judged[path] = time.time()
        verdict = judge(ledger.read(path), self.since, self.analysis.cluster, failed.rule == "train")
        return replace(verdict, words=f"{verdict.words}; {line.detail}" if line.detail else verdict.words)

    def judge_member(self, failed: FailedJob) -> Verdict | None:
        """Judge a member of a group that failed as a whole; None for one that is done, or that had not begun."""
        if failed.outputs and all(Path(output).is_file() for output in failed.outputs):
            return None
        path = paths.attempts(self.analysis, failed.rule, failed.wildcards)
        found = ledger.read_open(path.parent)
        if (found is None or found.attempt.job != failed.job) and self._own_line(failed, path) is None:
            return None
        verdict = self.judge(failed)
        # What is given up becomes a row when the group runs again: the verb sees the same ledger, and says so.
        room = len(failed_runs(self.analysis, failed.wildcards["task"])) < tolerated(
            self.analysis, failed.wildcards["task"]
        )
        if verdict.action == Action.GIVE_UP and room and not verdict.words.startswith(Cause.CANCELLED):
            return replace(verdict, action=Action.RETRY)
        return verdict

    def becomes_row(self, failed: FailedJob, reason: str) -> bool:
        """Make a training that is given up a row of its scan, if the tolerance has room for it."""
        if failed.rule != "train" or reason.startswith(Cause.CANCELLED):
            return False
        task = failed.wildcards["task"]
        if len(failed_runs(self.analysis, task)) >= tolerated(self.analysis, task):
            return False
        write_failed(self.analysis, task, failed.wildcards["point"], failed.wildcards["run"], reason)
        return True

    def _line(self, failed: FailedJob, path: Path) -> Attempt:
        """Give the ledger's line of the failure: the job's own if it left one, or a new one."""
        facts = self._facts(failed)
        found = ledger.read_open(path.parent) if failed.rule == "train" else None
        if found is not None and not is_held(path.parent) and failed.job in ("", found.attempt.job):
            cause, words = self._cause_of_killed(found.signal, facts)
            detail = "; ".join(filter(None, (found.attempt.detail, words)))
            known = {"memory_used_mb": max(found.attempt.memory_used_mb, facts.memory_used_mb)} if facts else {}
            settled = ledger.settle(path.parent, cause, detail, **known)
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
        )
        ledger.append(path, line)
        return line

    def _facts(self, failed: FailedJob) -> Facts | None:
        if self.scheduler is None or not failed.job:
            return None
        try:
            facts = self.scheduler.facts(failed.job)
            if facts is not None and "held" in facts.words:
                # Snakemake's plugin forgets a held job; in the queue it would wait for ever, or run one day.
                self.scheduler.remove([failed.job])
        except JetloomError as error:
            logger.warning("the scheduler does not say why job %s failed: %s", failed.job, error.line())
            return None
        return facts

    def _own_line(self, failed: FailedJob, path: Path) -> Attempt | None:
        """Give the line that the job itself left, if it did."""
        lines = ledger.read(path)
        if failed.rule != "train" or not lines or lines[-1].ended < self.since:
            return None
        same = lines[-1].job == failed.job or (not failed.job and lines[-1].job.startswith("pid "))
        return lines[-1] if same and lines[-1].cause not in (Cause.DONE, Cause.DIVERGED) else None

    def _cause_of_killed(self, signal: str, facts: Facts | None) -> tuple[Cause, str]:
        """Give the cause of an end by a signal: the scheduler sent it, or let somebody else."""
        words = facts.words if facts else ""
        if facts is not None and facts.cause is not None:
            return facts.cause, words
        if signal:
            return Cause.PREEMPTED, words or f"told to stop by {signal}"
        return Cause.BUG, words or "killed, nobody says by whom"

    def _cause_without_line(self, failed: FailedJob, facts: Facts | None) -> tuple[Cause, str]:
        """Give the cause of a failure of which the job itself left no line."""
        if not failed.job and REFUSED.search(failed.words):
            words = " ".join(failed.words.split())[:300]
            return (Cause.CONFIGURATION if NEVER_TAKEN.search(words) else Cause.REFUSED), words
        if facts is not None and facts.cause is not None:
            return facts.cause, facts.words
        path = paths.attempts(self.analysis, failed.rule, failed.wildcards)
        if said := _verb_error(failed.log, self._judged.get(path, self._began)):
            return _cause_of_words(said), said
        return Cause.BUG, (facts.words if facts else "") or "the job ended before its verb said why"


def _verb_error(log: str, since: float) -> str:
    """Give the error that a verb left in its log, unless the log is older than the attempt."""
    path = Path(log)
    try:
        if not log or path.stat().st_mtime < since:
            return ""
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    match = VERB_ERROR.match(lines[-1]) if lines else None
    return match[1] if match else ""


def _cause_of_words(said: str) -> Cause:
    """Tell by a verb's own words whether another attempt can help."""
    if "memory ran out" in said:
        return Cause.OUT_OF_MEMORY
    if "cannot be written" in said:
        return Cause.DISK_FULL
    return Cause.BAD_INPUT


def given_up(analysis: Analysis, task: str, point: str, run: str, since: str) -> str:
    """Say whether a training has used up its attempts in this run of Snakemake, and why; "" if it has not.

    A group of trainings is submitted again as a whole; the one that was given up then becomes a row at once.
    """
    attempts = ledger.read(paths.scan(analysis, task) / point / run / ledger.LEDGER)
    if not attempts or attempts[-1].cause in (Cause.DONE, Cause.DIVERGED, "") or attempts[-1].ended < since:
        return ""
    verdict = judge(attempts, since, analysis.cluster, resumable=True)
    return verdict.words if verdict.action == Action.GIVE_UP else ""
