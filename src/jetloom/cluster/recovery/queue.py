"""What of an analysis still waits in a queue or runs: from Snakemake's markers, from open attempts, from processes."""

from __future__ import annotations

import json
import os
import socket
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from jetloom import paths
from jetloom.cluster.schedulers.scheduler import QueuedJob, Scheduler
from jetloom.config.analysis import Analysis
from jetloom.errors import ConfigurationError
from jetloom.io.lock import is_held
from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.ledger import OpenAttempt
from jetloom.scan.bundles.manifest import lacking
from jetloom.scan.bundles.membership import members
from jetloom.scan.result_file import RESULT

INCOMPLETE = Path(".snakemake") / "incomplete"
WORK = {"simulate", "ntuple", "hdf5", "trees", "dataset", "collect", "deploy", "evaluate", "plot_inputs", "plot_scan"}
"""The verbs that write results, besides the training, which has a lock and a ledger."""
NEVER_FITS = "it can never run as it is asked for"
NEVER = (NEVER_FITS, "held", "JobHeld", "DependencyNeverSatisfied", "PartitionDown", "launch failed requeued held")
"""How the reason begins why a job waits that will not run by itself."""


@dataclass(frozen=True)
class Survey:
    """The jobs that are alive, by the file that each makes."""

    trainings: dict[str, QueuedJob] = field(default_factory=dict)
    """By ``result.json``: those that run, and those without a result whose bundle's job waits or runs."""
    bundles: dict[str, QueuedJob] = field(default_factory=dict)
    """By manifest: the jobs of whole bundles."""
    others: dict[str, QueuedJob] = field(default_factory=dict)

    def jobs(self) -> dict[str, QueuedJob]:
        """Return the jobs by their ids; several trainings may share one."""
        return {job.job: job for job in (*self.trainings.values(), *self.bundles.values(), *self.others.values())}

    def told(self, hopeless: Mapping[str, str]) -> Survey:
        """Return the same with what the scheduler says of jobs that can never run, in the place of why they wait."""

        def each(jobs: dict[str, QueuedJob]) -> dict[str, QueuedJob]:
            words = {job: f"{NEVER_FITS} ({reason})" for job, reason in hopeless.items()}
            return {name: replace(job, reason=words.get(job.job, job.reason)) for name, job in jobs.items()}

        return Survey(each(self.trainings), each(self.bundles), each(self.others))

    def stuck(self) -> dict[str, QueuedJob]:
        """Return the jobs that wait and will not run unless somebody does something about them."""
        return {name: job for name, job in self.jobs().items() if not job.running and job.reason.startswith(NEVER)}


def survey(analysis: Analysis, scheduler: Scheduler | None) -> Survey:
    """Find what is alive, with one question to the scheduler.

    Parameters
    ----------
    analysis : Analysis
        The analysis, in the working directory.
    scheduler : Scheduler or None
        The batch system; None if jobs run on this machine.

    Raises
    ------
    SilentSchedulerError
        If the batch system does not answer.
    """
    root = f"{paths.results(analysis)}/"
    marked = {output: job for output, job in markers().items() if output.startswith(root)}
    opened = open_attempts(analysis)
    found = Survey()
    alive: dict[str, QueuedJob] = {}
    if scheduler is not None:
        submitted = {entry.attempt.job for entry in opened.values() if not entry.attempt.job.startswith("pid ")}
        alive = scheduler.alive(sorted(submitted | {job for job in marked.values() if job}))
    else:
        found.bundles.update(_local_bundles(analysis))
    for output, job in marked.items():
        if job in alive:
            (found.bundles if "/bundles/" in output else found.others)[output] = alive[job]
    for directory, entry in opened.items():
        output, attempt = f"{directory}/{RESULT}", entry.attempt
        if attempt.job in alive:
            found.trainings[output] = alive[attempt.job]
        elif is_held(directory):
            found.trainings[output] = QueuedJob(attempt.job, True, "", attempt.host)
    _add_members(analysis, found)
    if scheduler is None:
        found.others.update(_processes(root))
    return found


