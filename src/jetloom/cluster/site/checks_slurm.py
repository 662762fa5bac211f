"""Whether a Slurm takes the jobs that profile and configuration ask for."""

from __future__ import annotations

import getpass
import shutil
from collections.abc import Iterator, Sequence
from math import inf

from jetloom.cluster.attempts.words import NEVER_TAKEN
from jetloom.cluster.profiles.asked import Asked, Examined, request_of, words_of
from jetloom.cluster.schedulers.scheduler import SilentSchedulerError, call
from jetloom.cluster.site.findings import Finding, ok, warning, wrong
from jetloom.cluster.site.site_slurm import Partition, SlurmSite, accounts_of, known_qos, minutes, states
from jetloom.errors import near_misses

NEEDED = ("sbatch", "squeue", "scontrol", "sinfo", "scancel")
LEAST_AGE = 120
"""Seconds for which squeue must know a job that ended."""


def commands() -> Iterator[Finding]:
    """Check that this is a machine from which jobs can be submitted."""
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        yield wrong(
            "commands",
            f"no Slurm on this machine: no {', '.join(missing)} on the PATH",
            "log in to a machine that submits jobs, load its module for Slurm, or run with --profile local",
        )
    else:
        yield ok("commands", f"{', '.join(NEEDED)} are here")


def partitions(site: SlurmSite, examined: Examined) -> Iterator[Finding]:
    """Check that the partitions exist, are up and have nodes."""
    by_name: dict[str, list[Asked]] = {}
    for entry in examined.asked:
        by_name.setdefault(entry.get("slurm_partition"), []).append(entry)
    for named, asked in by_name.items():
        where = examined.sources.where_resource(asked[0].rule, "slurm_partition")
        unknown = [name for name in named.split(",") if name and name not in site.partitions]
        if unknown:
            yield wrong("partition", f"no partition '{unknown[0]}' for {words_of(asked)}",
                        f"{near_misses(unknown[0], site.partitions)}; {where}")  # fmt: skip
            continue
        chosen = site.chosen(named)
        if not chosen:
            known = ", ".join(site.partitions)
            yield wrong("partition", "no partition is named, and there is no default one", f"{where} (known: {known})")
        elif down := [partition.name for partition in chosen if not partition.up]:
            yield wrong("partition", f"{', '.join(down)} takes no jobs now, its state is not UP", where)
        elif not any(node.usable for partition in chosen for node in partition.nodes):
            all_states = states(node for partition in chosen for node in partition.nodes) or "it has none"
            yield warning("partition", f"{named or chosen[0].name} has no usable node now ({all_states})", where)
        else:
            words = named or f"{chosen[0].name} (the default)"
            yield ok("partition", f"{words} for {words_of(asked)}: {_limits(chosen)}")


def limits(site: SlurmSite, examined: Examined) -> Iterator[Finding]:
    """Check that first and later requests fit into the partitions."""
    seen: set[object] = set()
    for entry in examined.asked:
        named = entry.get("slurm_partition")
        key = (request_of(entry.rule), entry.memory, entry.minutes, entry.threads, named)
        if (chosen := site.chosen(named)) and key not in seen:
            seen.add(key)
            yield from _fits(entry, chosen, examined)
        if (names := tuple(partition.name for partition in chosen)) and names not in seen:
            seen.add(names)
            same = [other for other in examined.asked if site.chosen(other.get("slurm_partition")) == chosen]
            yield from _grows(same, chosen)


def _fits(entry: Asked, chosen: Sequence[Partition], examined: Examined) -> Iterator[Finding]:
    name = " or ".join(partition.name for partition in chosen)
    longest = max(partition.max_minutes for partition in chosen)
    largest = max(partition.memory for partition in chosen)
    cpus = max(partition.cpus for partition in chosen)
    stage = f"cluster.stages.{request_of(entry.rule)}"
    partition = f"or another slurm_partition: {examined.sources.where_resource(entry.rule, 'slurm_partition')}"
    if entry.minutes > longest:
        yield wrong("limits", f"{entry.rule} asks for {entry.minutes} minutes, {name} allows {longest:.0f}",
                    f"{stage}.minutes: {longest:.0f} in {examined.config}, {partition}")  # fmt: skip
    if entry.memory > largest:
        yield wrong("limits", f"{entry.rule} asks for {entry.memory} MB, {name} allows {largest:.0f}",
                    f"{stage}.memory: {largest:.0f} in {examined.config}, {partition}")  # fmt: skip
    if cpus and entry.threads > cpus:
        yield wrong("limits", f"{entry.rule} asks for {entry.threads} CPUs, no node of {name} has more than {cpus}",
                    f"tasks.{entry.task}.training.threads in {examined.config}")  # fmt: skip


