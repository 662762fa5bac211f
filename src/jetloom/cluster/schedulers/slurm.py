"""Slurm, asked by its commands: ``scontrol`` for jobs of the last minutes, ``sacct`` for older ones and for memory."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from jetloom.cluster.schedulers.scheduler import SUSPENDED, Facts, QueuedJob, SilentSchedulerError, call
from jetloom.scan.attempts.ledger import Cause

BY_STATE = {
    "TIMEOUT": Cause.OUT_OF_TIME,
    "DEADLINE": Cause.OUT_OF_TIME,
    "OUT_OF_MEMORY": Cause.OUT_OF_MEMORY,
    "PREEMPTED": Cause.PREEMPTED,
    "REVOKED": Cause.PREEMPTED,
    "NODE_FAIL": Cause.NODE_LOST,
    "BOOT_FAIL": Cause.NODE_LOST,
    "CANCELLED": Cause.CANCELLED,
}
ALIVE = {"PENDING", "RUNNING", "CONFIGURING", "COMPLETING", "SUSPENDED", "REQUEUED", "RESIZING", "SIGNALING", "STOPPED"}
STANDS = ("SUSPENDED", "STOPPED")
OVER_MEMORY = re.compile(r"exceeded (job )?memory limit|oom[-_ ]kill|out of memory", re.IGNORECASE)
SLURM_SAYS_MEMORY = re.compile(
    r"^slurmstepd\S*: error: .*(exceeded (job )?memory limit|oom[-_ ]kill)", re.IGNORECASE | re.MULTILINE
)
"""Slurm's own line: proof enough where no accounting tells that a step was killed (the job itself ends with code 1)."""
MISFITS = re.compile(
    r"Partition(Time|Node)Limit|BadConstraints|MaxMemPerLimit|AccountNotAllowed|InvalidAccount|InvalidQOS|QOSNotAllowed"
    r"|DependencyNeverSatisfied"
    r"|(QOS|Assoc)Max\w+PerJob(Limit)?|(QOS|Assoc)MaxWallDurationPerJobLimit|QOSMin\w+"
)
"""Why a job waits that no waiting helps: what it asks for is more than one job may have here (Slurm, Job Reason Codes).
Limits of all jobs of a user or a group, priority, resources and nodes that are away may change by themselves."""
UNKNOWN_JOB = "Invalid job id specified"
FULL = 0.95
"""A job that was killed with this share of its memory in use, or more, is taken to have been killed for it."""


def parse_fields(text: str) -> dict[str, str]:
    """Read one line of ``scontrol -o show job``: words of the form Key=Value, where values may hold blanks."""
    starts = list(re.finditer(r"(?:^|\s)([A-Za-z][A-Za-z0-9/:_]*)=", text))
    ends = [*(match.start() for match in starts[1:]), len(text)][: len(starts)]
    return {match[1]: text[match.end() : end].strip() for match, end in zip(starts, ends, strict=True)}


def megabytes(text: str) -> float:
    """Read a size as Slurm prints it (``424608K``, ``100M``, ``2Gn``); 0 if there is none."""
    match = re.fullmatch(r"([0-9.]+)([KMGT]?)[nc]?", text.strip())
    if not match:
        return 0.0
    return float(match[1]) * {"": 1 / 2**20, "K": 1 / 1024, "M": 1.0, "G": 1024.0, "T": 2.0**20}[match[2]]


def parse_accounting(text: str) -> tuple[str, float, float, bool]:
    """Read ``sacct -P -n -o State,ReqMem,MaxRSS,ExitCode`` of a job with its steps.

    Returns
    -------
    tuple
        State of the job, memory asked and used (MB), and whether the job or a step was killed by signal 9.
    """
    rows = [line.split("|") for line in text.splitlines() if line.count("|") >= 3]
    if not rows:
        return "", 0.0, 0.0, False
    killed = any(row[3].endswith(":9") or row[3] in ("9:0", "137:0") for row in rows)
    return rows[0][0], megabytes(rows[0][1]), max(megabytes(row[2]) for row in rows), killed


