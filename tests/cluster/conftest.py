"""Recorded answers of batch systems, behind commands on the PATH."""

import json
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from jetloom.cluster.schedulers import scheduler

HERE = Path(__file__).parent


class Site:
    """A batch system that has one recording to tell."""

    def __init__(self, directory):
        self.directory = directory
        self.recording = directory / "recording"

    def has(self, text, commands, **site):
        """Let commands answer from a recording; those that are not named are not on the PATH."""
        self.recording.write_text(text)
        for old in (self.directory / "bin").iterdir():
            old.unlink()
        for command in commands:
            words = [sys.executable, "-ISs", str(HERE / "shims.py"), command, str(self.recording), json.dumps(site)]
            script = self.directory / "bin" / command
            script.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
            script.chmod(0o755)

    def slurm(self, case, accounting=True, log=True, change=(), **site):
        """Have a recording of Slurm.

        Parameters
        ----------
        case : str
            The recording.
        accounting : bool
            Whether there is ``sacct``.
        log : bool
            Whether the job's own output can be read here.
        change : tuple of two str
            What is put instead of what, for states that were not to be had for real.
        """
        text = (HERE / "recorded" / "slurm" / f"{case}.txt").read_text()
        if change:
            assert change[0] in text
            text = text.replace(*change)
        text, _, written = text.partition("$ log\n")
        output = self.directory / "job.log"
        if log:
            output.write_text(written)
            text = text.replace("StdOut=/home/user/run", f"StdOut={output} Was=")
        self.has(text, ["scontrol", "squeue", "scancel", *(["sacct"] if accounting else [])], **site)

    def condor(self, case, **site):
        """Have a recording of HTCondor, or a description of a job."""
        if isinstance(case, str):
            case = json.loads((HERE / "recorded" / "condor" / f"{case}.json").read_text())
        self.has(json.dumps(case), ["condor_q", "condor_history", "condor_rm"], **site)

    def calls(self):
        """Return the commands that were run, with their options."""
        path = self.recording.with_suffix(".calls")
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def site(tmp_path, monkeypatch):
    directory = tmp_path / "site"
    (directory / "bin").mkdir(parents=True)
    monkeypatch.setenv("PATH", str(directory / "bin"))
    monkeypatch.setattr(scheduler, "time", SimpleNamespace(sleep=lambda _: None))
    return Site(directory)