def _grows(asked: Sequence[Asked], chosen: Sequence[Partition]) -> Iterator[Finding]:
    """Say where growth ends; of what is too large already, the first request says so."""
    name = " or ".join(partition.name for partition in chosen)
    longest = max(partition.max_minutes for partition in chosen)
    largest = max(partition.memory for partition in chosen)
    minutes_limit = max((entry.minutes_limit for entry in asked if entry.minutes <= longest), default=0)
    memory_limit = max((entry.memory_limit for entry in asked if entry.memory <= largest), default=0)
    if minutes_limit > longest:
        yield ok("limits", f"jobs may grow to {minutes_limit} minutes: that ends at {longest:.0f}, the most in {name}; "
                 "a training goes on from its checkpoint")  # fmt: skip
    if memory_limit > largest:
        yield ok("limits", f"jobs may grow to {memory_limit} MB: that ends at {largest:.0f}, the most in {name}")


def gpus(site: SlurmSite, examined: Examined) -> Iterator[Finding]:
    """Check that there are GPUs where they are asked, and that they are asked for in the site's way."""
    for entry in examined.asked:
        chosen = site.chosen(entry.get("slurm_partition"))
        if entry.gpus == 0 or not chosen:
            continue
        words = f"{entry.rule} of {entry.task} asks for {entry.gpus} GPU" + ("s" if entry.gpus > 1 else "")
        model = entry.get("gpu_model") or _model(entry.get("gres"))
        name = " or ".join(partition.name for partition in chosen)
        if max(partition.gpus(model) for partition in chosen) < entry.gpus:
            yield wrong("GPU", f"{words}{f' {model}' if model else ''}, partition {name} "
                        f"{_has(chosen)}", _elsewhere(site, entry, model, examined))  # fmt: skip
        elif entry.others.get("gpu") and site.settings.get("SelectType", "select/cons_tres") != "select/cons_tres":
            yield wrong("GPU", f"this Slurm ({site.settings['SelectType']}) does not know --gpus",
                        f"'gpu=0' and 'gres=gpu:{entry.gpus}' for train under set-resources in "
                        f"{examined.sources.site}")  # fmt: skip
        else:
            yield ok("GPU", f"{words}, partition {name} {_has(chosen)}")


def _model(gres: str) -> str:
    words = gres.split(":")
    return words[1] if len(words) == 3 else ""


def _has(chosen: Sequence[Partition]) -> str:
    kinds = ", ".join(filter(None, (partition.gres() for partition in chosen)))
    return f"has {kinds}" if kinds else "has none"


def _elsewhere(site: SlurmSite, entry: Asked, model: str, examined: Examined) -> str:
    where = examined.sources.where_resource(entry.rule, "slurm_partition")
    fitting = [p for p in site.partitions.values() if p.up and p.gpus(model) >= entry.gpus]
    if fitting:
        named = ", ".join(f"{partition.name} ({partition.gres()})" for partition in fitting)
        return f"these have: {named}; 'train:slurm_partition={fitting[0].name}' under set-resources, now: {where}"
    if model and any(partition.gpus() >= entry.gpus for partition in site.partitions.values()):
        kinds = ", ".join(sorted({p.gres() for p in site.partitions.values() if p.gpus()}))
        which = "gpu_model" if entry.get("gpu_model") else "gres"
        return f"this Slurm has {kinds}; {examined.sources.where_resource(entry.rule, which)}"
    most = max((partition.gpus() for partition in site.partitions.values()), default=0)
    if most:
        return f"no node has more than {most}: cluster.gpus in {examined.config}"
    return f"this Slurm has none: tasks.{entry.task}.training.device: cpu in {examined.config}"


def accounts(site: SlurmSite, examined: Examined) -> Iterator[Finding]:
    """Check the accounts that are named; without one, that none is needed."""
    user = getpass.getuser()
    named = {name: entry for entry in examined.asked
             for name in entry.get("slurm_account").replace(",", " ").split()}  # fmt: skip
    known = accounts_of(user) if named or site.enforces("associations") else None
    for name, entry in named.items():
        where = examined.sources.where_resource(entry.rule, "slurm_account")
        if not known:
            yield warning("account", f"nobody says whether '{name}' is an account of {user}", where)
        elif name.lower() not in known:
            yield wrong("account", f"'{name}' is no account of {user}", f"{near_misses(name, known)}; {where}")
        else:
            yield ok("account", f"{name} is an account of {user}")
        for partition in site.chosen(entry.get("slurm_partition")):
            if partition.accounts and name.lower() not in map(str.lower, partition.accounts):
                yield wrong("account", f"partition {partition.name} does not take '{name}', only "
                            f"{', '.join(partition.accounts)}", where)  # fmt: skip
    if named:
        return
    if known == {}:
        yield wrong("account", f"{user} has no account here, and this Slurm asks for one",
                    "ask its administrators for one")  # fmt: skip
    else:
        yield ok("account", "none is named: Slurm takes the user's default one")