class Slurm:
    """Slurm."""

    name = "slurm"

    def facts(self, job: str) -> Facts | None:
        """Say why a job is over."""
        shown = self._shown(job)
        state, asked, used, killed = self._accounted(job)
        state = shown.get("JobState") or state
        if not state:
            return None
        words = " ".join(filter(None, (f"Slurm: {state}", f"({reason})" if (reason := _told(shown)) else "")))
        cause = BY_STATE.get(state.split()[0])
        if not shown and state in ALIVE - {"COMPLETING"}:
            cause, words = Cause.NODE_LOST, f"Slurm has lost the job, {state} in its books"
        log = shown.get("StdOut", "")
        killed = killed or shown.get("ExitCode", "").endswith(":9") or shown.get("ExitCode", "") in ("9:0", "137:0")
        full = killed and (_log_says(OVER_MEMORY, log) or (asked and used >= FULL * asked))
        if cause is None and state.split()[0] not in ALIVE and (full or _log_says(SLURM_SAYS_MEMORY, log)):
            cause, words = Cause.OUT_OF_MEMORY, f"{words}, memory limit exceeded"
        return Facts(cause, words, round(used, 1), shown.get("BatchHost", ""), log)

    def state(self, job: str) -> str:
        """Return the state of one job, alive or over; "" if nobody knows it.

        Raises
        ------
        SilentSchedulerError
            If the controller does not answer and the accounting does not know the job: it may well be in the queue.
        """
        try:
            shown = _ask_controller(job)
        except SilentSchedulerError:
            if state := self._accounted(job)[0]:
                return state
            raise
        if shown:
            return shown["JobState"]
        state = self._accounted(job)[0]
        return "" if state in ALIVE else state  # a controller that was killed may lose a job, which the books never end

    def alive(self, jobs: Iterable[str]) -> dict[str, QueuedJob]:
        """Return those of some jobs that wait or run."""
        wanted = {job: job.split("_")[0] for job in jobs}
        if not wanted:
            return {}
        text = call(["squeue", "--noheader", "--me", "--array", "--format=%i|%T|%r|%N"])
        found = {}
        for line in text.splitlines():
            job, state, reason, host = (*line.strip().split("|"), "", "", "")[:4]
            for name in (job, job.split("_")[0]):
                if name in wanted and state in ALIVE:
                    running = state not in ("PENDING", "REQUEUED", *STANDS)
                    words = SUSPENDED if state in STANDS else "" if running else reason
                    found[name] = QueuedJob(name, running, words, host)
        return found

    def hopeless(self, jobs: Iterable[str]) -> dict[str, str]:
        """Return those of some jobs that wait for a reason that lies in what they ask for."""
        waiting = {name: job.reason for name, job in self.alive(jobs).items() if not job.running}
        return {name: f"Slurm: {reason}" for name, reason in waiting.items() if MISFITS.fullmatch(reason)}

    def remove(self, jobs: Iterable[str]) -> None:
        """Take jobs out of the queue."""
        if named := list(jobs):
            call(["scancel", *named])

    def _shown(self, job: str) -> dict[str, str]:
        try:
            return _ask_controller(job)
        except SilentSchedulerError:  # the accounting may know it
            return {}

    def _accounted(self, job: str) -> tuple[str, float, float, bool]:
        """Ask the accounting, which not every site has."""
        try:
            text = call(["sacct", "-P", "-n", "-j", job, "-o", "State,ReqMem,MaxRSS,ExitCode"], tries=1)
        except SilentSchedulerError:
            return "", 0.0, 0.0, False
        return parse_accounting(text)


def end_before(job: str) -> tuple[Cause, str] | None:
    """Say why Slurm began a job again that had begun before; None if it did not, or nobody says.

    Asked by the job itself, begun again: in the queue nothing tells any more of the first time.
    """
    try:
        text = call(["sacct", "-D", "-X", "-P", "-n", "-j", job, "-o", "State"], tries=1)
    except SilentSchedulerError:
        return None
    states = [line.split()[0] for line in text.splitlines() if line.strip()]
    if len(states) < 2:
        return None
    cause = BY_STATE.get(states[-2], Cause.PREEMPTED)  # otherwise a person, or a site's policy, put it back
    return cause, f"Slurm: {states[-2]}, begun again"


def _ask_controller(job: str) -> dict[str, str]:
    """Return what the controller says of a job; nothing if it has forgotten it."""
    try:
        return parse_fields(call(["scontrol", "--oneliner", "show", "job", job], certain=UNKNOWN_JOB))
    except SilentSchedulerError as error:
        if UNKNOWN_JOB in error.cause:
            return {}
        raise


def _told(shown: dict[str, str]) -> str:
    reason = shown.get("Reason", "")
    return "" if reason in ("None", "(null)") else reason


def _log_says(words: re.Pattern[str], log: str) -> bool:
    """Look for words in a job's output, where Slurm's own daemon too says why it ends it."""
    try:
        with Path(log).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 65536))
            return words.search(file.read().decode(errors="replace")) is not None
    except OSError:
        return False
