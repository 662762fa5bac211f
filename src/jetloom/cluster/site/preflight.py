"""A quick look before the first job of a run is submitted: what no job could do well under stops the run in one line.

It asks the scheduler a handful of questions, and no more if it does not answer: a silent scheduler is waited for by the
run itself. ``jetloom doctor`` looks longer and says more. ``JETLOOM_NO_PREFLIGHT=1`` goes without, for a site that this
look misjudges, as a pool that shows no GPU before one is asked for.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from jetloom.cluster.attempts import ceilings
from jetloom.cluster.attempts.asking import Asking
from jetloom.cluster.profiles.asked import Examined, by_jobs
from jetloom.cluster.profiles.sources import Sources, shown
from jetloom.cluster.schedulers import condor
from jetloom.cluster.schedulers.scheduler import SilentSchedulerError, call
from jetloom.cluster.site import checks_condor, checks_machine, checks_profile, checks_slurm, most_slurm
from jetloom.cluster.site.findings import Finding, Level, wrong
from jetloom.cluster.site.site_slurm import read_site
from jetloom.errors import ConfigurationError, JetloomError

WITHOUT = "JETLOOM_NO_PREFLIGHT"


def look_before_submission(workflow: Any, asks: Asking) -> None:
    """Look at the site, and end with one line and exit code 2 if jobs could not run.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        The workflow under way, in its ``onstart``.
    asks : Asking
        What its jobs ask for.
    """
    from snakemake_interface_executor_plugins.settings import ExecMode

    if workflow.exec_mode != ExecMode.DEFAULT or os.environ.get(WITHOUT):
        return
    executor = workflow.executor_plugin.name
    try:
        sources = Sources.read(profiles_of(sys.argv[1:]), sys.argv[1:])
    except JetloomError:  # Snakemake has read them, so they are there: its own words were better
        sources = Sources((), (), 0)
    asked = by_jobs(workflow, asks) if executor in ("slurm", "htcondor") else []
    config = " ".join(shown(Path(path)) for path in workflow.configfiles) or "the configuration"
    settings = {"slurm-status-command": getattr(workflow.executor_settings, "status_command", None)}
    examined = Examined(sources, asked, config)
    if (error := first_error(executor, examined, settings)) is not None:
        sys.stderr.write(f"jetloom: error: {error.line()}\n")
        sys.exit(int(error.exit_code))
    if asked and note_most(executor, examined):
        asks.forget()
        for job in workflow.dag.needrun_jobs():  # what they ask for may be less now than what has been worked out
            job.reset_params_and_resources()


def note_most(executor: str, examined: Examined) -> bool:
    """Write down the most that the site gives to jobs, where growth ends; say whether it is other than before."""
    try:
        if executor == "slurm":
            return ceilings.write(most_slurm.ceilings(read_site(), examined))
        return ceilings.write(checks_condor.ceilings(condor.read_slots(), examined))
    except SilentSchedulerError:
        return False


def first_error(executor: str, examined: Examined, settings: dict[str, Any] | None = None) -> JetloomError | None:
    """Return the first thing that stops jobs; None if there is nothing.

    Parameters
    ----------
    executor : str
        Name of Snakemake's executor.
    examined : Examined
        Profiles and what the jobs of the run ask for.
    settings : dict, optional
        Settings of the executor as they hold, whatever gave them.
    """
    looks = {"slurm": _slurm, "htcondor": _condor}
    findings = checks_machine.directory(Path())
    found = _wrong(findings)
    if found is None and executor in looks:
        found = _wrong(checks_profile.resources(examined.sources, executor))
    if found is None and examined.asked and executor in looks:
        with suppress(SilentSchedulerError):
            found = _wrong(looks[executor](examined, settings or {}))
    return None if found is None else ConfigurationError(found.words, where=found.what, advice=found.mend)


def profiles_of(words: Sequence[str]) -> list[str]:
    """Return the profiles that a command line of Snakemake names, or else its environment."""
    names: list[str] = []
    for word, following in itertools.pairwise([*words, ""]):
        if word == "--profile":
            names.append(following)
        elif word.startswith("--profile="):
            names.append(word.split("=", 1)[1])
    return names or list(filter(None, [os.environ.get("SNAKEMAKE_PROFILE", "")]))


def _wrong(findings: Iterable[Finding]) -> Finding | None:
    return next((finding for finding in findings if finding.level == Level.WRONG), None)


def _slurm(examined: Examined, settings: dict[str, Any]) -> Iterator[Finding]:
    yield from checks_slurm.commands()
    site = read_site()
    yield from checks_machine.private(Path(), site.hosts())
    yield from checks_slurm.partitions(site, examined)
    yield from checks_slurm.accounts(site, examined)
    yield from checks_slurm.quality(site, examined)
    yield from checks_slurm.limits(site, examined)
    yield from checks_slurm.gpus(site, examined)
    if settings.get("slurm-status-command") == "sacct":
        try:
            call(["sacct", "-X", "-n", "-S", "now", "-o", "JobID"], tries=1)
        except SilentSchedulerError as error:
            yield wrong("accounting", f"it does not answer ({error.cause[:120]}), and the driver is to ask it",
                        f"slurm-status-command: squeue; {examined.sources.where('slurm-status-command')}")  # fmt: skip


def _condor(examined: Examined, _: dict[str, Any]) -> Iterator[Finding]:
    yield from checks_condor.commands()
    try:
        call(["condor_q", "-totals"], tries=1)
    except SilentSchedulerError:
        yield from checks_condor.configured()
        raise
    yield from checks_condor.limits(examined)
    if wanting := [entry for entry in examined.asked if entry.gpus]:
        most = max(wanting, key=lambda entry: entry.gpus)
        if not condor.read_slots(f"TotalSlotGPUs >= {most.gpus}"):
            every = condor.read_slots("TotalSlotGPUs > 0")
            yield from checks_condor.fits(most, every or [condor.Slot(0, 0, 0)], examined)
