"""One attempt of a training as its own process sees it: which job it is, and the line that it leaves in the ledger."""

from __future__ import annotations

import logging
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from jetloom.errors import BusyError, CheckpointedError, DiskFullError, ExitCode, JetloomError, OutOfTimeError
from jetloom.io.lock import exclusive
from jetloom.scan.attempts import interrupted, ledger
from jetloom.scan.attempts.identity import DRIVE, job_id
from jetloom.scan.attempts.ledger import Attempt, Cause
from jetloom.scan.result_file import read_result

logger = logging.getLogger(__name__)

EndBefore = Callable[[str], tuple[Cause, str] | None]
BEGAN = "JETLOOM_JOB_BEGAN"
"""Environment variable that tells a training when its job began, in seconds since 1970."""


def deadline(minutes: int | None, margin: float) -> float | None:
    """Return the time (of ``time.monotonic``) by which a job of so many minutes leaves its checkpoint.

    The job began before this process did, by a start of Snakemake or two: where nobody says when, the margin covers
    that as well. It is at most a quarter of the wall time, so that a short job does some work.
    """
    if not minutes:
        return None
    seconds = 60.0 * minutes
    try:
        gone = max(0.0, time.time() - float(os.environ[BEGAN]))
    except (KeyError, ValueError):
        gone = 0.0
    return time.monotonic() - gone + seconds - min(margin, seconds / 4)


@contextmanager
def recorded(
    directory: Path, memory: int | None, minutes: int | None, gpus: int | None, end_before: EndBefore = lambda _: None
) -> Iterator[None]:
    """Be the only attempt of a training, and leave a line in its ledger however this ends, unless by ``kill -9``.

    Parameters
    ----------
    directory : Path
        Of the training.
    memory, minutes, gpus : int or None
        What the job asked for, in MB and minutes.
    end_before : callable, optional
        Asks the scheduler why it began a job again; gives None if it does not say.

    Raises
    ------
    BusyError
        If another process works on this training. It has a line in the ledger, and nothing else is touched.
    """
    attempt = Attempt(
        attempt=len(ledger.read(directory / ledger.LEDGER)) + 1,
        memory_asked_mb=memory or 0,
        minutes_asked=minutes or 0,
        gpus_asked=gpus or 0,
        host=socket.gethostname(),
        job=job_id(),
        started=ledger.now(),
        drive=os.environ.get(DRIVE, ""),
    )
    started = time.monotonic()
    try:
        with exclusive(directory, "trains this point"):
            _settle_killed(directory, end_before)
            attempt = replace(attempt, attempt=len(ledger.read(directory / ledger.LEDGER)) + 1)
            done = _history(directory)
            ledger.begin(directory, attempt)
            try:
                yield
            except BaseException as error:
                try:
                    with _undisturbed():
                        _leave(directory, _used(attempt, started), error)
                except OSError as full:  # what ended the attempt matters more
                    logger.warning("the ledger cannot be written: %s", full)
                except DiskFullError as full:
                    logger.warning("%s", full.line())
                raise
            if done and done == _history(directory):
                # Another copy of the job did it all, or the dataset was made again and is the same: no attempt.
                ledger.forget(directory)
            else:
                ledger.close(directory, replace(_used(attempt, started), cause=_ended(directory)))
    except BusyError as error:
        ledger.append(
            directory / ledger.LEDGER, replace(attempt, cause=Cause.DUPLICATE, detail=error.line(), ended=ledger.now())
        )
        raise


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let signals wait: the batch system and the process above may both send the one that ended the attempt."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGUSR1})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _settle_killed(directory: Path, end_before: EndBefore) -> None:
    """Close the line of an attempt that was killed and that nobody closed: the same job, begun again, was preempted."""
    found = ledger.read_open(directory)
    if found is None:
        return
    again = found.attempt.job == job_id()
    told = end_before(found.attempt.job) if again else None
    if interrupted.by_person(found.attempt.drive, found.signal, told[0] if told else None):
        detail = "; ".join(filter(None, (found.attempt.detail, interrupted.WORDS)))
        ledger.settle(directory, Cause.INTERRUPTED, detail)
    elif told is not None:
        cause, words = told
        ledger.settle(directory, cause, "; ".join(filter(None, (found.attempt.detail, words))))
    elif found.signal or again:
        detail = f"{found.signal}: stopped" if found.signal else "the scheduler began the same job again"
        ledger.settle(directory, Cause.PREEMPTED, detail)
    else:
        ledger.settle(directory, Cause.BUG, "killed; no scheduler said why")


def _history(directory: Path) -> bytes:
    """Return the epochs, with the seconds that each took, of a training that is done; nothing of one that is not."""
    lines = [line for line in ledger.read(directory / ledger.LEDGER) if line.cause != Cause.DUPLICATE]
    if not lines or lines[-1].cause not in (Cause.DONE, Cause.DIVERGED):
        return b""
    try:
        return (directory / "history.csv").read_bytes()
    except FileNotFoundError:
        return b""


def _used(attempt: Attempt, started: float) -> Attempt:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return replace(
        attempt,
        memory_used_mb=round(peak, 1),
        wall_time_s=round(time.monotonic() - started, 1),
        ended=ledger.now(),
    )


def _ended(directory: Path) -> Cause:
    """Return the cause of an end without an error: the training is done, or its loss was no number."""
    return Cause.DIVERGED if read_result(directory).status == "diverged" else Cause.DONE


def _leave(directory: Path, attempt: Attempt, error: BaseException) -> None:
    """Leave the line of an attempt that ended by an error, or leave it open if the scheduler knows more."""
    if isinstance(error, OutOfTimeError):
        ledger.close(directory, replace(attempt, cause=Cause.OUT_OF_TIME, detail=error.cause))
    elif isinstance(error, CheckpointedError):
        ledger.leave_open(directory, replace(attempt, detail=error.cause), error.cause.split(":")[0])
    elif isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
        ledger.leave_open(directory, attempt, "SIGINT" if isinstance(error, KeyboardInterrupt) else "SIGTERM")
    else:
        code = error.exit_code if isinstance(error, JetloomError) else ExitCode.BUG
        code = ExitCode.MEMORY if isinstance(error, MemoryError) else code
        detail = error.line() if isinstance(error, JetloomError) else f"{type(error).__name__}: {error}"
        ledger.close(directory, replace(attempt, cause=ledger.BY_EXIT_CODE[code], detail=detail))
