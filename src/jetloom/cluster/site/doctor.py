"""A look at a site before the first submission: all checks, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from jetloom.cluster.profiles.asked import Examined, by_profile
from jetloom.cluster.profiles.profile import CHECKOUT, executor_of
from jetloom.cluster.profiles.sources import Sources
from jetloom.cluster.schedulers.scheduler import SilentSchedulerError
from jetloom.cluster.site import checks_condor, checks_machine, checks_profile, checks_slurm
from jetloom.cluster.site.findings import Finding, Level, ok, warning, wrong
from jetloom.cluster.site.probe import probe
from jetloom.cluster.site.site_slurm import read_site
from jetloom.cluster.site.written import profile_of
from jetloom.config.analysis import Analysis
from jetloom.errors import ConfigurationError
from jetloom.io.atomic import write_text


def examine(names: Sequence[str], analysis: Analysis, config: str, timeout: float | None = 120.0) -> Iterator[Finding]:
    """Look at a site, and say what was found as it is found.

    Parameters
    ----------
    names : sequence of str
        The profiles, by name or path, as after ``--profile``.
    analysis : Analysis
        The configuration.
    config : str
        Its file, to be named in advice.
    timeout : float, optional
        Seconds to wait for a probe job; None: none is sent.

    Raises
    ------
    MissingFileError, ConfigurationError
        If a profile is not there or cannot be read.
    """
    sources = Sources.read(names)
    examined = Examined(sources, by_profile(sources, analysis), config)
    yield from checks_machine.versions()
    yield from checks_profile.keys(sources, checks_profile.known_options())
    yield from checks_profile.resources(sources)
    yield from checks_profile.quirks(sources)
    yield from checks_profile.retries_in_rules(sorted((CHECKOUT / "rules").glob("*.smk")))
    sick = False
    for finding in checks_machine.directory(Path()):
        sick |= finding.level == Level.WRONG
        yield finding
    executor = executor_of(sources.merged)
    if executor == "local":
        yield from checks_machine.local(examined)
        return
    if executor not in ("slurm", "htcondor"):
        yield warning("executor", f"jetloom does not know how to ask '{executor}'", "it knows slurm and htcondor")
        return
    for finding in slurm(examined) if executor == "slurm" else htcondor(examined):
        sick |= finding.level == Level.WRONG
        yield finding
    if timeout is None:
        yield warning("probe job", "none was sent, so nobody knows whether jobs see this directory")
    elif sick:
        yield warning("probe job", "none was sent", "first mend what is WRONG")
    else:
        yield from probe(executor, examined, timeout)


def write(file: Path, names: Sequence[str], analysis: Analysis, config: str) -> None:
    """Write a profile of a site, to come after others.

    Raises
    ------
    ConfigurationError
        If the file is there, or the profiles choose no batch system that jetloom can ask.
    SilentSchedulerError
        If the batch system does not answer.
    """
    sources = Sources.read(names)
    executor = executor_of(sources.merged)
    if executor not in ("slurm", "htcondor"):
        raise ConfigurationError(
            f"there is nothing to write for '{executor}'", where="--write", advice="name --profile slurm or condor"
        )
    if file.exists():
        raise ConfigurationError("is there already", path=file, advice="name another file, or move it away")
    examined = Examined(sources, by_profile(sources, analysis), config)
    write_text(file, profile_of(executor, examined, str(file)))


def slurm(examined: Examined) -> Iterator[Finding]:
    """Look at a Slurm."""
    for finding in checks_slurm.commands():
        yield finding
        if finding.level == Level.WRONG:
            return
    try:
        site = read_site()
    except SilentSchedulerError as error:
        yield wrong("scheduler", f"Slurm does not answer ({error.line()[:200]})",
                    "try again later; if it stays so, ask its administrators")  # fmt: skip
        return
    version = site.settings.get("SLURM_VERSION", "of unknown version")
    yield ok("scheduler", f"Slurm {version} of cluster {site.settings.get('ClusterName', '?')} answers")
    yield from checks_slurm.accounting(site, examined)
    sick = False
    for look in (checks_slurm.partitions, checks_slurm.accounts, checks_slurm.quality, checks_slurm.limits,
                 checks_slurm.gpus):  # fmt: skip
        for finding in look(site, examined):
            sick |= finding.level == Level.WRONG
            yield finding
    if not sick:  # else Slurm would say the same again
        yield from checks_slurm.tried(examined)
    yield from checks_machine.private(Path(), site.hosts())


def htcondor(examined: Examined) -> Iterator[Finding]:
    """Look at an HTCondor pool."""
    sick = False
    for finding in checks_condor.commands():
        sick |= finding.what == "commands" and finding.level == Level.WRONG
        yield finding
    if sick:
        return
    yield from checks_condor.schedd(examined)
    yield from checks_condor.pool(examined)
