"""Whether an HTCondor pool takes the jobs that profile and configuration ask for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence

from jetloom.cluster.attempts.ceilings import Ceiling
from jetloom.cluster.profiles.asked import Asked, Examined, request_of
from jetloom.cluster.schedulers.condor import Slot, read_slots
from jetloom.cluster.schedulers.scheduler import SilentSchedulerError, call
from jetloom.cluster.site.findings import Finding, ok, warning, wrong

NEEDED = ("condor_q", "condor_history", "condor_rm", "condor_status", "condor_submit", "condor_config_val")

NO_CONFIGURATION = ("/dev/null", "ONLY_ENV")
"""What HTCondor's Python bindings set CONDOR_CONFIG to where they find none."""


def commands() -> Iterator[Finding]:
    """Check that this is a machine, and a user, from which jobs can be submitted."""
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        yield wrong(
            "commands",
            f"no HTCondor on this machine: no {', '.join(missing)} on the PATH",
            "log in to a machine that submits jobs, or run with --profile local",
        )
    else:
        yield ok("commands", f"{', '.join(NEEDED)} are here")
    if os.geteuid() == 0:
        yield wrong("user", "you are root, and HTCondor refuses jobs of root", "log in as an ordinary user")


def configured() -> Iterator[Finding]:
    """Check that HTCondor finds its configuration, without which its commands end in silence."""
    found = os.environ.get("CONDOR_CONFIG") not in NO_CONFIGURATION
    if found:
        try:
            call(["condor_config_val", "COLLECTOR_HOST"], tries=1)
        except SilentSchedulerError as error:
            found = not ("CONDOR_CONFIG" in error.cause or error.cause.startswith("exit code"))
    if not found:
        yield wrong("queue", "HTCondor finds no configuration", "set CONDOR_CONFIG as this site's guide says")


def schedd(examined: Examined) -> Iterator[Finding]:
    """Check that the queue answers, and so does its history."""
    try:
        call(["condor_q", "-totals"], tries=1)
    except SilentSchedulerError as error:
        if not (unconfigured := list(configured())):
            yield wrong("queue", f"no schedd answers ({error.cause[:120]})",
                        "log in to a machine with a schedd, or name one with _CONDOR_SCHEDD_HOST")  # fmt: skip
        yield from unconfigured
        return
    yield ok("queue", "the schedd answers")
    try:
        call(["condor_history", "-limit", "1", "-af", "ClusterId"], tries=1)
    except SilentSchedulerError as error:
        yield warning("history", f"condor_history does not answer ({error.cause[:120]}): why a job left the queue, and "
                      "its memory, stay unknown")  # fmt: skip
    else:
        yield ok("history", "condor_history answers")
    yield from limits(examined)


def limits(examined: Examined) -> Iterator[Finding]:
    """Check what the submitting side's own settings forbid."""
    getenv = examined.sources.default_resources().get("getenv")
    if getenv and setting("SUBMIT_ALLOW_GETENV").lower() == "false":
        yield wrong("environment", "this pool forbids getenv=True (SUBMIT_ALLOW_GETENV)",
                    "'environment=PATH=...' in its place; "
                    f"{examined.sources.where('default-resources', 'getenv')}")  # fmt: skip
    jobs = examined.sources.merged.get("jobs")
    for name in ("MAX_JOBS_PER_OWNER", "MAX_JOBS_SUBMITTED"):
        value = setting(name)
        if value.isdigit() and isinstance(jobs, int) and jobs > int(value):
            yield warning("limits", f"{jobs} jobs at a time are wanted, this queue takes {value} ({name})",
                          f"jobs: {value}; {examined.sources.where('jobs')}")  # fmt: skip


def pool(examined: Examined) -> Iterator[Finding]:
    """Check that there are slots, and that the requests fit into one."""
    try:
        slots = read_slots()
    except SilentSchedulerError as error:
        yield warning("pool", f"condor_status does not answer ({error.cause[:120]})")
        return
    if not slots:
        yield warning("pool", "it shows no slots now", "if it does not grow on demand, ask its administrators")
        return
    yield ok("pool", f"{len(slots)} slots, up to {max(slot.cpus for slot in slots)} CPUs, "
             f"{max(slot.memory for slot in slots)} MB, {max(slot.gpus for slot in slots)} GPUs")  # fmt: skip
    seen = set()
    for entry in examined.asked:
        key = (request_of(entry.rule), entry.memory, entry.gpus, entry.threads)
        if key not in seen:
            seen.add(key)
            yield from fits(entry, slots, examined)


def ceilings(slots: Sequence[Slot], examined: Examined) -> dict[tuple[str, str], Ceiling]:
    """Return the most for the jobs of each rule and task; no slot that is shown now says nothing."""
    found = {}
    for entry in examined.asked:
        kind = "the pool's largest slot with GPUs" if entry.gpus else "the pool's largest slot"
        if memory := max((slot.memory for slot in slots if slot.gpus >= entry.gpus), default=0):
            found[entry.rule, entry.task] = Ceiling(memory=memory, memory_of=kind)
    return found


def fits(entry: Asked, slots: Sequence[Slot], examined: Examined) -> Iterator[Finding]:
    """Check that a request, and what it may grow to, fits into a slot."""
    most = max(slot.gpus for slot in slots)
    if entry.gpus > most:
        device = f"tasks.{entry.task}.training.device: cpu" if most == 0 else f"cluster.gpus: {most}"
        yield wrong("GPU", f"{entry.rule} of {entry.task} asks for {entry.gpus}, no slot of the pool has more than "
                    f"{most}", f"{device} in {examined.config}")  # fmt: skip
        return
    fitting = [slot for slot in slots if slot.gpus >= entry.gpus]
    if entry.gpus:
        yield ok("GPU", f"{entry.rule} of {entry.task} asks for {entry.gpus}, {len(fitting)} slots have as many")
    largest = max(slot.memory for slot in fitting)
    kind = "slot" if not entry.gpus else "slot with GPUs"
    if entry.memory > largest:
        yield wrong("limits", f"{entry.rule} asks for {entry.memory} MB, no {kind} has more than {largest}",
                    f"cluster.stages.{request_of(entry.rule)}.memory in {examined.config}")  # fmt: skip
    elif entry.memory_limit > largest:
        grows = f"{entry.rule} may grow to {entry.memory_limit} MB"
        yield ok("limits", f"{grows}: that ends at {largest}, no {kind} has more")
    if entry.threads > max(slot.cpus for slot in fitting):
        yield wrong("limits", f"{entry.rule} asks for {entry.threads} CPUs, no {kind} has as many",
                    f"tasks.{entry.task}.training.threads in {examined.config}")  # fmt: skip


def setting(name: str) -> str:
    """Return a setting of HTCondor on this machine; "" if it has none."""
    try:
        return call(["condor_config_val", name], tries=1).strip()
    except SilentSchedulerError:
        return ""
