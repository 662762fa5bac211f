"""Whether this machine, the working directory and the installed versions are what a run needs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from jetloom.cluster.profiles.asked import Asked, Examined
from jetloom.cluster.site.findings import Finding, ok, warning, wrong

LITTLE = 5e9
"""Bytes of free space below which somebody should know."""
OWN_TO_A_MACHINE = {"tmpfs", "ramfs", "devtmpfs"}


def directory(place: Path) -> Iterator[Finding]:
    """Check that results can be written."""
    try:
        with tempfile.TemporaryFile(dir=_nearest(place)):
            pass
    except OSError as error:
        yield wrong("directory", f"{place.resolve()} cannot be written ({os.strerror(error.errno or 0)})",
                    "start in a directory of your own, or name one with --directory")  # fmt: skip
        return
    free = shutil.disk_usage(_nearest(place)).free
    if free < LITTLE:
        yield warning("directory", f"only {free / 1e9:.1f} GB are free in {place.resolve()}",
                      "make room, or name another one with --directory")  # fmt: skip
    else:
        yield ok("directory", f"{place.resolve()} can be written, {free / 1e9:.0f} GB are free")


def private(place: Path, hosts: set[str]) -> Iterator[Finding]:
    """Look for a directory that no other machine can see; whether one is shared, only a job can tell."""
    import socket

    if not hosts - {socket.gethostname(), socket.gethostname().split(".")[0]}:
        return
    resolved = place.resolve()
    kind = file_system(resolved)
    if kind in OWN_TO_A_MACHINE or resolved.is_relative_to("/tmp") or resolved.is_relative_to("/var/tmp"):  # noqa: S108
        yield wrong("directory", f"{resolved} ({kind}) is this machine's own, jobs on others do not see it",
                    "start in a directory of a shared file system, or name one with --directory")  # fmt: skip


def file_system(place: Path) -> str:
    """Return the kind of the file system of a path, as the kernel names it; "" if it does not."""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    found = {line.split()[1]: line.split()[2] for line in lines if line.count(" ") >= 2}
    holding = [mount for mount in found if place.is_relative_to(mount)]
    return found[max(holding, key=len)] if holding else ""


def versions() -> Iterator[Finding]:
    """Check Snakemake and its plugins against what jetloom asks for."""
    from importlib.metadata import PackageNotFoundError, requires, version

    from packaging.requirements import Requirement

    found = []
    for text in requires("jetloom") or []:
        requirement = Requirement(text)
        if not requirement.name.startswith("snakemake") or (requirement.marker and not requirement.marker.evaluate()):
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            yield wrong("versions", f"{requirement.name} is not installed", "set up the environment again: make setup")
            continue
        found.append(f"{requirement.name.replace('snakemake-executor-plugin-', '')} {installed}")
        if not requirement.specifier.contains(installed, prereleases=True):
            yield wrong("versions", f"{requirement.name} {installed} is not {requirement.specifier}",
                        "set up the environment again: make setup")  # fmt: skip
    yield ok("versions", ", ".join(found))


def local(examined: Examined) -> Iterator[Finding]:
    """Check the memory and the cores of this machine against what jobs ask for."""
    memory, cores = machine_memory(), len(os.sched_getaffinity(0))
    largest: Asked = max(examined.asked, key=lambda entry: entry.memory)
    at_once = _cores(examined.sources.merged.get("cores"), cores)
    where = f"cluster.stages.* in {examined.config}"
    if largest.memory > memory:
        yield wrong("memory", f"{largest.rule} asks for {largest.memory} MB, this machine has {memory:.0f}", where)
    elif at_once * largest.memory > memory:
        yield warning("memory", f"{at_once} jobs at a time may need {at_once * largest.memory} MB ({largest.rule}), "
                      f"this machine has {memory:.0f}",
                      f"'resources: [mem_mb={0.9 * memory:.0f}]' in {examined.sources.site}")  # fmt: skip
    else:
        yield ok("memory", f"{at_once} jobs at a time of up to {largest.memory} MB fit into {memory:.0f} MB")
    if at_once > cores:
        yield warning("cores", f"{at_once} are wanted, this machine has {cores}", examined.sources.where("cores"))
    for entry in examined.asked:
        if entry.gpus and not Path("/dev/nvidia0").exists():
            yield warning("GPU", f"{entry.rule} of {entry.task} wants one, this machine shows none",
                          f"tasks.{entry.task}.training.device in {examined.config}")  # fmt: skip
            break


def machine_memory() -> float:
    """Return the memory of this machine in MB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20


def _cores(wanted: object, there: int) -> int:
    return wanted if isinstance(wanted, int) else there


def _nearest(place: Path) -> Path:
    """Return a directory, or the one above in which it would be made."""
    return next(path for path in (place.resolve(), *place.resolve().parents) if path.is_dir())
