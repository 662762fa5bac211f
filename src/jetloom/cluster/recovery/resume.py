"""``jetloom resume``: goes on with an analysis after its driver, its machine or its jobs were ended."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from jetloom import paths
from jetloom.cluster.driving import driver_lock
from jetloom.cluster.driving.ending import TOLD_TO_END
from jetloom.cluster.profiles.profile import executor_of, read_profile
from jetloom.cluster.recovery import leftovers
from jetloom.cluster.recovery.child import snakemake
from jetloom.cluster.recovery.queue import Survey, open_attempts, process_of, survey, with_hopeless
from jetloom.cluster.recovery.request import Request, given, seconds
from jetloom.cluster.schedulers.registry import find_scheduler
from jetloom.cluster.schedulers.scheduler import QueuedJob, Scheduler, SilentSchedulerError
from jetloom.config.analysis import Analysis
from jetloom.errors import ConfigurationError
from jetloom.scan.attempts.failed import failed_runs
from jetloom.scan.bundles.manifest import lacking
from jetloom.scan.bundles.membership import scan_bundles
from jetloom.scan.result_file import RESULT

logger = logging.getLogger(__name__)

AT_LEAST = 2.0
"""Seconds between two looks at the queue, at least."""
LISTED = 10
NAME = "jetloom resume"


class Resume:
    """Goes on with one analysis.

    Parameters
    ----------
    analysis : Analysis
        The analysis, in the working directory.
    request : Request
        What is asked for.
    scheduler : Scheduler or None
        The batch system; None if jobs run on this machine.
    pause : float
        Seconds between two looks at the queue.
    run : callable
        Runs Snakemake with some options and the open file of the driver's lock; gives its exit code.
    begun : callable
        Is called when this process has become the driver.
    """

    def __init__(
        self,
        analysis: Analysis,
        request: Request,
        scheduler: Scheduler | None,
        pause: float = 10.0,
        run: Callable[[list[str], int | None], int] = snakemake,
        begun: Callable[[], None] = lambda: None,
    ) -> None:
        self.analysis, self.request, self.scheduler = analysis, request, scheduler
        self.pause, self.snakemake, self.begun = max(AT_LEAST, pause), run, begun

    def go_on(self) -> int:
        """Do it all; give the exit code of the last run of Snakemake.

        Raises
        ------
        BusyError
            If a driver of the analysis lives.
        SilentSchedulerError
            If the batch system does not say what runs.
        """
        if (holder := driver_lock.find_holder(self.analysis.analysis)) is not None:
            raise driver_lock.busy(self.analysis.analysis, holder)
        if self.request.dry:
            logger.info("nothing is changed, this is what would be done:")
        alone = driver_lock.held(self.analysis.analysis, NAME)
        with nullcontext() if self.request.dry else alone:
            self.begun()
            return self._go_on()

    def _go_on(self) -> int:
        found = self._prepare()
        if found.trainings:
            busy = self._busy(found)
            if self._others_wait(busy):
                logger.info("first pass of Snakemake, without the %d trainings that go on", len(found.trainings))
                if code := self._run(busy):
                    logger.info("Snakemake ended with code %d, while %d trainings go on", code, len(found.trainings))
                    return code
            self._wait_for(lambda: self._look().trainings, "trainings that go on")
            if not self.request.dry:
                self._clean(Survey())
        logger.info("Snakemake goes on with what is left")
        return self._run()

    def _prepare(self) -> Survey:
        """Deal with what runs, and clean up; give the trainings that go on."""
        found = with_hopeless(self._look(), self.scheduler)
        self._tell(found)
        self._remove_stuck(found)
        if self.request.running == "stop":
            self._stop(found)
        if self.request.running in ("stop", "wait"):
            self._wait_for(lambda: self._look().jobs(), "jobs")
        else:
            self._wait_for(lambda: {job.job for job in self._look().others.values()}, "jobs that are no trainings")
        found = found if self.request.dry else self._look()
        left = found if self.request.running == "keep" else Survey()
        self._clean(left)
        self._failed(left)
        return left

    def _look(self) -> Survey:
        return survey(self.analysis, self.scheduler)

    def _tell(self, found: Survey) -> None:
        for what, jobs in (("trainings", found.trainings), ("other jobs", found.others)):
            if what == "other jobs":  # one may make many files
                jobs = {name: job for job, name in {job: name for name, job in jobs.items()}.items()}
            running = sum(job.running for job in jobs.values())
            logger.info("%s alive: %d (%d running, %d in the queue)", what, len(jobs), running, len(jobs) - running)
            for name, job in _first(jobs):
                logger.info("    %s: job %s %s", name, job.job, f"runs on {job.host}" if job.running else job.reason)

    def _remove_stuck(self, found: Survey) -> None:
        """Take jobs out of the queue that would never run; their work is submitted anew."""
        stuck = found.stuck()
        for name, job in stuck.items():
            logger.info("job %s is taken out of the queue, it would not run: %s", name, job.reason)
        if self.scheduler is not None and stuck and not self.request.dry:
            self.scheduler.remove(stuck)
            self._wait_for(lambda: stuck.keys() & self._look().jobs(), "jobs that were taken out")

    def _stop(self, found: Survey) -> None:
        for name, job in found.jobs().items():
            logger.info("job %s is stopped; trainings leave a checkpoint", name)
            if self.request.dry:
                continue
            if (process := process_of(job)) is not None:
                os.kill(process, signal.SIGTERM)
            elif self.scheduler is None or name.startswith("pid "):
                logger.warning("job %s runs on %s: it cannot be stopped from here", name, job.host)
        if self.scheduler is not None and not self.request.dry:
            self.scheduler.remove([name for name in found.jobs() if name and not name.startswith("pid ")])

    def _wait_for(self, look: Callable[[], Iterable[str]], what: str) -> None:
        """Wait until nothing is left; a scheduler that does not answer for a while is asked again."""
        before, silent = -1, ""
        while not self.request.dry or before < 0:
            try:
                left, silent = len(list(look())), ""
            except SilentSchedulerError as error:
                if error.line() != silent:
                    logger.warning("the queue does not answer, it is asked again: %s", error.line())
                left, silent = max(before, 1), error.line()
            if not left:
                return
            if left != before:
                logger.info("waiting for %d %s to end", left, what)
            before = left
            if self.request.until is not None and time.monotonic() >= self.request.until:
                raise SystemExit(TOLD_TO_END)
            if not self.request.dry:
                time.sleep(self.pause)

    def _busy(self, found: Survey) -> set[str]:
        """Return the manifests of the bundles of which a training goes on."""
        return {
            str(paths.manifest(self.analysis, task, bundle))
            for task in self.analysis.tasks
            for bundle, trainings in scan_bundles(self.analysis, task).items()
            if any(str(paths.training(self.analysis, task, *one) / RESULT) in found.trainings for one in trainings)
        }

    def _others_wait(self, busy: Container[str]) -> bool:
        """Say whether there is a training to do in a bundle that does not run yet."""
        return any(
            str(paths.manifest(self.analysis, task, bundle)) not in busy and lacking(self.analysis, task, trainings)
            for task in self.analysis.tasks
            for bundle, trainings in scan_bundles(self.analysis, task).items()
        )

    def _clean(self, alive: Survey) -> None:
        """Take away what killed drivers and jobs left behind."""
        if locks := leftovers.stale_locks(self.analysis):
            logger.info("Snakemake's lock of a driver that is gone is removed")
            if not self.request.dry:
                leftovers.remove_locks(locks)
        busy = {Path(output).parent for output in alive.trainings}
        for directory, entry in open_attempts(self.analysis).items():
            if directory in busy:
                continue
            attempt = entry.attempt
            if self.request.dry:
                logger.info("attempt %d of %s is closed: job %s is gone", attempt.attempt, directory, attempt.job)
            elif line := leftovers.settle(directory, entry, self.scheduler):
                logger.info("attempt %d of %s is closed: %s (%s)", line.attempt, directory, line.cause, line.detail)
        if left := leftovers.half_written(self.analysis, busy):
            count = len(left) if self.request.dry else leftovers.sweep_left(left)
            logger.info("half-written files of dead jobs are removed: %d", count)

    def _failed(self, alive: Survey) -> None:
        failed = [path for task in self.analysis.tasks for path in failed_runs(self.analysis, task)]
        failed = [path for path in failed if str(path / RESULT) not in alive.trainings]
        if not failed:
            return
        if self.request.failed:
            logger.info("trainings that failed for good, and are tried again: %d", len(failed))
        else:
            logger.info("trainings that failed for good, rows without a model: %d; --failed tries again", len(failed))
        for path in failed[:LISTED]:
            logger.info("    %s", path)
        if self.request.failed and not self.request.dry:
            for path in failed:
                (path / RESULT).unlink(missing_ok=True)

    def _run(self, without: Iterable[str] = ()) -> int:
        command = self.request.command(without)
        shown = " ".join(command if len(command) < 40 else [*command[:39], "..."])
        logger.info("snakemake %s", shown)
        if self.request.dry:
            return 0
        code = self.snakemake(command, driver_lock.descriptor(self.analysis.analysis))
        driver_lock.hold(self.analysis.analysis, NAME)  # Snakemake had put its own name there
        return code


def resume(analysis: Analysis, request: Request, begun: Callable[[], None] = lambda: None) -> int:
    """Go on with an analysis in the working directory; give the exit code of Snakemake.

    Parameters
    ----------
    analysis, request : Analysis, Request
        What is to be done.
    begun : callable
        Is called when this process has become the driver.

    Raises
    ------
    ConfigurationError
        If Snakemake's options contradict this.
    BusyError
        If a driver of the analysis lives.
    """
    refuse_contradictions(request.words, request.snakefile)
    profile = read_profile(request.profiles, request.snakefile)
    executor = given(request.words, ("--executor", "-e")) or executor_of(profile)
    scheduler = find_scheduler(executor)
    if scheduler is None and executor != "local":
        logger.warning("jetloom cannot ask '%s' which jobs still run: trainings are told by their locks", executor)
    run = partial(snakemake, until=request.until)
    return Resume(analysis, request, scheduler, seconds(profile), run, begun).go_on()


def refuse_contradictions(words: Iterable[str], snakefile: Path) -> None:
    """Refuse options of Snakemake that contradict going on, and a workflow that is not there.

    Raises
    ------
    ConfigurationError
        If there is such an option, or no such workflow.
    """
    for word in words:
        if word in ("--directory", "-d", "--nolock", "--unlock", "--dry-run", "-n"):
            raise ConfigurationError(
                "is no option of Snakemake here", where=word, advice="call `jetloom resume` where the analysis is"
            )
    if not snakefile.is_file():
        raise ConfigurationError("there is no such file", path=snakefile, advice="name it with --snakefile")


def _first(jobs: Mapping[str, QueuedJob]) -> list[tuple[str, QueuedJob]]:
    return sorted(jobs.items())[:LISTED]