def _add_members(analysis: Analysis, found: Survey) -> None:
    """Add the trainings of bundles that wait, or wait within a job that runs: those without a result."""
    for manifest, job in found.bundles.items():
        task, bundle = Path(manifest).parents[1].name, Path(manifest).stem
        try:
            every = members(analysis, task, bundle)
        except ConfigurationError:  # the scan has it no more
            continue
        waits = replace(job, running=False, reason="its bundle runs") if job.running and len(every) > 1 else job
        for training in lacking(analysis, task, every):
            found.trainings.setdefault(str(paths.training(analysis, task, *training) / RESULT), waits)


def _local_bundles(analysis: Analysis) -> Iterator[tuple[str, QueuedJob]]:
    """Return the jobs of bundles that run as processes of this host in the working directory, by manifest."""
    found = {process: words for process, words in _verbs() if words[0] == "train_bundle"}
    for process, words in found.items():
        given = dict(pairwise(words))
        task, bundle = given.get("--task", ""), given.get("--bundle", "")
        if found.get(_parent(process)) != words and f"{paths.results(analysis)}/" in given.get("--config", ""):
            yield (
                str(paths.manifest(analysis, task, bundle)),
                QueuedJob(f"pid {process}", True, "", socket.gethostname()),
            )


def _parent(process: int) -> int:
    """Return the process that made another one; 0 if it is gone."""
    try:
        return int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def markers(directory: Path = INCOMPLETE) -> dict[str, str]:
    """Read Snakemake's markers of unfinished jobs: output -> the scheduler's id of the job, "" if it has none.

    A marker's name is the output's path, base64; a long one is cut in pieces, all but the last one directories.
    """
    found = {}
    for place, _, names in os.walk(directory):
        parts = [part.removeprefix("@") for part in Path(place).relative_to(directory).parts]
        for name in names:
            try:
                output = urlsafe_b64decode("".join(parts) + name).decode()
                content = json.loads(Path(place, name).read_text(encoding="utf-8"))
                found[output] = str(content.get("external_jobid") or "")
            except (OSError, ValueError, AttributeError):  # being written, or not a marker
                continue
    return found


def open_attempts(analysis: Analysis) -> dict[Path, OpenAttempt]:
    """Return the trainings that run, or ended without closing their line in the ledger, by directory."""
    found = {}
    for path in paths.results(analysis).glob(f"scans/*/*/*/{ledger.OPEN}"):
        if (entry := ledger.read_open(path.parent)) is not None:
            found[path.parent] = entry
    return found


def process_of(job: QueuedJob) -> int | None:
    """Return the process of a job that has no scheduler, if it is a training of jetloom on this host."""
    if not job.job.startswith("pid ") or job.host not in ("", socket.gethostname()):
        return None
    process = int(job.job.removeprefix("pid "))
    return process if _verb(process) else None


def with_hopeless(found: Survey, scheduler: Scheduler | None) -> Survey:
    """Return a survey that says which jobs wait for what will never come; asks the scheduler if any waits.

    Raises
    ------
    SilentSchedulerError
        If the batch system does not answer.
    """
    waiting = [name for name, job in found.jobs().items() if not job.running]
    return found.told(scheduler.hopeless(waiting)) if scheduler is not None and waiting else found


def by_directory(found: Survey) -> Mapping[Path, QueuedJob]:
    """Return the trainings of a survey by their directories."""
    return {Path(output).parent: job for output, job in found.trainings.items()}


def _processes(root: str) -> Iterator[tuple[str, QueuedJob]]:
    """Return the verbs, besides trainings, that write results below a directory as processes of this host."""
    for process, words in _verbs():
        if words[0] in WORK and any(word.startswith(root) for word in words):
            yield f"jetloom {words[0]} (pid {process})", QueuedJob(f"pid {process}", True, "", socket.gethostname())


def _verbs() -> Iterator[tuple[int, list[str]]]:
    """Return the verbs, with their options, that are processes of this host in the working directory."""
    here = str(Path.cwd())
    for entry in Path("/proc").glob("[0-9]*"):
        words = _verb(int(entry.name))
        try:
            if words and str((entry / "cwd").readlink()) == here:
                yield int(entry.name), words
        except OSError:
            continue


def _verb(process: int) -> list[str]:
    """Return the verb and the options of a process that is jetloom's; an empty list for others."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []
    return next((words[i + 1 :] for i, word in enumerate(words[:3]) if Path(word).name == "jetloom"), [])
