"""HTCondor, asked by its commands: ``condor_q`` for jobs in the queue, ``condor_history`` for those that left it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from jetloom.cluster.schedulers.schedds import by_schedd, named
from jetloom.cluster.schedulers.scheduler import SUSPENDED as STANDS
from jetloom.cluster.schedulers.scheduler import Facts, Place, QueuedJob, SilentSchedulerError, call
from jetloom.scan.attempts.ledger import Cause

IDLE, RUNNING, REMOVED, COMPLETED, HELD, TRANSFERRING, SUSPENDED = 1, 2, 3, 4, 5, 6, 7
ATTRIBUTES = (
    "ClusterId,JobStatus,HoldReason,HoldReasonCode,HoldReasonSubCode,RemoveReason,ExitBySignal,ExitSignal,ExitCode,"
    "ResidentSetSize_RAW,ResidentSetSize,RequestMemory,RemoteHost,LastRemoteHost,Err"
)
STARTD_HELD, OUT_OF_RESOURCES = 21, 34
RESOURCES = {102: Cause.OUT_OF_MEMORY, 104: Cause.DISK_FULL}
"""The subcodes of hold reasons 21 (a machine's policy, as HOLD_IF_MEMORY_EXCEEDED) and 34 (the starter)."""
HOLD_CAUSES = {
    1: Cause.CANCELLED,  # held by a person
    6: Cause.NODE_LOST,  # the starter could not run the job
    34: Cause.OUT_OF_MEMORY,  # memory usage exceeded a memory limit; subcode 0 where it is the kernel that noticed
    46: Cause.OUT_OF_TIME,  # allowed_job_duration
    47: Cause.OUT_OF_TIME,  # allowed_execute_duration
}
"""HTCondor's manual, Job ClassAd Attributes, HoldReasonCode."""
WORDS = {
    "memory": Cause.OUT_OF_MEMORY,
    "disk": Cause.DISK_FULL,
    "no space left": Cause.DISK_FULL,
    "quota": Cause.DISK_FULL,
    "duration": Cause.OUT_OF_TIME,
    "wall time": Cause.OUT_OF_TIME,
    "walltime": Cause.OUT_OF_TIME,
    "runtime": Cause.OUT_OF_TIME,
    "running for more than": Cause.OUT_OF_TIME,
    "time()": Cause.OUT_OF_TIME,
    "jobcurrentstartdate": Cause.OUT_OF_TIME,
    "remotewallclocktime": Cause.OUT_OF_TIME,
}
"""What a site's own policy says when it holds or removes a job."""
PATH = re.compile(r"(?<![\w)])/[\w.][^\s'\",]*")
"""A file's name in such words says nothing of the cause. (A division is none: something stands before it.)"""
POLICY = re.compile(r"periodic_?remove", re.IGNORECASE)
"""A rule removed the job, not a person."""
FULL = 0.95


def classify(job: dict[str, Any]) -> Facts:
    """Say why a job is over, from its description."""
    used = _number(job, "ResidentSetSize_RAW") or _number(job, "ResidentSetSize")
    used, asked = used / 1024, _number(job, "RequestMemory")
    full = bool(asked) and used >= FULL * asked
    status, cause, words, place = job.get("JobStatus"), None, "HTCondor: over", Place.GONE
    if status == HELD:
        place = Place.HELD
        words = f"HTCondor: held ({job.get('HoldReason', 'no reason given')})"
        cause = _of_hold(job, full)
    elif status == REMOVED:
        reason = str(job.get("RemoveReason", ""))
        words = f"HTCondor: removed ({reason or 'no reason given'})"
        cause = Cause.CANCELLED if "condor_rm" in reason else _of_words(reason, full)
        if cause is None and not POLICY.search(reason):
            cause = Cause.CANCELLED
    elif status != COMPLETED:
        # The signal of an eviction stays in the description while the job waits or runs again.
        words, place = "HTCondor: still in the queue", Place.ALIVE
    elif job.get("ExitBySignal"):
        words = f"HTCondor: ended by signal {job.get('ExitSignal')}"
        if job.get("ExitSignal") == 9 and full:
            cause = Cause.OUT_OF_MEMORY
    elif "ExitCode" in job:
        words = f"HTCondor: exit code {job['ExitCode']}"
    host = str(job.get("RemoteHost") or job.get("LastRemoteHost") or "").split("@")[-1]
    return Facts(cause, " ".join(words.split()), round(used, 1), host, str(job.get("Err", "")), place)


def _of_hold(job: dict[str, Any], full: bool) -> Cause | None:
    code, reason = job.get("HoldReasonCode"), str(job.get("HoldReason", ""))
    if code in (STARTD_HELD, OUT_OF_RESOURCES) and (cause := RESOURCES.get(int(job.get("HoldReasonSubCode", 0)))):
        return cause
    known = HOLD_CAUSES.get(int(code)) if code is not None else None
    return known or _of_words(reason, full)


def _of_words(reason: str, full: bool) -> Cause | None:
    """Tell by the words of a rule. One rule may name memory and time: then the memory that was in use decides."""
    told = PATH.sub("", reason).lower()
    named = list(dict.fromkeys(cause for words, cause in WORDS.items() if words in told))
    if len(named) > 1 and Cause.OUT_OF_MEMORY in named and not full:
        named.remove(Cause.OUT_OF_MEMORY)
    return named[0] if named else None


def _number(job: dict[str, Any], name: str) -> float:
    """Return an attribute as a number; 0 if it is an expression that HTCondor has not evaluated, or absent."""
    value = job.get(name, 0)
    return float(value) if isinstance(value, int | float) else 0.0


@dataclass(frozen=True)
class Slot:
    """A slot that jobs may be carved from, or that takes one."""

    cpus: int
    memory: int
    gpus: int


def read_slots(constraint: str = 'SlotType =!= "Dynamic"') -> list[Slot]:
    """Ask the collector for the slots of the pool.

    Raises
    ------
    SilentSchedulerError
        If it does not answer.
    """
    words = ["condor_status", "-constraint", constraint, "-af", "TotalSlotCpus", "TotalSlotMemory", "TotalSlotGPUs"]
    return parse_slots(call(words, tries=1))


def parse_slots(text: str) -> list[Slot]:
    """Read ``condor_status -af TotalSlotCpus TotalSlotMemory TotalSlotGPUs``."""
    rows = [line.split() for line in text.splitlines()]
    return [Slot(*(int(float(word)) if word[0].isdigit() else 0 for word in row)) for row in rows if len(row) == 3]


def _entries(text: str) -> list[dict[str, Any]]:
    """Read what ``condor_q -json`` prints, which is nothing where there is no job."""
    try:
        found: list[dict[str, Any]] = json.loads(text or "[]")
    except ValueError:
        raise SilentSchedulerError("its answer is not JSON", where="condor_q") from None
    return found


def _has_slot(constraint: str = "true") -> bool:
    """Say whether the pool has a slot, of those that are not cut from others; a big pool is not listed for this."""
    words = ["-constraint", f'SlotType =!= "Dynamic" && {constraint}', "-limit", "1", "-af", "Name"]
    return bool(call(["condor_status", *words], tries=1).strip())


def _misfit(memory: float, cpus: float, gpus: float) -> str:
    """Say what no slot of the pool has; "" if one has it all, or none is shown, as there may be some later."""
    wanted = f"TotalSlotMemory >= {memory:.0f} && TotalSlotCpus >= {cpus:.0f}"
    if _has_slot(f"{wanted} && TotalSlotGPUs >= {gpus:.0f}" if gpus else wanted) or not _has_slot():
        return ""
    asked = [f"{memory:.0f} MB", f"{cpus:.0f} CPUs", *([f"{gpus:.0f} GPUs"] if gpus else [])]
    return f"HTCondor: no slot of the pool has {' and '.join(asked)}"


class Condor:
    """HTCondor."""

    name = "htcondor"

    def facts(self, job: str) -> Facts | None:
        """Say why a job is over. A held job counts as over: Snakemake's plugin gives it up."""
        where = named(next(iter(by_schedd([job]))))
        found = self._asked(["condor_q", *where, job, "-json", "-attributes", ATTRIBUTES])
        if not found or found[0].get("JobStatus") in (IDLE, RUNNING, TRANSFERRING):
            over = ["condor_history", *where, job, "-json", "-limit", "1", "-attributes", ATTRIBUTES]
            found = self._asked(over) or found
        return classify(found[0]) if found else None

    def alive(self, jobs: Iterable[str]) -> dict[str, QueuedJob]:
        """Return those of some jobs that wait, run or are held."""
        found = {}
        for entry in self._queued(jobs, ATTRIBUTES):
            job, status = str(entry["ClusterId"]), entry.get("JobStatus")
            if status in (IDLE, RUNNING, HELD, TRANSFERRING, SUSPENDED):
                reasons = {HELD: f"held: {entry.get('HoldReason', '')}", IDLE: "idle", SUSPENDED: STANDS}
                host = str(entry.get("RemoteHost", "")).split("@")[-1]
                found[job] = QueuedJob(job, status in (RUNNING, TRANSFERRING), reasons.get(status, ""), host)
        return found

    def hopeless(self, jobs: Iterable[str]) -> dict[str, str]:
        """Return those of some jobs that wait although no slot of the pool is large enough.

        A pool that shows no slots now may get some.
        """
        entries = self._queued(jobs, "ClusterId,JobStatus,RequestMemory,RequestCpus,RequestGPUs")
        idle = [entry for entry in entries if entry.get("JobStatus") == IDLE]
        asked = {
            str(entry["ClusterId"]): tuple(_number(entry, f"Request{name}") for name in ("Memory", "Cpus", "GPUs"))
            for entry in idle
        }
        misfits = {each: _misfit(*each) for each in set(asked.values())}
        return {job: misfits[each] for job, each in asked.items() if misfits[each]}

    def remove(self, jobs: Iterable[str]) -> None:
        """Take jobs out of the queue."""
        for schedd, here in by_schedd(jobs).items():
            call(["condor_rm", *named(schedd), *here])

    @staticmethod
    def _queued(jobs: Iterable[str], attributes: str) -> Iterator[dict[str, Any]]:
        """Return the descriptions of those of some jobs that are in their queues, with one question to each queue."""
        for schedd, here in by_schedd(jobs).items():
            wanted = set(here)
            text = call(["condor_q", *named(schedd), "-json", "-attributes", attributes])
            yield from (entry for entry in _entries(text) if str(entry["ClusterId"]) in wanted)

    def _asked(self, command: list[str]) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = json.loads(call(command) or "[]")
        except (SilentSchedulerError, ValueError):
            return []
        return found
