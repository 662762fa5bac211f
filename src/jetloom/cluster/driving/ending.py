"""How a driver ends that is told to: within seconds, its jobs as they are, for ``jetloom resume`` to go on with.

At SIGTERM Snakemake waits for all jobs that run, which may take a day: by then whoever sent it has killed it. A driver
with jobs of a batch system ends at once instead, between two submissions, and leaves its jobs alone. One with jobs of
its own machine passes the signal on to them: trainings leave a checkpoint. At Ctrl-C Snakemake takes its jobs out of
the queue. That a person wanted it is noted, because the queue will only know that they were cancelled.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from jetloom.cluster.driving import driver_lock
from jetloom.scan.attempts import interrupted
from jetloom.scan.attempts.identity import DRIVE

logger = logging.getLogger("snakemake")

TOLD_TO_END = 128 + signal.SIGTERM
"""Exit code of a driver that ended because it was told to."""
PATIENCE = 10.0
"""Seconds that a submission under way may take: its job would be in the queue, and nobody would know whose it is."""


class Gate:
    """Lets submissions through, any number at a time, until it is shut."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside, self._shut = 0, False

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Submit something; whoever comes when the gate is shut waits for ever."""
        with self._changed:
            self._changed.wait_for(lambda: not self._shut)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def shut(self, patience: float) -> bool:
        """Let nothing more in, and wait until nothing is inside; say whether that came true in so many seconds."""
        with self._changed:
            self._shut = True
            return self._changed.wait_for(lambda: not self._inside, patience)


def end_when_told(workflow: Any, analysis: str, descendants: Callable[[int], Iterable[int]]) -> None:
    """Wrap what Snakemake's driver does at SIGTERM and at Ctrl-C.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow under way; this is its driver.
    analysis : str
        Its analysis.
    descendants : callable
        Gives the processes below one.
    """
    from snakemake.scheduling.job_scheduler import JobScheduler

    gate = Gate()
    if not workflow.local_exec:
        _watch_submissions(gate)
    patient = getattr(JobScheduler.exit_gracefully, "original", JobScheduler.exit_gracefully)

    def exit_gracefully(self: Any, *arguments: Any) -> None:
        # In a thread of its own: the handler of a signal may come while this thread holds what is needed here.
        if workflow.local_exec:
            tell(descendants(os.getpid()), signal.SIGTERM)
            threading.Thread(target=patient, args=(self, *arguments), daemon=True).start()
        else:
            threading.Thread(target=end, args=(len(self.running), gate, analysis), daemon=True).start()

    exit_gracefully.original = patient  # type: ignore[attr-defined]
    JobScheduler.exit_gracefully = exit_gracefully
    _note_interruptions()


def end(jobs: int, gate: Gate, analysis: str, leave: Callable[[int], None] = os._exit) -> None:
    """End this process, but not in the middle of a submission.

    Parameters
    ----------
    jobs : int
        How many are in the queue or run.
    gate : Gate
        Through which submissions go.
    analysis : str
        The analysis that this process drives.
    leave : callable
        Ends the process with a code, without a word to Snakemake, which would wait for its jobs.
    """
    if not gate.shut(PATIENCE):
        logger.warning(f"jetloom: a submission has taken {PATIENCE:.0f} s: what it made is not known here")
    words = f"its {jobs} jobs are left in the queue or running" if jobs else "no job of it is in the queue"
    logger.warning(f"jetloom: the driver was told to end (SIGTERM); {words}, and `jetloom resume` goes on")
    driver_lock.release(analysis)
    sys.stdout.flush()
    sys.stderr.flush()
    leave(TOLD_TO_END)


def tell(processes: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to some processes, of which some may be gone."""
    for process in list(processes):
        try:
            os.kill(process, number)
        except ProcessLookupError:
            continue


def _watch_submissions(gate: Gate) -> None:
    """Let all submissions of the executor plugins that are there go through a gate."""
    for name in ("slurm", "htcondor"):
        plugin: Any = sys.modules.get(f"snakemake_executor_plugin_{name}")
        for method in ("run_job", "run_array_jobs"):
            if plugin is not None and (submit := getattr(plugin.Executor, method, None)) is not None:
                setattr(plugin.Executor, method, _gated(gate, getattr(submit, "ungated", submit)))


def _gated(gate: Gate, submit: Callable[..., None]) -> Callable[..., None]:
    def gated(self: Any, jobs: Any) -> None:
        with gate.passed():
            submit(self, jobs)

    gated.ungated = submit  # type: ignore[attr-defined]
    gated.original = getattr(submit, "original", submit)  # type: ignore[attr-defined]
    return gated


def _note_interruptions() -> None:
    """Let a driver that a person interrupts (Ctrl-C) say so, before it takes its jobs out of the queue."""
    from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

    cancel = getattr(RemoteExecutor.cancel, "original", RemoteExecutor.cancel)

    def note_and_cancel(self: Any) -> None:
        if isinstance(sys.exc_info()[1], KeyboardInterrupt):
            interrupted.note(os.environ.get(DRIVE, ""))
        cancel(self)

    note_and_cancel.original = cancel  # type: ignore[attr-defined]
    RemoteExecutor.cancel = note_and_cancel