def quality(site: SlurmSite, examined: Examined) -> Iterator[Finding]:
    """Check the QOS that are named."""
    setting = str(examined.sources.merged.get("slurm-qos") or "")
    named = {entry.get("qos"): entry for entry in examined.asked if entry.get("qos")}
    if setting:
        named[setting] = Asked("", minutes=max((entry.minutes for entry in examined.asked), default=0))
    known = known_qos() if named else None
    for name, entry in named.items():
        where = (
            examined.sources.where_resource(entry.rule, "qos") if entry.rule else examined.sources.where("slurm-qos")
        )
        if known is None:
            yield warning("QOS", f"nobody says whether there is a QOS '{name}'", where)
        elif name not in known:
            kind = wrong if site.enforces("qos") or site.enforces("limits") else warning
            yield kind("QOS", f"there is no QOS '{name}'", f"{near_misses(name, known)}; {where}")
        elif entry.minutes > known[name]:
            yield wrong("QOS", f"'{name}' allows {known[name]:.0f} minutes, {entry.minutes} are asked for",
                        f"cluster.stages.*.minutes in {examined.config}, or {where}")  # fmt: skip
        else:
            yield ok("QOS", f"{name} exists")


def accounting(site: SlurmSite, examined: Examined) -> Iterator[Finding]:
    """Check who tells the driver how its jobs are: accounting, or the controller for long enough."""
    settings = examined.sources.merged
    command = str(settings.get("slurm-status-command") or "sacct")
    where = examined.sources.where("slurm-status-command")
    try:
        call(["sacct", "-X", "-n", "-S", "now", "-o", "JobID"], tries=1)
    except SilentSchedulerError as error:
        if command == "sacct":
            yield wrong(
                "accounting", f"it does not answer ({error.cause[:120]})", f"slurm-status-command: squeue; {where}"
            )
            return
        yield warning("accounting", "it does not answer: how much memory killed jobs used stays unknown, and so do "
                      "jobs that squeue has forgotten", "runs go on all the same")  # fmt: skip
        answers = False
    else:
        yield ok("accounting", "it answers")
        answers = True
    age = _seconds(site.settings.get("MinJobAge", ""))
    if command == "squeue" and age < LEAST_AGE:
        words = f"squeue forgets jobs {age:.0f} s after their end (MinJobAge), {LEAST_AGE} s are needed"
        if answers:
            yield warning("job age", words, f"slurm-status-command: sacct; {where}")
        else:
            yield wrong("job age", words, "ask the administrators for MinJobAge=300 or for accounting")
    elif command == "squeue":
        yield ok("job age", f"squeue knows jobs for {age:.0f} s after their end")


def tried(examined: Examined) -> Iterator[Finding]:
    """Ask Slurm itself whether it would take each kind of job, without submitting any."""
    seen: dict[tuple[str, ...], Asked] = {}
    for entry in examined.asked:
        seen.setdefault(tuple(options(entry, examined)), entry)
    refused = 0
    for words, entry in seen.items():
        try:
            call(["sbatch", "--test-only", *words, "--wrap", "true"], tries=1)
        except SilentSchedulerError as error:
            refused += 1
            kind = wrong if NEVER_TAKEN.search(error.cause) else warning
            yield kind("trial", f"Slurm would not take a job of {entry.rule}: {error.cause[:200]}",
                       f"it was asked with {' '.join(words)}")  # fmt: skip
    if not refused:
        yield ok("trial", f"Slurm would take all {len(seen)} kinds of jobs (sbatch --test-only)")


def options(entry: Asked, examined: Examined) -> list[str]:
    """Return the options of ``sbatch`` that Snakemake's plugin makes of a request."""
    named = [("slurm_partition", "--partition"), ("slurm_account", "--account"), ("qos", "--qos"),
             ("constraint", "--constraint"), ("gres", "--gres")]  # fmt: skip
    words = [f"{option}={entry.get(name)}" for name, option in named if entry.get(name)]
    if qos := examined.sources.merged.get("slurm-qos"):
        words.append(f"--qos={qos}")
    if reservation := examined.sources.merged.get("slurm-reservation"):
        words.append(f"--reservation={reservation}")
    if entry.others.get("gpu") or entry.get("gpu_model"):
        words.append(f"--gpus={':'.join(filter(None, (entry.get('gpu_model'), str(entry.others.get('gpu') or 1))))}")
    if entry.memory:
        words.append(f"--mem={entry.memory}")
    if entry.minutes:
        words.append(f"--time={entry.minutes}")
    return [*words, f"--cpus-per-task={entry.threads}", *entry.get("slurm_extra").split()]


def _limits(chosen: Sequence[Partition]) -> str:
    parts = []
    for partition in chosen:
        time = "any time" if partition.max_minutes == inf else f"{partition.max_minutes:.0f} minutes"
        count = len(partition.nodes)
        parts.append(f"{count} node{'s' if count != 1 else ''}, {time}, {partition.memory:.0f} MB")
    return " or ".join(parts)


def _seconds(text: str) -> float:
    words = text.split()
    if not words or not words[0].isdigit():
        return minutes(text) * 60
    return float(words[0])
