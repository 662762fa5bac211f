"""Snakemake as a child process: signals are passed on to it, and its exit code is given back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from jetloom.cluster.bundles.processes import die_with
from jetloom.cluster.driving import driver_lock

PASSED_ON = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1}


def snakemake(words: Sequence[str], lock: int | None = None, until: float | None = None) -> int:
    """Run Snakemake with the interpreter and the environment of this jetloom, and wait for its end.

    A signal that a person sends to this process goes on to Snakemake. What the terminal sends (Ctrl-C) reaches both by
    itself, and is not sent a second time.

    Parameters
    ----------
    words : sequence of str
        The options and targets.
    lock : int, optional
        The open file of the lock that says that this process drives the analysis: Snakemake takes it over.
    until : float, optional
        Time (of ``time.monotonic``) at which Snakemake is told to end. It is then told to also when this process dies.

    Returns
    -------
    int
        Its exit code; 128 and the signal's number if a signal ended it.
    """
    watched = PASSED_ON | {signal.SIGCHLD}
    # Jobs call `jetloom` by its name, which lies beside the interpreter.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path, **({} if lock is None else {driver_lock.INHERITED: str(lock)})}
    before, parent = signal.pthread_sigmask(signal.SIG_BLOCK, watched), os.getpid()

    def be_a_child() -> None:
        if until is not None:
            die_with(parent)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    try:
        child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "snakemake", *words],
            env=environment,
            pass_fds=[] if lock is None else [lock],
            preexec_fn=be_a_child,
        )
        while child.poll() is None:
            told = signal.sigtimedwait(watched, 1.0)
            if told is not None and told.si_signo in PASSED_ON and told.si_code <= 0:  # sent by a process
                child.send_signal(told.si_signo)
            if until is not None and time.monotonic() >= until:
                child.send_signal(signal.SIGTERM)
                until = None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    code = child.returncode
    return 128 - code if code < 0 else code
